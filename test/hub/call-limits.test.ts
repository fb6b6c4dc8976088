import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import type { HubFilter } from '../../src/hub/filter.ts';
import { LimitError } from '../../src/hub/limit-error.ts';
import { method } from '../../src/hub/method.ts';
import { quota, type QuotaOptions } from '../../src/hub/quota.ts';
import { rateLimit, type RateLimitOptions } from '../../src/hub/rate-limit.ts';
import { streamOf } from '../../src/hub/schema.ts';
import { HubUnderTest, settle, type TestClient } from './hub-under-test.ts';

let calls = 0;
const hub = defineHub<object, unknown>()({
  methods: {
    hit: method([], () => ++calls),
    count: method([], async function* () {
      yield 1;
    }),
    drain: method([streamOf(z.number())], async (_, numbers) => {
      for await (const number of numbers) calls += Math.sign(number);
      return calls;
    }),
  },
});

/** A hub behind a filter, on one clock with it. */
class Limited extends HubUnderTest<unknown, unknown> {
  constructor(make: (clock: Limited['clock']) => HubFilter<unknown>) {
    let filter: HubFilter<unknown> = {};
    // The filter needs the clock, which comes with the hub.
    const late: HubFilter<unknown> = { invoke: (invocation, next) => filter.invoke?.(invocation, next) ?? next() };
    super(hub, { filters: [late], keepAliveInterval: 10_000_000, clientTimeoutInterval: 20_000_000 });
    filter = make(this.clock);
    calls = 0;
  }
}

const rated = (options: Partial<RateLimitOptions> = {}): Limited =>
  new Limited((clock) => rateLimit({ per: 'connection', capacity: 2, refillPerSecond: 1, clock, ...options }));
const counted = (options: Partial<QuotaOptions> = {}): Limited =>
  new Limited((clock) => quota({ per: 'connection', limit: 2, window: 60_000, clock, ...options }));

/** Calls `target` so many times, and says what came of each: a result or an error. */
async function call(client: TestClient, times: number, target = 'hit'): Promise<readonly unknown[]> {
  for (let i = 0; i < times; i++) client.invoke(target);
  return (await client.receive(times)).map(({ result, error }) => result ?? error);
}

const tooMany = (seconds: string, target = 'hit'): string =>
  `An unexpected error occurred invoking '${target}' on the server. LimitError: Too many calls: 2 at once and 1 a second are allowed. Try again in ${seconds} s.`;

