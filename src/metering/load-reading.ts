export interface LoadReading {
  readonly serverLoad: number;
  readonly latency: { readonly p50: number; readonly p99: number } | null;
  readonly userErrors: number;
  readonly systemErrors: number;
}
