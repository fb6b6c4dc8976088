import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerToken, type Claims, type ConnectionRequest, SignalR } from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { JsonHubProtocol, MessagePackHubProtocol } from 'signalbox/protocol';
import { authorizedHub, isAuthorized, nameIdentifierOf, Tokens } from '../../conformance-host/authorization.ts';
import { Endpoints } from '../../conformance-host/endpoints.ts';
import { Pipeline } from '../../conformance-host/pipeline.ts';
import { testHub } from '../../conformance-host/test-hub.ts';
import { answer } from '../wire/request.ts';
import type { SessionServer } from './player.ts';
import { greetingHub, probeHub, refusingHub } from './probe-hub.ts';

export interface RecordedHost extends SessionServer {
  close(): Promise<void>;
}

/** Where the session about redirects is sent, and the token that it is sent with. */
const TARGET = '/target';
const TARGET_TOKEN = 'token-from-redirect';

/** Longer than a host waits for its clients when it closes, in milliseconds. */
const CLOSE_DEADLINE = 10_000;

/** Starts the server that the sessions were recorded from, with our hubs behind its paths and a clock that stands still. */
export async function startRecordedHost(): Promise<RecordedHost> {
  const clock = new FakeClock();
  const tokens = new Tokens();
  const signalr = mapHubs(clock, tokens);
  const endpoints = new Endpoints(tokens, signalr.hub(testHub));
  const pipeline = new Pipeline();
  const server = createServer((request, response) => {
    if (redirected(request, response) || pipeline.handle(request, response) || signalr.handle(request, response)) return;
    endpoints.handle(request, response);
  });
  signalr.attach(server, { requests: false });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    known: { host, accessToken: await tokens.issue(null, null) },
    now: () => clock.now(),
    advance: (milliseconds) => clock.advance(milliseconds),
    roundTrip: async () => {
      await answer(`http://${host}/nothing`);
    },
    close: async () => {
      const closed = signalr.close();
      clock.advance(CLOSE_DEADLINE);
      await closed;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function mapHubs(clock: FakeClock, tokens: Tokens): SignalR {
  const hub = probeHub(clock);
  const detailed = { enableDetailedErrors: true };
  const authenticate = (request: ConnectionRequest): Claims | Promise<Claims | undefined> =>
    request.url.pathname.startsWith(TARGET) ? { sub: bearerToken(request) ?? '' } : tokens.authenticate(request);
  return new SignalR({
    authenticate,
    userId: nameIdentifierOf,
    clock,
    log: () => {},
    protocols: [new JsonHubProtocol(), new MessagePackHubProtocol({ int64: 'bigint' })],
  })
    .map('/testhub', testHub, detailed)
    .map('/testhub-nowebsockets', testHub, { ...detailed, transports: ['serverSentEvents', 'longPolling'] })
    .map('/authorizedhub', authorizedHub, { ...detailed, authorize: isAuthorized })
    .map('/hub', hub)
    .map('/hubd', hub, detailed)
    .map('/fast', hub, { keepAliveInterval: 1_000, clientTimeoutInterval: 3_000, longPolling: { pollTimeout: 2_000 } })
    .map('/stateful', hub, { allowStatefulReconnects: true })
    .map('/jsononly', hub, { supportedProtocols: ['json'] })
    .map('/connthrowd', refusingHub, detailed)
    .map(TARGET, greetingHub, { transports: ['webSockets'], authorize: ({ user }) => user?.['sub'] === TARGET_TOKEN });
}

/** The negotiation that sends a client elsewhere with another token. */
function redirected(request: IncomingMessage, response: ServerResponse): boolean {
  if (!request.url?.startsWith('/redir/negotiate')) return false;
  response.end(JSON.stringify({ url: `http://${request.headers.host}${TARGET}?q=1`, accessToken: TARGET_TOKEN }));
  return true;
}
