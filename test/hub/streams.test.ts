import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import { method } from '../../src/hub/method.ts';
import { streamOf } from '../../src/hub/schema.ts';
import { HubUnderTest, settle, type TestClient } from './hub-under-test.ts';

const seen: string[] = [];

const hub = defineHub()({
  methods: {
    count: method([z.int()], async function* (_, to) {
      for (let i = 1; i <= to; i++) yield i;
    }),
    countAtOnce: method([z.int()], function* (_, to) {
      for (let i = 1; i <= to; i++) yield i;
    }),
    later: method([], async () => {
      await turn();
      return (async function* () {
        yield 'late';
      })();
    }),
    slowToStart: method([], async ({ signal }) => {
      await once(signal, 'abort');
      throw new Error('cancelled');
    }),
    breaks: method([], async function* () {
      yield 1;
      throw new Error('inner');
    }),
    tells: method([], async function* () {
      yield 1;
      throw new HubError('told');
    }),
    neverStarts: method([], () => {
      throw new HubError('not today');
    }),
    unwritable: method([], async function* () {
      yield 1;
      yield 2n ** 60n;
    }),
    endless: method([], async function* ({ signal }) {
      try {
        yield 'started';
        await once(signal, 'abort');
        seen.push('aborted');
      } finally {
        seen.push('finally');
      }
    }),
    deaf: method([], async function* () {
      yield 'started';
      await new Promise(() => {});
    }),
    untouchable: method([], async () => {
      await turn();
      return {
        [Symbol.asyncIterator]: () => {
          throw new HubError('hands off');
        },
      };
    }),
    plain: method([], () => 1),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum;
    }),
    two: method([streamOf(z.string()), z.string(), streamOf(z.number())], async (_, texts, middle, numbers) => {
      const all: unknown[] = [];
      for await (const text of texts) all.push(text);
      all.push(middle);
      for await (const n of numbers) all.push(n);
      return all;
    }),
    first: method([streamOf(z.number())], async (_, numbers) => {
      for await (const n of numbers) return n;
      return null;
    }),
    double: method([streamOf(z.number())], async function* (_, numbers) {
      for await (const n of numbers) yield n * 2;
    }),
    hold: method([streamOf(z.number())], async (_, numbers) => {
      await new Promise<void>((resolve) => (release = resolve));
      const all: number[] = [];
      for await (const n of numbers) all.push(n);
      return all;
    }),
    ping: method([], () => 'pong'),
  },
});
let release: () => void = () => {};

function connect(options = {}): TestClient {
  return new HubUnderTest(hub, options).connect();
}
const stream = (target: string, ...args: readonly unknown[]): Record<string, unknown> => ({
  type: 4,
  invocationId: '1',
  target,
  arguments: args,
});
const upload = (target: string, streamIds: readonly string[], ...args: readonly unknown[]): Record<string, unknown> => ({
  type: 1,
  invocationId: '1',
  target,
  arguments: args,
  streamIds,
});
const item = (id: string, value: unknown): Record<string, unknown> => ({ type: 2, invocationId: id, item: value });
const end = (id: string, error?: string): Record<string, unknown> => ({
  type: 3,
  invocationId: id,
  ...(error === undefined ? {} : { error }),
});
const items = (...values: readonly unknown[]): object[] => values.map((value) => ({ type: 2, invocationId: '1', item: value }));
const over = { type: 3, invocationId: '1' };

