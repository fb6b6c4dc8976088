import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TransportName } from './connection.ts';

/** A whole HTTP answer. An empty body is sent with its length, others in chunks, as the reference server does. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

const text = { 'Content-Type': 'text/plain' };
const emptyText = { ...text, 'Content-Length': 0 };
const empty = { 'Content-Length': 0 };

/** Sent with every answer to a plain GET, so that nothing between us and the client keeps a poll. */
export const noCache: Answer['headers'] = {
  'Cache-Control': 'no-cache, no-store',
  Expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
  Pragma: 'no-cache',
};

/** The answers of the reference server (measured on ASP.NET Core 10.0.12), with the `Allow` that its 405 lacks. */
export const answers = {
  idRequired: { status: 400, headers: text, body: 'Connection ID required' },
  unknownId: { status: 404, headers: text, body: 'No Connection with that ID' },
  unknownIdOfUpgrade: { status: 404, headers: {}, body: 'No Connection with that ID' },
  otherTransport: { status: 400, headers: text, body: 'Cannot change transports mid-connection' },
  alreadyActive: { status: 409, headers: emptyText, body: '' },
  postToWebSocket: {
    status: 405,
    headers: { ...text, Allow: 'GET' },
    body: 'POST requests are not allowed for WebSocket connections.',
  },
  deleteUnsupported: { status: 400, headers: text, body: 'Cannot terminate this connection using the DELETE endpoint.' },
  negotiateMethods: { status: 405, headers: { ...emptyText, Allow: 'POST' }, body: '' },
  connectionMethods: { status: 405, headers: { ...emptyText, Allow: 'GET, POST, DELETE' }, body: '' },
  refreshMethods: { status: 405, headers: { ...emptyText, Allow: 'POST' }, body: '' },
  userChanged: { status: 403, headers: text, body: 'The user associated with this connection changed.' },
  foreignOrigin: { status: 403, headers: text, body: 'Requests from this origin are not allowed.' },
  negotiateFirst: {
    status: 404,
    headers: text,
    body: 'Clients of this endpoint are redirected when they negotiate: a WebSocket without negotiation is not served here.',
  },
  tooManySends: { status: 429, headers: emptyText, body: '' },
  sent: { status: 200, headers: emptyText, body: '' },
  deleted: { status: 202, headers: emptyText, body: '' },
  polled: { status: 200, headers: { ...noCache, 'Content-Type': 'application/octet-stream', 'Content-Length': 0 }, body: '' },
  pollTimedOut: { status: 200, headers: { ...noCache, ...emptyText }, body: '' },
  noMorePolls: { status: 204, headers: { ...noCache, ...text }, body: '' },
  forbidden: { status: 403, headers: empty, body: '' },
  notFound: { status: 404, headers: empty, body: '' },
  failed: { status: 500, headers: empty, body: '' },
  unavailable: { status: 503, headers: empty, body: '' },
  closing: { status: 503, headers: empty, body: '' },
} as const satisfies Readonly<Record<string, Answer>>;

export function unauthorized(challenge: string): Answer {
  return { status: 401, headers: { ...empty, 'WWW-Authenticate': challenge }, body: '' };
}

/** Refuses a connection too many, and asks to stay away for so many seconds. Its socket is given up: it is one of what is short. */
export function refused(status: 429 | 503, body: string, retryAfter: number): Answer {
  return { status, headers: { ...text, Connection: 'close', 'Content-Length': Buffer.byteLength(body), 'Retry-After': retryAfter }, body };
}

const transportNames: Readonly<Record<TransportName, string>> = {
  webSockets: 'WebSockets',
  serverSentEvents: 'ServerSentEvents',
  longPolling: 'LongPolling',
};

export function unsupported(transport: TransportName): Answer {
  return { status: 404, headers: text, body: `${transportNames[transport]} transport not supported by this end point type` };
}

/** A POST larger than the endpoint takes. */
export function tooLarge(limit: number): Answer {
  return plain(413, `The request body is larger than ${limit} bytes, the most that is taken (maximumRequestBodySize).`);
}

/** An answer in words. */
export function plain(status: number, body: string): Answer {
  return { status, headers: { ...text, 'Content-Length': Buffer.byteLength(body) }, body };
}

/** An answer in JSON. */
export function json(status: number, value: object): Answer {
  const body = JSON.stringify(value);
  return { status, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }, body };
}

/** An answer to a plain GET. */
export function uncached(answer: Answer): Answer {
  return { ...answer, headers: { ...noCache, ...answer.headers } };
}

/** Answers a request, keeping the headers that were set on the response before. One that is answered already is left alone. */
export function respond(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

/** Answers a request whose upgrade is refused on its bare socket, which ends. */
export function refuseUpgrade(socket: Duplex, answer: Answer): void {
  const headers = {
    Connection: 'close',
    Date: new Date().toUTCString(),
    ...answer.headers,
    'Content-Length': Buffer.byteLength(answer.body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n`;
  socket.on('error', () => {});
  socket.end(head + answer.body, () => socket.destroy());
}
