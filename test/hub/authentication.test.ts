import { createServer } from 'node:http';
import {
  authenticated,
  defineHub,
  method,
  requireClaim,
  SignalR,
  type Claims,
  type ConnectionRequest,
  type HubEndpointOptions,
  type SignalROptions,
} from 'signalbox';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { ask, eventStream, negotiate, type Answered } from '../transport/http-client.ts';
import { listen } from '../transport/serve.ts';
import { handshakeFields, head, closing, message, openWebSocket, RawSocket } from '../transport/websocket-client.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

const CLOSE = { type: 7, allowReconnect: true };

describe('a policy', () => {
  test.each<[unknown, boolean]>([
    [undefined, false],
    [null, false],
    [{}, true],
    ['ann', true],
  ])('authenticated: %j is %s', (user, allowed) => {
    expect(authenticated({ user })).toBe(allowed);
  });

  test.each<[string, unknown, readonly (string | number | boolean)[], boolean]>([
    ['an anonymous user', undefined, [], false],
    ['a user that is no object', 'role', [], false],
    ['a user without the claim', { name: 'x' }, [], false],
    ['a claim that is null', { role: null }, [], false],
    ['any value', { role: '' }, [], true],
    ['another value', { role: 'guest' }, ['admin', 'editor'], false],
    ['one of the values', { role: 'editor' }, ['admin', 'editor'], true],
    ['one of a list', { role: ['guest', 'admin'] }, ['admin'], true],
    ['none of a list', { role: ['guest'] }, ['admin'], false],
    ['an empty list', { role: [] }, ['admin'], false],
    ['another case', { role: 'Admin' }, ['admin'], false],
    ['another type', { role: '1' }, [1], false],
    ['an inherited name', {}, ['x'], false],
  ])('requireClaim: %s', (_name, user, values, allowed) => {
    expect(requireClaim('role', ...values)({ user })).toBe(allowed);
    expect(requireClaim('toString', ...values)({ user })).toBe(false);
  });
});

/** The answers to all kinds of requests of one endpoint, with a token of its own and as a user. */
async function everyRequest(hub: string, port: number, user?: string): Promise<readonly number[]> {
  const headers = user === undefined ? {} : { 'X-User': user };
  const statuses = (answers: readonly Answered[]): number[] => answers.map(({ status }) => status);
  const answers = [
    await ask(`${hub}/negotiate`, { method: 'POST', headers }),
    await ask(`${hub}?id=nosuch`, { headers }),
    await ask(`${hub}?id=nosuch`, { headers: { ...headers, ...eventStream } }),
    await ask(`${hub}?id=nosuch`, { method: 'POST', headers }),
    await ask(`${hub}?id=nosuch`, { method: 'DELETE', headers }),
    await ask(`${hub}/refresh?id=nosuch`, { method: 'POST', headers }),
  ];
  const raw = new RawSocket(port);
  raw.write(head(`GET ${new URL(hub).pathname} HTTP/1.1`, ...handshakeFields, ...(user === undefined ? [] : [`X-User: ${user}`])));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  return [...statuses(answers), Number(raw.text.split(' ', 2)[1])];
}

