import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection, type IHttpConnectionOptions } from '@microsoft/signalr';
import express from 'express';
import { authenticated, defineHub, method, requireClaim, SignalR, type SignalROptions } from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { jwtBearer } from 'signalbox/jwt';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inSeconds, issuer, KeyServer, SECRET, secretToken, tokenOf } from '../authentication/tokens.ts';

const transports = ['WebSockets', 'ServerSentEvents', 'LongPolling'] as const;
type Transport = (typeof transports)[number];

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const hub = defineHub()({
  authorize: authenticated,
  methods: {
    who: method([], ({ userId, user }) => [userId, user?.['role'] ?? null]),
    forAdmins: method([], { authorize: requireClaim('role', 'admin') }, () => 'done'),
  },
});

/** Serves a host at a port of its own, until the test is over. */
async function serve<User>(
  signalr: SignalR<User>,
  listener?: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(listener);
  signalr.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(async () => {
    await signalr.close();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveHub = (options: SignalROptions): Promise<string> => serve(new SignalR(options).map('/hub', hub));

function build(origin: string, transport: Transport, options: IHttpConnectionOptions = {}): HubConnection {
  const connection = new HubConnectionBuilder()
    .withUrl(`${origin}/hub`, { transport: HttpTransportType[transport], ...options })
    .configureLogging(LogLevel.None)
    .build();
  undo.push(() => connection.stop());
  return connection;
}

describe.each(transports)('over %s', (transport) => {
  const signers = [
    ['HS256', async () => [{ secret: SECRET }, (claims: object) => secretToken({ ...claims })] as const],
    ...['RS256', 'ES256'].map(
      (alg) =>
        [
          alg,
          async () => {
            const signer = await issuer(alg, 'key');
            const server = new KeyServer([signer.jwk]);
            const options = { jwks: await server.start(), issuer: 'us', audience: 'hub' };
            return [options, (claims: object) => tokenOf(signer, { iss: 'us', aud: 'hub', ...claims })] as const;
          },
        ] as const,
    ),
  ] as const;

  test.each(signers)('a client with a token of %s is who the token says', async (_alg, make) => {
    const [options, sign] = await make();
    const origin = await serveHub({ authenticate: jwtBearer(options) });
    const connection = build(origin, transport, { accessTokenFactory: () => sign({ sub: 'ann', role: 'editor' }) });
    await connection.start();
    expect(await connection.invoke('who')).toEqual(['ann', 'editor']);
    await expect(connection.invoke('forAdmins')).rejects.toThrow("Failed to invoke 'forAdmins' because user is unauthorized");
    const admin = build(origin, transport, { accessTokenFactory: () => sign({ sub: 'bob', role: ['admin'] }) });
    await admin.start();
    expect(await admin.invoke('forAdmins')).toBe('done');
  });

  test('a client without a good token does not get in', async () => {
    const origin = await serveHub({ authenticate: jwtBearer({ secret: SECRET }) });
    const refused = "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'";
    await expect(build(origin, transport).start()).rejects.toThrow(refused);
    const expired = (): Promise<string> => secretToken({ exp: inSeconds(-600) });
    await expect(build(origin, transport, { accessTokenFactory: expired }).start()).rejects.toThrow(refused);
  });

  test('the token may change while the connection lives', async () => {
    const origin = await serveHub({ authenticate: jwtBearer({ secret: SECRET }) });
    let tokens = 0;
    const connection = build(origin, transport, { accessTokenFactory: () => secretToken({ jti: String(++tokens) }) });
    await connection.start();
    for (let i = 0; i < 3; i++) expect(await connection.invoke('who')).toEqual(['ann', null]);
    expect(tokens).toBeGreaterThan(0);
  });

  test('a connection whose token expires is closed, and its client comes back with a new one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    undo.push(() => vi.useRealTimers());
    const clock = new FakeClock();
    let exp = inSeconds(10);
    const origin = await serveHub({ clock, authenticate: jwtBearer({ secret: SECRET }), closeOnAuthenticationExpiration: true });
    const connection = new HubConnectionBuilder()
      .withUrl(`${origin}/hub`, { transport: HttpTransportType[transport], accessTokenFactory: () => secretToken({ exp }) })
      .withAutomaticReconnect([0])
      .configureLogging(LogLevel.None)
      .build();
    undo.push(() => connection.stop());
    const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
    await connection.start();
    const first = connection.connectionId;
    vi.setSystemTime(exp * 1_000 + 1);
    exp = inSeconds(3_600);
    clock.advance(10_200);
    await reconnected;
    expect(connection.connectionId).not.toBe(first);
    expect(await connection.invoke('who')).toEqual(['ann', null]);
  });
});

describe('sessions of an Express application', () => {
  interface Session {
    readonly id: string;
    readonly name: string;
  }

  /** A session's cookie, as session middleware does it. */
  function application(): { readonly app: express.Express; readonly sessionOf: (cookie: string | null) => Session | undefined } {
    const sessions = new Map<string, Session>();
    const app = express();
    app.use(express.urlencoded());
    app.post('/login', (request, response) => {
      const { name } = request.body as { name: string };
      const key = `s${sessions.size}`;
      sessions.set(key, { id: name, name });
      response.cookie('session', key, { httpOnly: true }).end();
    });
    return { app, sessionOf: (cookie) => sessions.get(/(?:^|;\s*)session=([^;]+)/.exec(cookie ?? '')?.[1] ?? '') };
  }

  const whoHub = defineHub<object, Session>()({ authorize: authenticated, methods: { who: method([], ({ user }) => user?.name) } });

  test.each(transports)('a cookie is what a client is known by, over %s', async (transport) => {
    const { app, sessionOf } = application();
    const signalr = new SignalR({
      authenticate: ({ headers }) => sessionOf(headers.get('cookie')),
      userId: ({ id }) => id,
    }).map('/hub', whoHub);
    const origin = await serve(signalr, app);
    const login = await fetch(`${origin}/login`, { method: 'POST', body: new URLSearchParams({ name: 'ann' }) });
    const [cookie = ''] = login.headers.getSetCookie();
    const connection = build(origin, transport, { headers: { Cookie: cookie.split(';', 1)[0] ?? '' } });
    await connection.start();
    expect(await connection.invoke('who')).toBe('ann');
    await expect(build(origin, transport).start()).rejects.toThrow("Status code '401'");
  });
});
