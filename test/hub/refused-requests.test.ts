import {
  AuthenticationError,
  defineHub,
  HubError,
  method,
  quota,
  rateLimit,
  type Claims,
  type HubFilter,
  type SignalROptions,
} from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ask } from '../transport/http-client.ts';
import { as, StatefulHost, type Message } from './stateful-host.ts';

const hub = defineHub()({
  name: 'Chat',
  authorize: ({ user }) => user?.['role'] !== 'nobody' && user !== undefined,
  methods: {
    echo: method([z.string()], (_, text) => text),
    secret: method([], { authorize: () => false }, () => 'secret'),
    broken: method([], { authorize: () => Promise.reject(new Error('no database')) }, () => 'secret'),
    secrets: method([], { authorize: () => Promise.resolve(false) }, function* () {
      yield 'secret';
    }),
  },
});

const open = (options: SignalROptions = {}): Promise<StatefulHost> =>
  StatefulHost.open((signalr) => signalr.map('/hub', hub), { allowedOrigins: [], ...options });

describe('a request that is refused for several reasons', () => {
  const ann: Claims = { sub: 'ann' };
  const limits = { server: 2, perUser: 1 };
  /** Each is refused for what it adds, whatever follows. */
  const cases: [string, Claims | undefined, Record<string, string>, number][] = [
    ['its origin', undefined, { Origin: 'https://evil.example' }, 403],
    ['its token', { sub: 'ann', bad: true }, {}, 401],
    ['the hook that fails', { sub: 'ann', broken: true }, {}, 500],
    ['being anonymous', undefined, {}, 401],
    ['what its user may not', { sub: 'ann', role: 'nobody' }, {}, 403],
    ['its user, of whom there are enough', ann, {}, 429],
  ];
  const authenticate = ({ headers }: { readonly headers: Headers }): Claims | undefined => {
    const claims = (JSON.parse(headers.get('x-user') ?? 'null') as Claims | null) ?? undefined;
    if (claims?.['bad'] === true) throw new AuthenticationError();
    if (claims?.['broken'] === true) throw new Error('broken');
    return claims;
  };

  test.each(cases)('is refused for %s', async (_, user, headers, status) => {
    const host = await open({ authenticate, connectionLimits: limits });
    const client = await host.connect(ann);
    const before = [...host.ledger.negotiations];
    const negotiate = (): Promise<number> =>
      ask(`${host.origin}/hub/negotiate`, { method: 'POST', headers: { ...as(user), ...headers } }).then((answer) => answer.status);
    expect(await negotiate()).toBe(status);
    expect(await host.upgrade('/hub', user, headers)).toBe(status);
    await host.connect({ sub: 'bob' });
    // At a full server it is told the same, unless it is one more that would be let in.
    expect(await negotiate()).toBe(status === 429 ? 503 : status);
    expect(await host.upgrade('/hub', user, headers)).toBe(status === 429 ? 503 : status);
    expect(host.ledger.negotiations).toEqual([...before, 'refused', 'answered', 'refused']);
    expect(await client.call('echo', 'still here')).toMatchObject({ result: 'still here' });
    expect(host.signalr.connections).toBe(2);
  });

  test('nobody counts where userId fails', async () => {
    const host = await open({
      connectionLimits: limits,
      userId: (user) => {
        if (user['broken'] === true) throw new Error('no id');
        return user.sub;
      },
    });
    expect((await host.post('/hub/negotiate', { sub: 'ann', broken: true })).status).toBe(500);
    expect(await host.upgrade('/hub', { sub: 'ann', broken: true })).toBe(500);
    await host.expectNothingLeft();
    expect(host.said('transport.hook-failed').length).toBe(2);
    await host.connect(ann);
  });

  test('anonymous clients have no limit of a user, and all have that of the server', async () => {
    const host = await StatefulHost.open((signalr) => signalr.map('/hub', defineHub()({ methods: {} })), { connectionLimits: limits });
    for (let i = 0; i < 2; i++) await host.connect();
    expect(await host.upgrade('/hub')).toBe(503);
  });
});

