import type { ServiceMessageOf } from '../protocol/service/messages.ts';
import type { ConnectionRequest, TransportName } from '../transport/connection.ts';
import { cookiesOf } from '../transport/cookies.ts';
import { noFeatures, type Features } from '../transport/features.ts';

type Opening = ServiceMessageOf<'openConnection'>;

const HOST = /^[\w.\-:[\]]+$/;

/** Where in the query the path stands that the client negotiated at. */
const PATH = 'asrs.op';

/** The first value of a header, whose name is known in any case. */
export function headerOf(headers: Opening['headers'], name: string): string | undefined {
  for (const [key, values] of headers) if (key.toLowerCase() === name) return values[0];
  return undefined;
}

/** The path that a client negotiated at, as its own request names it. */
export function negotiatedPath(query: string): string | undefined {
  return new URLSearchParams(query).get(PATH) ?? undefined;
}

/** Said by our service alone. */
const TRANSPORT = 'asrs-client-transport';
const transports: readonly string[] = ['webSockets', 'serverSentEvents', 'longPolling'] satisfies readonly TransportName[];

/** What a client came to the service by. Where the service does not say so, it is taken for the one that needs the most care: a WebSocket is pinged. */
export function transportOf(headers: Opening['headers']): TransportName {
  const name = headerOf(headers, TRANSPORT) ?? '';
  return transports.includes(name) ? (name as TransportName) : 'webSockets';
}

/**
 * The request by which a client came to the service: its headers and its query. The path is the one that it negotiated at, and the sender
 * the one that the service says it had.
 */
export class RelayedRequest implements ConnectionRequest {
  readonly remotePort = undefined;
  readonly #headers: Opening['headers'];
  readonly #query: string;

  constructor({ headers, queryString }: Pick<Opening, 'headers' | 'queryString'>) {
    this.#headers = headers;
    this.#query = queryString ?? '';
  }

  get url(): URL {
    const host = headerOf(this.#headers, 'host');
    const path = negotiatedPath(this.#query) ?? '/';
    const origin = `http://${host !== undefined && HOST.test(host) && URL.canParse(`http://${host}`) ? host : 'localhost'}`;
    const url = new URL(origin);
    url.pathname = path;
    url.search = this.#query;
    return url;
  }

  get headers(): Headers {
    const headers = new Headers();
    for (const [name, values] of this.#headers) for (const value of values) append(headers, name, value);
    return headers;
  }

  get cookies(): ReadonlyMap<string, string> {
    return cookiesOf(headerOf(this.#headers, 'cookie') ?? '');
  }

  get remoteAddress(): string | undefined {
    const [first = ''] = headerOf(this.#headers, 'x-forwarded-for')?.split(',') ?? [];
    return first.trim() === '' ? undefined : first.trim();
  }

  get features(): Features {
    return noFeatures;
  }
}

/** What the service took for a header need not be one here. */
function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    // It is left out.
  }
}