describe('a stream to the client', () => {
  test.each(['count', 'countAtOnce'])('%s brings its items, then an end without a result', async (target) => {
    const client = connect();
    client.send(stream(target, 3));
    expect(await client.receive(4)).toEqual([...items(1, 2, 3), over]);
  });

  test('may be returned by a promise', async () => {
    const client = connect();
    client.send(stream('later'));
    expect(await client.receive(2)).toEqual([...items('late'), over]);
  });

  const streaming = 'An error occurred on the server while streaming results.';
  test.each([
    ['breaks', items(1), streaming],
    ['tells', items(1), `${streaming} HubException: told`],
    ['unwritable', items(1), streaming],
    ['neverStarts', [], "An unexpected error occurred invoking 'neverStarts' on the server. HubException: not today"],
    ['plain', [], "The client attempted to invoke the non-streaming 'plain' method with a streaming invocation."],
    ['nothingOfThatName', [], "Failed to invoke 'nothingOfThatName' due to an error on the server. HubException: Method does not exist."],
  ])('%s ends with its error', async (target, before, error) => {
    const client = connect();
    client.send(stream(target));
    expect(await client.receive(before.length + 1)).toEqual([...before, { type: 3, invocationId: '1', error }]);
  });

  test.each([1, 4])('that throws when it is looked at fails its call, and no other (type %i)', async (type) => {
    const client = connect();
    client.send({ type, invocationId: '1', target: 'untouchable', arguments: [] });
    const error = "An unexpected error occurred invoking 'untouchable' on the server. HubException: hands off";
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', error }]);
    client.invoke('ping');
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'pong' }]);
  });

  test('is cancelled: it ends at once, the method learns of it, and the id is free', async () => {
    seen.length = 0;
    const client = connect();
    client.send(stream('endless'));
    expect(await client.receive()).toEqual(items('started'));
    client.send({ type: 5, invocationId: '1' });
    expect(client.take()).toEqual([over]);
    await settle();
    expect(seen).toEqual(['aborted', 'finally']);
    client.send(stream('count', 1));
    expect(await client.receive(2)).toEqual([...items(1), over]);
  });

  test('is cancelled even where its method does not listen', async () => {
    const client = connect();
    client.send(stream('deaf'));
    await client.receive();
    client.send({ type: 5, invocationId: '1' });
    expect(client.take()).toEqual([over]);
  });

  test('that is cancelled before its method returned leaves no error behind', async () => {
    const server = new HubUnderTest(hub);
    const client = server.connect();
    client.send(stream('slowToStart'));
    client.send({ type: 5, invocationId: '1' });
    expect(client.take()).toEqual([over]);
    await settle();
    expect(server.logged).toEqual([]);
  });

  test('is cancelled before it starts', async () => {
    const client = connect();
    client.send(upload('hold', ['s']), stream('count', 1), { type: 5, invocationId: '1' });
    expect(client.take()).toContainEqual(over);
  });

  test('that nobody knows is cancelled without harm', async () => {
    const client = connect();
    client.send({ type: 5, invocationId: 'none' }, item('none', 1), end('none'));
    client.invoke('ping');
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'pong' }]);
  });

  test('keeps its id while it runs', async () => {
    const client = connect();
    client.send(stream('endless'));
    await client.receive();
    client.send(stream('count', 1));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', error: "Invocation ID '1' is already in use." }]);
    client.send({ type: 5, invocationId: '1' });
    expect(client.take()).toEqual([over]);
  });

  test('does not keep invocations waiting', async () => {
    const client = connect();
    client.send(stream('endless'));
    await client.receive();
    client.send({ type: 1, invocationId: '2', target: 'ping', arguments: [] });
    expect(client.take()).toEqual([{ type: 3, invocationId: '2', result: 'pong' }]);
  });

  test('ends with its connection', async () => {
    seen.length = 0;
    const client = connect();
    client.send(stream('endless'));
    await client.receive();
    client.connection.vanish();
    await settle();
    expect(seen).toEqual(['aborted', 'finally']);
  });

  test.each(['count', 'countAtOnce'])('%s waits for a client that takes no more', async (target) => {
    const server = new HubUnderTest(hub);
    const client = server.connect({ mark: 500, flowing: false });
    client.send(stream(target, 1_000));
    await settle();
    expect(client.connection.queued).toBeGreaterThan(500);
    expect(client.connection.queued).toBeLessThan(600);
    const received: object[] = [];
    while (received.length < 1_001) received.push(...(await client.receive()));
    expect(received).toEqual([...items(...Array.from({ length: 1_000 }, (_, i) => i + 1)), over]);
  });
});

describe('streams', () => {
  const refused = (id: string, target: string): object => ({
    type: 3,
    invocationId: id,
    error: `Failed to invoke '${target}' due to an error on the server. HubException: A client may have 2 streams open at the same time, and this one has.`,
  });

  test('of one client are limited, in both directions together', async () => {
    const client = connect({ maximumStreamsPerClient: 2 });
    client.send(stream('endless'), { ...upload('sum', ['s']), invocationId: '2' });
    expect(await client.receive()).toEqual(items('started'));
    client.send({ ...stream('endless'), invocationId: '3' }, { ...upload('sum', ['t']), invocationId: '4' });
    expect(await client.receive(2)).toEqual([refused('3', 'endless'), refused('4', 'sum')]);
    client.send(end('s'));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '2', result: 0 }]);
    client.send({ ...upload('sum', ['t']), invocationId: '4' }, item('t', 1), end('t'), { type: 5, invocationId: '1' });
    expect(await client.receive(2)).toEqual([over, { type: 3, invocationId: '4', result: 1 }]);
  });

  test('in one call are limited, too', async () => {
    const client = connect({ maximumStreamsPerClient: 2 });
    client.send(upload('sum', ['a', 'b', 'c']));
    expect(await client.receive()).toEqual([refused('1', 'sum')]);
  });
});