describe('who may use a hub', () => {
  const authenticate = ({ headers }: ConnectionRequest): Claims | undefined => {
    const name = headers.get('x-user');
    return name === null ? undefined : { sub: name, role: name };
  };
  const asked: string[] = [];
  const says =
    (place: string, answer: boolean, later = false): NonNullable<HubEndpointOptions['authorize']> =>
    () => {
      asked.push(place);
      return later ? Promise.resolve(answer) : answer;
    };
  const admitted = [200, 404, 404, 404, 404, 404, 101];
  const all = (status: number): readonly number[] => admitted.map(() => status);

  async function serveHub(
    ofHub: HubEndpointOptions['authorize'],
    options: SignalROptions = {},
    endpoint: HubEndpointOptions = {},
  ): Promise<[string, number]> {
    const hub = defineHub()({ methods: {}, ...(ofHub && { authorize: ofHub }) });
    const signalr = new SignalR({ authenticate, enableAuthenticationRefresh: true, ...options }).map('/a', hub, endpoint);
    const server = createServer();
    signalr.attach(server);
    const port = await listen(server);
    onTestFinished(() => signalr.close());
    return [`http://127.0.0.1:${port}/a`, port];
  }

  test('is asked on every request, wherever the hub is mapped', async () => {
    const hub = await serveHub(authenticated);
    expect(await everyRequest(...hub)).toEqual(all(401));
    expect(await everyRequest(...hub, 'ann')).toEqual(admitted);
  });

  test('is 403 for who is known and may not', async () => {
    const hub = await serveHub(requireClaim('role', 'admin'));
    expect(await everyRequest(...hub)).toEqual(all(401));
    expect(await everyRequest(...hub, 'ann')).toEqual(all(403));
    expect(await everyRequest(...hub, 'admin')).toEqual(admitted);
  });

  test.each<[string, boolean, boolean, boolean]>([
    ['both at once', true, true, false],
    ['both later', true, true, true],
    ['the endpoint not', false, true, false],
    ['the endpoint not, later', false, true, true],
    ['the hub not', true, false, false],
    ['the hub not, later', true, false, true],
  ])('endpoint and hub have to agree: %s', async (_name, endpoint, hub, later) => {
    const server = await serveHub(
      says('hub', hub, later),
      { authorize: says('host', false) },
      { authorize: says('endpoint', endpoint, later) },
    );
    asked.length = 0;
    const answer = await ask(`${server[0]}/negotiate`, { method: 'POST' });
    expect(answer.status).toBe(endpoint && hub ? 200 : 401);
    expect(asked).toEqual(endpoint ? ['endpoint', 'hub'] : ['endpoint']);
  });

  test('a hub that is mapped twice is guarded twice', async () => {
    const hub = defineHub()({ authorize: authenticated, methods: {} });
    const signalr = new SignalR({ authenticate }).map('/a', hub).map('/b', hub, { authorize: () => true });
    const server = createServer();
    signalr.attach(server);
    const origin = `http://127.0.0.1:${await listen(server)}`;
    onTestFinished(() => signalr.close());
    for (const path of ['/a', '/b']) expect((await ask(`${origin}${path}/negotiate`, { method: 'POST' })).status).toBe(401);
  });
});

describe('a hub whose client', () => {
  test('expires says that it may come back', async () => {
    const ends: unknown[] = [];
    const hub = new HubUnderTest(defineHub()({ disconnected: (_, error) => ends.push(error), methods: {} }));
    const client = hub.connect();
    client.connection.expire();
    expect(client.take()).toEqual([CLOSE]);
    await settle();
    expect([client.connection.end, ends]).toEqual([{ error: undefined }, [undefined]]);
  });

  test('expires before its handshake has no more time for one', () => {
    const hub = new HubUnderTest(defineHub()({ methods: {} }));
    const connection = hub.open();
    connection.expire();
    expect(connection.take().toString()).toBe('{"error":"Handshake was canceled."}\x1e');
  });

  const claimed = (claims: Claims): Claims => claims;

  test('is refreshed hears of it in its turn, and knows the new user under the old id', async () => {
    const seen: unknown[] = [];
    let release = (): void => {};
    const hub = new HubUnderTest(
      defineHub()({
        authenticationRefreshed: ({ user, userId }) => seen.push(user, userId),
        methods: {
          slow: method([], () => new Promise<void>((resolve) => (release = resolve))),
          who: method([], ({ user }) => user?.['role']),
        },
      }),
    );
    const client = hub.connect({ user: claimed({ role: 'old' }) });
    client.invoke('slow');
    client.connection.refresh(claimed({ role: 'new' }));
    client.invoke('who');
    expect(seen).toEqual([]);
    release();
    expect(await client.receive(2)).toMatchObject([{ result: null }, { result: 'new' }]);
    expect(seen).toEqual([{ role: 'new' }, '[object Object]']);
  });

  test.each(['throws', 'rejects'])('is refreshed goes on where the handler %s', async (how) => {
    const hub = new HubUnderTest(
      defineHub()({
        authenticationRefreshed: () => {
          if (how === 'throws') throw new Error('x');
          return Promise.reject(new Error('x'));
        },
        methods: { echo: method((_, text) => text) },
      }),
    );
    const client = hub.connect();
    client.connection.refresh({});
    client.invoke('echo', 'still here');
    expect(await client.receive()).toMatchObject([{ result: 'still here' }]);
    expect(hub.logged.map(({ event }) => event.id)).toEqual(['hub.authentication-refreshed-failed']);
  });

  test('is refreshed before it is welcomed is simply welcomed as who it is', async () => {
    const seen: unknown[] = [];
    const hub = new HubUnderTest(
      defineHub()({ connected: ({ user }) => seen.push(user), authenticationRefreshed: () => seen.push('told'), methods: {} }),
    );
    const connection = hub.open({ user: claimed({ role: 'old' }) });
    connection.refresh(claimed({ role: 'new' }));
    connection.send('{"protocol":"json","version":1}\x1e');
    await settle();
    expect(seen).toEqual([{ role: 'new' }]);
  });
});

