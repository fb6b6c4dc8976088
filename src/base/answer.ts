import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What pages and probes of ours say: a status, the type of the body, and the body itself. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** Answers a request for good; without the body, where it asks for none. Nobody is to keep it, unless `headers` say so. */
export function answer(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, type, body }: Answer,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}
