import type { ConnectionRequest } from '../transport/connection.ts';
import { cookiesOf } from '../transport/cookies.ts';
import type { Feature, Features } from '../transport/features.ts';

export interface MemoryRequestOptions {
  /** Path and query. Default `/`. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  /** Each feature with its value. Default: none. */
  readonly features?: readonly (readonly [Feature<unknown>, unknown])[];
}

/** The request of a connection that was none: for a `MemoryConnection`, and for tests of `authenticate` and `authorize`. */
export function memoryRequest(options: MemoryRequestOptions = {}): ConnectionRequest {
  const values = new Map<unknown, unknown>(options.features);
  const features: Features = { get: <Value>(feature: Feature<Value>) => values.get(feature) as Value | undefined };
  const headers = new Headers(options.headers);
  return {
    url: new URL(options.url ?? '/', 'http://localhost'),
    headers,
    cookies: cookiesOf(headers.get('cookie') ?? ''),
    remoteAddress: options.remoteAddress,
    remotePort: options.remotePort,
    features,
  };
}
