import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalR, type CloseOptions, type ConnectionRequest } from 'signalbox';
import { Farm } from './farm/farm.ts';
import { chatHub } from './hub.ts';
import { servePage } from './pages.ts';
import { Rooms } from './rooms.ts';

export interface ChatOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Of the Redis that joins this server with others; without it, it is alone. */
  readonly redisUrl?: string;
  /** Of the service that the pages connect to; without it, they connect to this server. */
  readonly connectionString?: string;
}

export interface Chat {
  /** Where the page is. */
  readonly url: string;
  /** The farm that it is in, if it is in one. */
  readonly farm?: Farm;
  /** Ends every connection, telling the pages that they may come back, and resolves when the last one is gone. */
  close(options?: CloseOptions): Promise<void>;
}

/** Milliseconds that a file still on its way has when the server closes. */
const SLOW_DOWNLOAD = 1000;

/**
 * Starts the demo: the page, and the hub behind it at `/chat`.
 *
 * @throws Error of `node:net`, with its `code`, where the address can't be listened on
 */
export async function startChat({ host, port, redisUrl, connectionString }: ChatOptions): Promise<Chat> {
  const elsewhere = connectionString === undefined ? undefined : clientOrigin(connectionString);
  const server = createServer((request, response) => void servePage(request, response, elsewhere));
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  const rooms = new Rooms();
  const farm = redisUrl === undefined ? undefined : new Farm(redisUrl, `:${address.port}`, rooms);
  const signalr = new SignalR(farm === undefined ? {} : { backplane: farm.backplane });
  const hub = chatHub(rooms, farm && (() => farm.view));
  signalr.map('/chat', hub, { authorize: ({ request }) => isFromOwnPage(request) });
  const service = connectionString === undefined ? undefined : signalr.connect(connectionString);
  signalr.attach(server);
  farm?.tellThrough(signalr.hub(hub).clients);
  await service?.connected;
  return {
    url: urlOf(address),
    ...(farm && { farm }),
    async close(options) {
      await farm?.close();
      await signalr.close(options);
      const closed = once(server, 'close');
      server.close();
      const patience = setTimeout(() => server.closeAllConnections(), SLOW_DOWNLOAD);
      await closed;
      clearTimeout(patience);
    },
  };
}

/** Where a connection string sends clients. */
function clientOrigin(connectionString: string): string {
  const parts = new URLSearchParams(connectionString.replaceAll(';', '&'));
  return new URL(parts.get('ClientEndpoint') ?? parts.get('Endpoint') ?? '').origin;
}

/** Where a browser on this machine finds the server. */
export function urlOf({ address, family, port }: AddressInfo): string {
  // Listening on every address is not an address itself.
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Any page on the web can open a WebSocket to this machine; its browser says where it comes from. Clients that are no browsers say nothing. */
function isFromOwnPage({ headers }: ConnectionRequest): boolean {
  const origin = headers.get('origin');
  return origin === null || (URL.canParse(origin) && new URL(origin).host === headers.get('host'));
}