describe('rateLimit', () => {
  test('lets through what a full bucket holds, then as many a second, and says when to try again', async () => {
    const server = rated();
    const client = server.connect();
    expect(await call(client, 4)).toEqual([1, 2, tooMany('1'), tooMany('1')]);
    server.clock.advance(400);
    expect(await call(client, 1)).toEqual([tooMany('0.6')]);
    server.clock.advance(600);
    expect(await call(client, 2)).toEqual([3, tooMany('1')]);
    expect(server.logged.every(({ event }) => event.level === 'debug')).toBe(true);
  });

  test('counts methods that do not exist, and calls that want no answer', async () => {
    const client = rated().connect();
    client.send({ type: 1, target: 'hit', arguments: [] });
    client.invoke('NoSuch');
    await settle();
    expect(calls).toBe(1);
    expect(client.take()).toMatchObject([{ error: expect.stringContaining('Method does not exist.') }]);
    client.send({ type: 1, target: 'hit', arguments: [] });
    expect(await call(client, 1, 'NoSuch')).toEqual([tooMany('1', 'NoSuch')]);
    expect(calls).toBe(1);
  });

  test('counts a call with streams once, in either direction', async () => {
    const client = rated().connect();
    client.send({ type: 4, invocationId: 'a', target: 'count', arguments: [] });
    expect(await client.receive(2)).toMatchObject([{ item: 1 }, { type: 3 }]);
    client.send({ type: 1, invocationId: 'b', target: 'drain', arguments: [], streamIds: ['s'] });
    for (const item of [1, 2, 3]) client.send({ type: 2, invocationId: 's', item });
    client.send({ type: 3, invocationId: 's' });
    expect(await client.receive()).toMatchObject([{ result: 3 }]);
    client.send({ type: 4, invocationId: 'c', target: 'count', arguments: [] });
    expect(await client.receive()).toMatchObject([{ invocationId: 'c', error: expect.stringContaining('LimitError: Too many calls') }]);
  });

  test('can charge calls by what they cost', async () => {
    const client = rated({ cost: ({ method: name, uploads }) => (name === 'hit' ? 0 : 1 + uploads) }).connect();
    expect(await call(client, 5)).toEqual([1, 2, 3, 4, 5]);
    client.send({ type: 1, target: 'drain', arguments: [], streamIds: ['s'] }, { type: 3, invocationId: 's' });
    expect(await call(client, 1, 'NoSuch')).toEqual([tooMany('1', 'NoSuch')]);
  });

  test('holds back no call that is free', async () => {
    const server = rated({ per: 'user', atLimit: 'wait', cost: ({ method: name }) => (name === 'hit' ? 0 : 1) });
    const client = server.connect({ user: 'ann' });
    await call(client, 2, 'NoSuch');
    client.invoke('NoSuch');
    expect(await call(server.connect({ user: 'ann' }), 1)).toEqual([1]);
  });

  test('says so where a call costs more than there ever is', async () => {
    const client = rated({ cost: () => 3, atLimit: 'wait' }).connect();
    expect(await call(client, 1)).toEqual([expect.stringMatching(/This call costs more than is ever allowed at once\.$/)]);
  });

  test('fails a call whose cost makes no sense, without a word to the caller', async () => {
    const server = rated({ cost: () => Number.NaN });
    expect(await call(server.connect(), 1)).toEqual(["An unexpected error occurred invoking 'hit' on the server."]);
    expect(server.logged).toMatchObject([{ event: { id: 'hub.method-failed' }, error: { code: 'SIGNALBOX_INVALID_OPTION' } }]);
  });

  test('has a bucket for each connection, or one for all of a user', async () => {
    const each = rated();
    expect(await call(each.connect({ user: 'ann' }), 2)).toEqual([1, 2]);
    expect(await call(each.connect({ user: 'ann' }), 2)).toEqual([3, 4]);
    const shared = rated({ per: 'user' });
    expect(await call(shared.connect({ user: 'ann' }), 1)).toEqual([1]);
    expect(await call(shared.connect({ user: 'ann' }), 2)).toEqual([2, tooMany('1')]);
    expect(await call(shared.connect({ user: 'bob' }), 2)).toEqual([3, 4]);
    for (const anonymous of [shared.connect(), shared.connect()]) expect((await call(anonymous, 3)).at(-1)).toBe(tooMany('1'));
  });

  test('can have one for whatever the application counts by, and none for some', async () => {
    const server = rated({ per: ({ userId }) => (userId === 'admin' ? undefined : userId?.split('@')[1]) });
    expect(await call(server.connect({ user: 'ann@acme' }), 2)).toEqual([1, 2]);
    expect(await call(server.connect({ user: 'bob@acme' }), 1)).toEqual([tooMany('1')]);
    expect(await call(server.connect({ user: 'bob@other' }), 1)).toEqual([3]);
    expect(await call(server.connect({ user: 'admin' }), 5)).toEqual([4, 5, 6, 7, 8]);
  });

  test('forgets who has not called for the longest time, past its bound', async () => {
    const server = rated({ per: 'user', maximumKeys: 1 });
    const [ann, bob] = [server.connect({ user: 'ann' }), server.connect({ user: 'bob' })];
    expect((await call(ann, 3)).at(-1)).toBe(tooMany('1'));
    await call(bob, 1);
    expect(await call(ann, 1)).toEqual([4]);
  });

  test('can hold calls back instead, in their order, for a limited time', async () => {
    const server = rated({ atLimit: 'wait', maximumWait: 1_500 });
    const client = server.connect();
    for (let i = 0; i < 5; i++) client.invoke('hit');
    expect((await client.receive(2)).map(({ result }) => result)).toEqual([1, 2]);
    // Never early, and a turn of the wheel late at most; the next one begins to wait when the one before is done.
    for (const [time, done] of [
      [900, 2],
      [1_100, 3],
      [1_900, 3],
      [2_100, 4],
      [2_900, 4],
      [3_100, 5],
    ] as const) {
      server.clock.advance(time - server.clock.now());
      await settle();
      expect([time, calls]).toEqual([time, done]);
    }
    const impatient = rated({ atLimit: 'wait', maximumWait: 900 }).connect();
    expect(await call(impatient, 3)).toEqual([1, 2, tooMany('1')]);
  });

  test('lets go of a call that waits when its connection ends, or its stream is cancelled', async () => {
    const server = rated({ atLimit: 'wait' });
    const client = server.connect();
    await call(client, 2);
    client.send({ type: 4, invocationId: 's', target: 'count', arguments: [] });
    client.invoke('hit');
    await settle();
    client.send({ type: 5, invocationId: 's' });
    expect(await client.receive()).toEqual([{ type: 3, invocationId: 's' }]);
    client.connection.vanish();
    await settle();
    expect(server.clock.tasks).toBe(0);
    server.clock.advance(10_000);
    await settle();
    expect(calls).toBe(2);
    expect(server.logged.every(({ event }) => event.level === 'debug')).toBe(true);
  });

  test('can close the connection, with the reason, for good', async () => {
    const client = rated({ atLimit: 'close' }).connect();
    for (let i = 0; i < 4; i++) client.invoke('hit');
    expect(await client.receive(3)).toMatchObject([
      { result: 1 },
      { result: 2 },
      {
        type: 7,
        error: 'Connection closed with an error. LimitError: Too many calls: 2 at once and 1 a second are allowed. Try again in 1 s.',
      },
    ]);
    await settle();
    expect(calls).toBe(2);
    expect(client.connection.end?.error).toBeInstanceOf(LimitError);
  });
});

