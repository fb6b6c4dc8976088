import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalR, standardError, type Log } from 'signalbox';
import { authorizedHub, isAuthorized, nameIdentifierOf, Tokens } from './authorization.ts';
import { echo } from './echo.ts';
import { Endpoints } from './endpoints.ts';
import { Pipeline } from './pipeline.ts';
import { testHub } from './test-hub.ts';
import { uncreatableHub } from './uncreatable-hub.ts';

/** The server surface that SignalR client suites expect, on one origin. */
export interface ConformanceHost {
  /** The origin, for example `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/** Starts a host on 127.0.0.1. `port` 0 takes a free one. */
export async function startHost(port = 0, log: Log = standardError): Promise<ConformanceHost> {
  const tokens = new Tokens();
  const signalr = mapHubs(tokens, log);
  const endpoints = new Endpoints(tokens, signalr.hub(testHub));
  const pipeline = new Pipeline();

  const server = createServer((request, response) => {
    if (!pipeline.handle(request, response) && !signalr.handle(request, response)) endpoints.handle(request, response);
  });
  // Upgrades to other paths come to the listener above as ordinary requests.
  signalr.attach(server, { requests: false });
  await listen(server, port);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server, signalr) };
}

function mapHubs(tokens: Tokens, log: Log): SignalR {
  return new SignalR({ enableDetailedErrors: true, authenticate: tokens.authenticate, userId: nameIdentifierOf, log })
    .map('/testhub', testHub)
    .map('/testhub-nowebsockets', testHub, { transports: ['serverSentEvents', 'longPolling'] })
    .map('/uncreatable', uncreatableHub)
    .map('/authorizedhub', authorizedHub, { authorize: isAuthorized, enableAuthenticationRefresh: true })
    .mapConnection('/echo', echo);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}

async function close(server: Server, signalr: SignalR): Promise<void> {
  // Clients that poll have to come back once more to hear of the end, so the server stays open until they have.
  await signalr.close();
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}