describe('an invocation that is refused', () => {
  const user: Claims = { sub: 'ann' };
  const seen: string[] = [];
  const watch: HubFilter = {
    invoke: async ({ method: name }, next) => {
      try {
        return await next();
      } catch (error) {
        seen.push(`${name}: ${(error as Error).message}`);
        throw error;
      }
    },
  };
  const call = (target: string, ...args: readonly unknown[]): Message => ({ type: 1, invocationId: '1', target, arguments: args });
  const failed = (target: string): string => `An unexpected error occurred invoking '${target}' on the server.`;

  test.each<[string, Message, string, string]>([
    [
      'of a method that does not exist',
      call('nosuch'),
      "Failed to invoke 'nosuch' due to an error on the server. HubException: Method does not exist.",
      'refused',
    ],
    ['of a method that its user may not call', call('secret'), "Failed to invoke 'secret' because user is unauthorized", 'refused'],
    [
      'of a stream that its user may not have',
      { ...call('secrets'), type: 4 },
      "Failed to invoke 'secrets' because user is unauthorized",
      'refused',
    ],
    ['of a method whose policy fails', call('broken'), failed('broken'), 'error'],
    ['with wrong arguments', call('echo', 1), "Failed to invoke 'echo' due to an error on the server.", 'refused'],
  ])('%s is seen by filters, and told apart from one that fails', async (_, message, error, status) => {
    seen.length = 0;
    const host = await open({ filters: [watch] });
    const client = await host.connect(user);
    client.send(message);
    expect(await client.receive()).toEqual({ type: 3, invocationId: '1', error });
    expect(host.ledger.statuses).toEqual([status]);
    expect(seen.length).toBe(1);
    client.webSocket.close();
    await host.expectNothingLeft(user);
  });

  test('by a limit has failed in a filter, whether its method exists or not, and costs what it cost', async () => {
    const clock = new FakeClock();
    const host = await open({ filters: [watch, rateLimit({ per: 'user', capacity: 3, refillPerSecond: 1, clock })] });
    const client = await host.connect(user);
    for (const message of [call('nosuch'), call('secret'), { ...call('secrets'), type: 4 }]) {
      client.send(message);
      expect(await client.receive()).toMatchObject({ error: expect.stringMatching(/^Failed to invoke/) as string });
    }
    for (const target of ['nosuch', 'secret', 'echo']) {
      expect(await client.call(target)).toEqual({
        type: 3,
        invocationId: 'c',
        error: `${failed(target)} LimitError: Too many calls: 3 at once and 1 a second are allowed. Try again in 1 s.`,
      });
    }
    expect(host.ledger.statuses).toEqual(['refused', 'refused', 'refused', 'error', 'error', 'error']);
    expect(host.said('hub.call-refused').length).toBe(6);
    expect(host.said('hub.method-failed')).toEqual([]);
  });

  test('by a quota is told when to try again, over all connections of its user', async () => {
    const clock = new FakeClock();
    const host = await open({ filters: [quota({ per: 'user', limit: 1, window: 60_000, clock })] });
    const [first, second] = [await host.connect(user), await host.connect(user)];
    expect(await first.call('nosuch')).toMatchObject({ error: expect.stringContaining('Method does not exist') as string });
    clock.advance(15_000);
    expect(await second.call('echo', 'x')).toMatchObject({
      error: `${failed('echo')} LimitError: The quota of 1 call in 60 s is used up. Try again in 45 s.`,
    });
    clock.advance(45_000);
    expect(await second.call('echo', 'x')).toMatchObject({ result: 'x' });
    expect(host.ledger.statuses).toEqual(['refused', 'error', 'ok']);
  });

  test('can be answered by a filter instead', async () => {
    const polite: HubFilter = {
      invoke: (_, next) =>
        next().catch((error: unknown) => {
          if ((error as Error).message.includes('unauthorized')) throw new HubError('Ask an editor.');
          return 'sorry';
        }),
    };
    const host = await open({ filters: [polite] });
    const client = await host.connect(user);
    expect(await client.call('nosuch')).toMatchObject({ result: 'sorry' });
    expect(await client.call('secret')).toMatchObject({ error: `${failed('secret')} HubException: Ask an editor.` });
    expect(host.ledger.statuses).toEqual(['ok', 'error']);
  });
});
