import { AuthenticationError, defineHub, feature, method, type Claims } from 'signalbox';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { as, StatefulHost } from './stateful-host.ts';

const told: unknown[] = [];
const agent = feature(({ headers }) => headers['user-agent']);

const hub = defineHub()({
  authenticationRefreshed: ({ user, userId }) => void told.push([userId, user?.['role']]),
  disconnected: (_, error) => void told.push(error?.message ?? 'left'),
  methods: {
    who: method([], ({ user, userId }) => [userId, user?.['role'] ?? null]),
    echo: method([z.string()], (_, text) => text),
    kept: method([], ({ features }) => features.get(agent) ?? null),
  },
});

const soon = (): number => Math.floor(Date.now() / 1_000) + 60;
const ann = (role: string, exp = soon()): Claims => ({ sub: 'ann', role, exp });
const refreshing = { enableAuthenticationRefresh: true };
const expiring = { closeOnAuthenticationExpiration: true };
/** Time-outs that are not what is tested. */
const patient = { disconnectTimeout: 300_000, keepAliveInterval: 300_000, clientTimeoutInterval: 300_000 };
const goodbye = { type: 7, allowReconnect: true };

function open(options: Parameters<typeof StatefulHost.open>[1]): Promise<StatefulHost> {
  told.length = 0;
  return StatefulHost.open((signalr) => signalr.map('/hub', hub), options);
}

/** Lets the clock of the wall and that of the timers go on. */
function pass(host: StatefulHost, milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  host.clock.advance(milliseconds);
}

function stopTheWallClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

test('negotiate answers with both: that clients may come back, and how long their token lives', async () => {
  const host = await open(refreshing);
  const answer = await host.negotiate(ann(''));
  expect(Object.keys(answer)).toEqual([
    'useStatefulReconnect',
    'negotiateVersion',
    'connectionId',
    'connectionToken',
    'tokenLifetimeSeconds',
    'availableTransports',
  ]);
});

test.each(['', '?negotiateVersion=0&'])(
  'a client whose connection token is its public id can not come back: anybody could (negotiate%s)',
  async (query) => {
    const host = await open({});
    const { body } = await host.post(`/hub/negotiate${query === '' ? '?' : query}useStatefulReconnect=true`);
    expect(body).not.toContain('useStatefulReconnect');
    const { connectionId } = JSON.parse(body) as { readonly connectionId: string };
    const client = host.client(`/hub?id=${connectionId}`);
    await client.open();
    client.send({ protocol: 'json', version: 2 });
    expect(await client.receive()).toEqual({});
    expect(await host.upgrade(client.target)).toBe(409);
    expect(await client.call('echo', 'still mine')).toMatchObject({ result: 'still mine' });
    await client.lose();
    expect(await host.upgrade(client.target)).toBe(404);
    await host.expectNothingLeft();
  },
);

describe.each([false, true])('the connection of a client (away: %s)', (away) => {
  test.each<[string, Claims | undefined, number]>([
    ['another user', { sub: 'bob' }, 403],
    ['an anonymous client', undefined, 403],
    ['a user who may not', { sub: 'ann', banned: true }, 403],
    ['a token that is refused', { sub: 'ann', bad: true }, 401],
    ['a request that makes the hook fail', { sub: 'ann', broken: true }, 500],
  ])('is not for %s, and goes on', async (_, user, status) => {
    const host = await open({
      ...refreshing,
      authenticate: ({ headers }) => {
        const claims = JSON.parse(headers.get('x-user') ?? 'null') as Claims | null;
        if (claims?.['bad'] === true) throw new AuthenticationError();
        if (claims?.['broken'] === true) throw new Error('broken');
        return claims ?? undefined;
      },
      authorize: ({ user: asking }) => asking?.['banned'] !== true,
    });
    const client = await host.connect(ann('a'));
    if (away) await client.lose();
    expect(await host.upgrade(client.target, user)).toBe(status);
    if (away) expect(await client.comeBack(ann('a'))).toEqual({ type: 9, sequenceId: 1 });
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'a'] });
    expect(host.ledger.accounts.map(({ reconnects }) => reconnects)).toEqual([away ? 1 : 0]);
    client.webSocket.close();
    await host.expectNothingLeft();
    expect(told).toEqual(['left']);
  });

  test('is its user with a newer token, of which the hub is told', async () => {
    const host = await open(refreshing);
    const client = await host.connect(ann('a'));
    if (away) await client.lose();
    await client.comeBack(ann('b', soon() + 60));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'b'] });
    expect(told).toEqual([['ann', 'b']]);
    await client.lose();
    await client.comeBack(ann('old', soon()));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'b'] });
    expect(told).toEqual([['ann', 'b']]);
  });

  test('keeps its user where authentication can not be refreshed', async () => {
    const host = await open({});
    const client = await host.connect(ann('a'));
    if (away) await client.lose();
    await client.comeBack(ann('b', soon() + 60));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'a'] });
    expect(told).toEqual([]);
  });

  test('ends when its user expires, and can not be come back to', async () => {
    stopTheWallClock();
    const host = await open({ ...expiring, ...patient });
    const client = await host.connect(ann('a', Date.now() / 1_000 + 30));
    if (away) await client.lose();
    pass(host, 30_200);
    if (!away) expect(await client.receive()).toEqual(goodbye);
    await eventually(() => expect(told).toEqual(['left']));
    expect(await host.upgrade(client.target, ann('b', soon() + 60))).toBe(404);
    if (!away) expect(await client.closed()).toBe(1000);
    await host.expectNothingLeft();
  });

  test('lives as long as the token that it is refreshed with', async () => {
    stopTheWallClock();
    const host = await open({ ...expiring, ...refreshing, ...patient });
    const client = await host.connect(ann('a', Date.now() / 1_000 + 30));
    if (away) await client.lose();
    const answer = await host.post(`/hub/refresh?id=${client.token}`, ann('b', Date.now() / 1_000 + 90));
    expect([answer.status, answer.body]).toEqual([200, '{"tokenLifetimeSeconds":90}']);
    expect(told).toEqual([['ann', 'b']]);
    pass(host, 60_200);
    if (away) await client.comeBack(ann('b', Date.now() / 1_000 + 29));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'b'] });
    pass(host, 30_200);
    await eventually(() => expect(told.at(-1)).toBe('left'));
    await host.expectNothingLeft();
  });
});