describe('a client that comes back to its connection by another WebSocket', () => {
  const later = Math.floor(Date.now() / 1_000) + 3_600;
  const headersOf = (user: Claims): { readonly 'X-User': string } => ({ 'X-User': JSON.stringify(user) });
  const ann = (exp: number, role: string): Claims => ({ sub: 'ann', exp, role });

  interface Line {
    readonly refreshed: unknown[];
    /** Opens a WebSocket of the connection as this user. */
    readonly open: (user: Claims) => Promise<WebSocket>;
    /** Who the hub takes the caller for. */
    readonly who: (socket: WebSocket) => Promise<unknown>;
  }

  async function connected(options: SignalROptions): Promise<Line> {
    const refreshed: unknown[] = [];
    const hub = defineHub()({
      authenticationRefreshed: ({ user }) => refreshed.push(user?.['role']),
      methods: { who: method([], ({ user, userId }) => [userId, user?.['role']]) },
    });
    const authenticate = ({ headers }: ConnectionRequest): Claims => JSON.parse(headers.get('x-user') ?? '{}') as Claims;
    const signalr = new SignalR({ authenticate, allowStatefulReconnects: true, log: () => {}, ...options }).map('/hub', hub);
    const server = createServer();
    signalr.attach(server);
    onTestFinished(() => signalr.close());
    const url = `http://127.0.0.1:${await listen(server)}/hub`;
    const headers = headersOf(ann(later, 'first'));
    const { body } = await ask(`${url}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST', headers });
    const { connectionToken } = JSON.parse(body) as { readonly connectionToken: string };
    const open = (user: Claims): Promise<WebSocket> => openWebSocket(`${url}?id=${connectionToken}`, { headers: headersOf(user) });
    const who = (socket: WebSocket): Promise<unknown> =>
      new Promise((resolve) => {
        socket.on('message', (data: Buffer) => {
          const [, result] = /"result":(\[[^\]]*\])/.exec(data.toString()) ?? [];
          if (result !== undefined) resolve(JSON.parse(result));
        });
        socket.send('{"type":1,"invocationId":"1","target":"who","arguments":[]}\x1e');
      });
    const socket = await open(ann(later, 'first'));
    socket.send('{"protocol":"json","version":2}\x1e');
    expect((await message(socket)).text).toBe('{}\x1e');
    socket.terminate();
    return { refreshed, open, who };
  }

  /** What the client says first on the new WebSocket. */
  const back = (socket: WebSocket): WebSocket => {
    socket.send('{"type":9,"sequenceId":1}\x1e');
    return socket;
  };

  test('renews its authentication by a newer token', async () => {
    const { refreshed, open, who } = await connected({ enableAuthenticationRefresh: true });
    expect(await who(back(await open(ann(later + 60, 'second'))))).toEqual(['ann', 'second']);
    expect(refreshed).toEqual(['second']);
  });

  test('stays who it was where refreshes are not enabled', async () => {
    const { refreshed, open, who } = await connected({});
    expect(await who(back(await open(ann(later + 60, 'second'))))).toEqual(['ann', 'first']);
    expect(refreshed).toEqual([]);
  });

  test('is ended where the application rejects its new token', async () => {
    const { open } = await connected({ enableAuthenticationRefresh: true, onAuthenticationRefresh: () => false });
    const ended = await open(ann(later + 60, 'second')).then(
      async (socket) => closing(socket),
      (error: unknown) => (error as Error).message,
    );
    expect(ended).toEqual([1000, '']);
    await expect(open(ann(later, 'first'))).rejects.toThrow('404');
  });

  test('is refused as another user, and can still come', async () => {
    const { open, who } = await connected({});
    await expect(open({ sub: 'bob', exp: later })).rejects.toThrow('403');
    expect(await who(back(await open(ann(later, 'first'))))).toEqual(['ann', 'first']);
  });
});

describe('a host', () => {
  async function lifetime<User>(options: SignalROptions<User>): Promise<unknown> {
    const signalr = new SignalR<User>(options);
    signalr.mapConnection('/echo', () => {}, { enableAuthenticationRefresh: true });
    const server = createServer();
    signalr.attach(server);
    const url = `http://127.0.0.1:${await listen(server)}/echo/negotiate`;
    onTestFinished(() => signalr.close());
    const { status, body } = await ask(url, { method: 'POST' });
    return status === 200 ? (JSON.parse(body) as Record<string, unknown>)['tokenLifetimeSeconds'] : status;
  }

  const inAnHour = Date.now() / 1_000 + 3_600;

  test('knows by the claim exp when users expire, or by its own rule', async () => {
    expect(await lifetime({ authenticate: () => ({ exp: inAnHour }) })).toBeLessThanOrEqual(3_600);
    expect(await lifetime({ authenticate: () => ({ exp: inAnHour }) })).toBeGreaterThan(3_000);
    expect(await lifetime({ authenticate: () => ({ exp: 'x' }) })).toBeUndefined();
    expect(await lifetime({ authenticate: () => 'ann' as never })).toBeUndefined();
    const until = new Date(Date.now() + 7_200_000);
    expect(await lifetime({ authenticate: () => ({ until }), expiresAt: (user) => user.until })).toBeGreaterThan(6_000);
    expect(await lifetime({ authenticate: () => ({ exp: inAnHour }), expiresAt: () => undefined })).toBeUndefined();
    const log = (): void => {};
    expect(await lifetime({ authenticate: () => ({}), expiresAt: () => new Date(Number.NaN), log })).toBe(500);
  });

  test('closes connections whose user has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const clock = new FakeClock();
    const exp = Date.now() / 1_000 + 10;
    const hub = defineHub<object, { exp: number }>()({ methods: {} });
    const signalr = new SignalR({ clock, authenticate: () => ({ exp }), closeOnAuthenticationExpiration: true }).map('/hub', hub);
    const server = createServer();
    signalr.attach(server);
    const webSocket = await openWebSocket((await negotiate({ hub: `http://127.0.0.1:${await listen(server)}/hub` })).url);
    webSocket.send('{"protocol":"json","version":1}\x1e');
    expect((await message(webSocket)).text).toBe('{}\x1e');
    const messages: string[] = [];
    webSocket.on('message', (data: Buffer) => messages.push(data.toString()));
    const closed = closing(webSocket);
    vi.setSystemTime(exp * 1_000 + 1);
    clock.advance(10_200);
    expect(await closed).toEqual([1000, '']);
    expect(messages.at(-1)).toContain(`${JSON.stringify(CLOSE)}\x1e`);
    await signalr.close();
  });

  test('does not let a path be what refreshes another', () => {
    const hub = defineHub()({ methods: {} });
    const refreshing = { enableAuthenticationRefresh: true };
    expect(() => new SignalR().map('/a', hub, refreshing).map('/A/refresh/', hub)).toThrow(
      /SIGNALBOX_INVALID_PATH|refresh their authentication/,
    );
    expect(() => new SignalR().map('/a/refresh', hub).map('/a', hub, refreshing)).toThrow(/mapped already/);
    expect(() => new SignalR().map('/', hub, refreshing).map('/refresh', hub)).toThrow(/refresh their authentication/);
    expect(() => new SignalR().map('/a', hub).map('/a/refresh', hub)).not.toThrow();
  });

  test.each(['authorize', 'authenticationRefreshed'])('refuses a hub whose %s is no function', (option) => {
    expect(() => defineHub()({ methods: {}, [option]: 'yes' })).toThrow(new RegExp(`${option} of a hub`));
  });
});
