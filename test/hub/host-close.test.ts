import { once } from 'node:events';
import { defineHub, method, rateLimit, type Claims, type SignalROptions } from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { turns } from '../transport/application.ts';
import { ask, type Answered } from '../transport/http-client.ts';
import { as, StatefulHost } from './stateful-host.ts';

const ends: string[] = [];
const hub = defineHub()({
  disconnected: (_, error) => void ends.push(error?.message ?? 'left'),
  methods: {
    echo: method([z.string()], (_, text) => text),
    wait: method([], ({ signal }) => once(signal, 'abort')),
  },
});

const ann = (role: string): Claims => ({ sub: 'ann', role, exp: Math.floor(Date.now() / 1_000) + 3_600 });

/** Hooks that think until they are told to go on. */
class Gates {
  readonly #open: (() => void)[] = [];
  /** Users of this role are thought about. */
  readonly role = 'slow';

  get waiting(): number {
    return this.#open.length;
  }

  think<Result>(user: Claims | undefined, result: Result): Result | Promise<Result> {
    if (user?.['role'] !== this.role) return result;
    return new Promise((resolve) => this.#open.push(() => resolve(result)));
  }

  open(): void {
    for (const goOn of this.#open.splice(0)) goOn();
  }
}

async function open(gates: Gates, options: SignalROptions = {}): Promise<StatefulHost> {
  ends.length = 0;
  return StatefulHost.open((signalr) => signalr.map('/hub', hub).mapConnection('/raw', (connection) => once(connection.signal, 'abort')), {
    enableAuthenticationRefresh: true,
    closeOnAuthenticationExpiration: true,
    connectionLimits: { server: 10, perUser: 10, perAddress: 10 },
    authenticate: ({ headers }) => {
      const user = JSON.parse(headers.get('x-user') ?? 'null') as Claims | null;
      return gates.think(user ?? undefined, user ?? undefined);
    },
    ...options,
  });
}

const status = ({ status: code }: Answered): number => code;

describe('a host that closes', () => {
  test('forgets who has only negotiated', async () => {
    const host = await open(new Gates());
    await host.negotiate(ann('a'));
    await host.negotiate(undefined, '/raw');
    expect(host.signalr.connections).toBe(2);
    await host.signalr.close();
    await host.expectNothingLeft();
  });

  test('says farewell to all that are there, away, or neither', async () => {
    const host = await open(new Gates());
    const [there, away, waiting] = [await host.connect(ann('a')), await host.connect(ann('a')), await host.connect(ann('a'))];
    await away.lose();
    waiting.send({ type: 1, invocationId: '1', target: 'wait', arguments: [] });
    await there.call('echo', 'x');
    await host.negotiate(ann('a'));
    const polls = await host.negotiate(ann('a'));
    await ask(`${host.origin}/hub?id=${String(polls['connectionToken'])}`, { headers: as(ann('a')) });
    const raw = host.client('/raw');
    await raw.open(ann('a'));
    expect(host.signalr.connections).toBe(6);
    const closed = host.signalr.close();
    for (const client of [there, waiting]) expect(await client.receive()).toEqual({ type: 7, allowReconnect: true });
    expect(await raw.closed()).toBe(1000);
    await turns(5);
    // Whoever polls is waited for as long as for the answer to a close frame.
    host.clock.advance(5_200);
    await closed;
    await host.expectNothingLeft();
    expect(ends).toEqual(['left', 'left', 'left']);
    expect(host.ledger.accounts.map((account) => account.ends)).toEqual(Array.from({ length: 5 }, () => [true]));
  });

  test.each(['comes back', 'stays away', 'has left'])(
    'takes no refresh that the application still thinks about (its client %s)',
    async (how) => {
      const gates = new Gates();
      const host = await open(gates, { onAuthenticationRefresh: ({ user }) => gates.think({ ...user, sub: 'ann', role: 'slow' }, true) });
      const client = await host.connect(ann('a'));
      await client.lose();
      const answer = host.post(`/hub/refresh?id=${client.token}`, { ...ann('b'), exp: Math.floor(Date.now() / 1_000) + 7_200 });
      await eventually(() => expect(gates.waiting).toBe(1));
      if (how !== 'stays away') await client.comeBack(ann('a'));
      if (how === 'has left') client.webSocket.close();
      if (how === 'has left') await eventually(() => expect(ends.length).toBe(1));
      await host.signalr.close();
      gates.open();
      expect(status(await answer)).toBe(404);
      await turns(3);
      await host.expectNothingLeft();
    },
  );

  test('lets nobody in whom it still thinks about', async () => {
    const gates = new Gates();
    const host = await open(gates);
    const slow = ann('slow');
    const [waiting, away] = [await host.negotiate(ann('a')), await host.connect(ann('a'))];
    await away.lose();
    const polls = await host.negotiate(ann('a'));
    const polling = `/hub?id=${String(polls['connectionToken'])}`;
    await ask(host.origin + polling, { headers: as(ann('a')) });
    const tokens = [`/hub?id=${String(waiting['connectionToken'])}`, away.target];
    const events = { ...as(slow), Accept: 'text/event-stream' };
    const answers = [
      host.post('/hub/negotiate', slow).then(status),
      host.upgrade('/hub', slow),
      ...tokens.map((token) => host.upgrade(token, slow)),
      ask(`${host.origin}${String(tokens[0])}`, { headers: events }).then(status),
      host.post(String(tokens[0]), slow).then(status),
      host.post(`/hub/refresh?id=${away.token}`, slow).then(status),
      ask(host.origin + polling, { headers: as(slow) }).then(status),
      host.post(polling, slow).then(status),
    ];
    await eventually(() => expect(gates.waiting).toBe(answers.length));
    const closed = host.signalr.close();
    await turns(5);
    host.clock.advance(5_200);
    await closed;
    await host.expectNothingLeft();
    gates.open();
    expect(await Promise.all(answers)).toEqual([503, 503, 404, 404, 404, 404, 404, 404, 404]);
    await turns(3);
    await host.expectNothingLeft();
    expect(ends).toEqual(['left']);
  });

  test('lets go of calls that a limit holds back, also of clients that are away', async () => {
    const clock = new FakeClock();
    const host = await open(new Gates(), {
      filters: [rateLimit({ per: 'connection', capacity: 1, refillPerSecond: 0.5, atLimit: 'wait', clock })],
    });
    const client = await host.connect(ann('a'));
    for (const invocationId of ['1', '2']) client.send({ type: 1, invocationId, target: 'echo', arguments: ['x'] });
    await eventually(() => expect(clock.tasks).toBe(1));
    await client.lose();
    await host.signalr.close();
    await host.expectNothingLeft();
    expect(clock.tasks).toBe(0);
    expect(host.ledger.statuses).toEqual(['ok', 'error']);
  });
});
