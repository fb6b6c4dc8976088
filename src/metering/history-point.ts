import type { CloseCategory } from './close-category.ts';

/** What happened on this node in a stretch of time. */
export interface HistoryPoint {
  /** Where it begins, in milliseconds since 1970. */
  readonly at: number;
  /** The most connections at a time. */
  readonly clients: number;
  readonly servers: number;
  /** Billed messages, to clients and app servers. */
  readonly billed: number;
  readonly messagesFromClients: number;
  readonly messagesToClients: number;
  /** From clients and app servers. */
  readonly bytesIn: number;
  /** To clients and app servers. */
  readonly bytesOut: number;
  /** Milliseconds that messages took through the service, by percentile; null where none were measured. */
  readonly latency: { readonly p50: number; readonly p99: number } | null;
  /** Percent, as the metrics of these names. */
  readonly serverLoad: number;
  readonly userErrors: number;
  readonly systemErrors: number;
  /** Clients whose connections ended, by why; without those of which there were none. */
  readonly closed: Readonly<Partial<Record<CloseCategory, number>>>;
  /** Billed messages of the busiest hubs, by name. */
  readonly hubs: Readonly<Record<string, number>>;
}