describe('quota', () => {
  test('lets so many calls through in a window, which begins with the first one', async () => {
    const server = counted();
    const client = server.connect();
    server.clock.advance(30_000);
    expect(await call(client, 2)).toEqual([1, 2]);
    server.clock.advance(59_000);
    expect(await call(client, 1)).toEqual([
      "An unexpected error occurred invoking 'hit' on the server. LimitError: The quota of 2 calls in 60 s is used up. Try again in 1 s.",
    ]);
    server.clock.advance(1_000);
    expect((await call(client, 3)).slice(0, 2)).toEqual([3, 4]);
  });

  test('counts unknown methods, is shared, and can close the connection', async () => {
    const server = counted({ per: 'user', atLimit: 'close' });
    await call(server.connect({ user: 'ann' }), 2, 'NoSuch');
    const client = server.connect({ user: 'ann' });
    client.invoke('hit');
    expect(await client.receive()).toMatchObject([{ type: 7, error: expect.stringContaining('LimitError: The quota of 2 calls') }]);
    expect(calls).toBe(0);
  });
});

describe('a limit', () => {
  test.each([
    [() => rateLimit({ per: 'tenant' as never, capacity: 1, refillPerSecond: 1 }), 'per of a limit'],
    [() => rateLimit({ per: 'user', capacity: 0, refillPerSecond: 1 }), 'capacity of a limit'],
    [() => rateLimit({ per: 'user', capacity: 1, refillPerSecond: Number.NaN }), 'refillPerSecond of a limit'],
    [() => rateLimit({ per: 'user', capacity: 1, refillPerSecond: 1, atLimit: 'drop' as never }), 'atLimit of a limit'],
    [() => rateLimit({ per: 'user', capacity: 1, refillPerSecond: 1, maximumWait: -1 }), 'maximumWait of a limit'],
    [() => rateLimit({ per: 'user', capacity: 1, refillPerSecond: 1, maximumKeys: 1.5 }), 'maximumKeys of a limit'],
    [() => rateLimit({ per: 'user', capacity: 1, refillPerSecond: 1, cost: 5 as never }), 'cost of a limit'],
    [() => quota({ per: 'user', limit: 0, window: 1 }), 'limit of a limit'],
    [() => quota({ per: 'user', limit: 1, window: Number.POSITIVE_INFINITY }), 'window of a limit'],
    [() => quota({ per: 'user', limit: 1, window: 1, atLimit: 'wait' as never }), 'atLimit of a limit'],
  ])('is refused where it makes no sense: %s', (make, text) => {
    expect(make).toThrow(expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining(text) }));
  });
});