describe('a client that comes back with a newer token', () => {
  test('lives as long as that, also where nobody is told of it', async () => {
    stopTheWallClock();
    const host = await open({ ...expiring, ...patient });
    const client = await host.connect(ann('a', Date.now() / 1_000 + 30));
    await client.lose();
    await client.comeBack(ann('b', Date.now() / 1_000 + 90));
    pass(host, 60_200);
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'a'] });
    pass(host, 30_200);
    expect(await client.receive()).toEqual(goodbye);
  });

  test.each(['at once', 'later'])('is gone where the application rejects it %s', async (when) => {
    const host = await open({
      ...refreshing,
      onAuthenticationRefresh: ({ user }) => (when === 'later' ? Promise.resolve(user?.['role'] === 'b') : user?.['role'] === 'b'),
    });
    const client = await host.connect(ann('a'));
    await client.lose();
    await client.comeBack(ann('b', soon() + 60));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'b'] });
    await client.lose();
    await client.open(ann('c', soon() + 120));
    expect(await client.closed()).toBe(1000);
    expect(await host.upgrade(client.target, ann('b', soon() + 60))).toBe(404);
    await host.expectNothingLeft();
    expect(told).toEqual([['ann', 'b'], 'left']);
    expect(host.said('transport.refresh-rejected').length).toBe(1);
  });

  test('stays who it was where the application fails to decide', async () => {
    const host = await open({ ...refreshing, onAuthenticationRefresh: () => Promise.reject(new Error('no')) });
    const client = await host.connect(ann('a'));
    await client.lose();
    await client.comeBack(ann('b', soon() + 60));
    expect(await client.call('who')).toMatchObject({ result: ['ann', 'a'] });
    expect(host.said('transport.refresh-failed').length).toBe(1);
  });

  test('keeps the features of the request that it began with', async () => {
    const asked: unknown[] = [];
    const host = await open({
      ...refreshing,
      features: [agent],
      onAuthenticationRefresh: ({ request }) => asked.push([request.url.pathname, request.features.get(agent)]) > 0,
    });
    const client = await host.connect(ann('a'));
    await client.lose();
    await client.comeBack(ann('b', soon() + 60));
    expect(await client.call('kept')).toMatchObject({ result: null });
    const refreshed = await fetch(`${host.origin}/hub/refresh?id=${client.token}`, {
      method: 'POST',
      headers: { ...as(ann('c', soon() + 120)), 'User-Agent': 'mine' },
    });
    expect(refreshed.status).toBe(200);
    expect(asked).toEqual([
      ['/hub', undefined],
      ['/hub/refresh', 'mine'],
    ]);
    expect(await client.call('kept')).toMatchObject({ result: null });
  });
});

describe('a refresh that the application thinks about', () => {
  const gates: ((accepts: boolean) => void)[] = [];
  const thoughtful = {
    ...refreshing,
    onAuthenticationRefresh: () => new Promise<boolean>((resolve) => void gates.push(resolve)),
  };

  async function refreshed(): Promise<{ readonly host: StatefulHost; readonly decide: (accepts: boolean) => Promise<number> }> {
    gates.length = 0;
    const host = await open({ ...thoughtful, disconnectTimeout: 1_000 });
    const client = await host.connect(ann('a'));
    await client.lose();
    const answer = host.post(`/hub/refresh?id=${client.token}`, ann('b', soon() + 60));
    await eventually(() => expect(gates.length).toBe(1));
    return {
      host,
      decide: async (accepts) => {
        gates[0]?.(accepts);
        return (await answer).status;
      },
    };
  }

  test('finds nobody when its client has stayed away', async () => {
    const { host, decide } = await refreshed();
    host.clock.advance(1_200);
    await host.expectNothingLeft();
    expect(await decide(true)).toBe(404);
    await host.expectNothingLeft();
    expect(told).toEqual(['The client lost its WebSocket and did not come back within 1000 ms (disconnectTimeout).']);
  });

  test('leaves the connection as it was where it is rejected', async () => {
    const { host, decide } = await refreshed();
    expect(await decide(false)).toBe(403);
    expect(told).toEqual([]);
    host.clock.advance(1_200);
    await host.expectNothingLeft();
  });
});