describe('a stream from the client', () => {
  test('is read to its end', async () => {
    const client = connect();
    client.send(upload('sum', ['s']), item('s', 1), item('s', 2), end('s'));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 3 }]);
  });

  test('goes by its place among several and plain arguments', async () => {
    const client = connect();
    client.send(upload('two', ['a', 'b'], 'middle'), item('b', 1), item('a', 'x'), item('b', 2), end('b'), item('a', 'y'), end('a'));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: ['x', 'y', 'middle', 1, 2] }]);
  });

  const unexpected = "An unexpected error occurred invoking 'sum' on the server. HubException:";
  test.each([
    ['ends with an error', [item('s', 1), end('s', 'client err')], `${unexpected} client err`],
    ['has an item of the wrong type', [item('s', 'x'), item('s', 1), end('s')], `${unexpected} Failed to bind Stream message.`],
  ])('%s', async (_, messages, error) => {
    const client = connect();
    client.send(upload('sum', ['s']), ...messages);
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', error }]);
  });

  test.each([
    [[], 0],
    [['a', 'b'], 2],
  ])('comes in the number the method takes, not as %j', async (ids, count) => {
    const client = connect();
    client.send(upload('sum', ids));
    expect(await client.receive()).toEqual([
      { type: 3, invocationId: '1', error: `${unexpected} Client sent ${count} stream(s), Hub method expects 1.` },
    ]);
  });

  test('is dropped when the method has enough of it', async () => {
    const client = connect();
    client.send(upload('first', ['s']), item('s', 7));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 7 }]);
    client.send(...Array.from({ length: 1_000 }, () => item('s', 1)), end('s'));
    expect(client.connection.paused).toBe(false);
  });

  test('can feed a stream to the client', async () => {
    const client = connect();
    client.send({ ...stream('double'), streamIds: ['s'] }, item('s', 1), item('s', 2), end('s'));
    expect(await client.receive(3)).toEqual([...items(2, 4), over]);
  });

  test('holds the client back when its buffer is full, and loses nothing', async () => {
    const client = connect({ streamBufferCapacity: 2 });
    client.send(upload('hold', ['s']));
    client.send(...Array.from({ length: 10 }, (_, i) => item('s', i)), end('s'));
    expect(client.connection.paused).toBe(true);
    release();
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }]);
    expect(client.connection.paused).toBe(false);
  });

  test('does not keep invocations waiting', async () => {
    const client = connect();
    client.send(upload('sum', ['s']), { type: 1, invocationId: '2', target: 'ping', arguments: [] });
    expect(client.take()).toEqual([{ type: 3, invocationId: '2', result: 'pong' }]);
  });

  test('keeps its id while it is open', async () => {
    const client = connect();
    client.send(upload('sum', ['s']), item('s', 2), { ...upload('sum', ['s']), invocationId: '2' }, item('s', 3), end('s'));
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '2', error: `${unexpected} Stream ID 's' is already in use.` },
      { type: 3, invocationId: '1', result: 5 },
    ]);
    client.send(upload('sum', ['s']), end('s'));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 0 }]);
  });

  test('has an id of its own in its call, too', async () => {
    const client = connect();
    client.send(upload('two', ['s', 's'], 'x'), { ...stream('double'), streamIds: ['s'] }, item('s', 2), end('s'));
    const [refused, ...doubled] = await client.receive(3);
    const error = "An unexpected error occurred invoking 'two' on the server. HubException: Stream ID 's' is already in use.";
    expect(refused).toEqual({ type: 3, invocationId: '1', error });
    expect(doubled).toEqual([...items(4), over]);
  });

  test('ends with its connection', async () => {
    const server = new HubUnderTest(hub);
    const client = server.connect();
    client.send(upload('sum', ['s']));
    client.connection.vanish();
    await settle();
    expect(server.logged.map(({ error }) => String(error))).toEqual(["Error: Connection 'c1' disconnected."]);
  });
});
