import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SharedPayload, type Payload } from '../../src/base/payload.ts';
import { defineHub } from '../../src/hub/define-hub.ts';
import { method } from '../../src/hub/method.ts';
import { streamOf } from '../../src/hub/schema.ts';
import { HubUnderTest, settle, TestClient } from './hub-under-test.ts';

const limits = { maximumQueuedBytes: 10_000, transportSendTimeout: 5_000 };
const events: string[] = [];
let produced = 0;
let release: () => void = () => {};

const hub = defineHub()({
  disconnected: (_, error) => void events.push(error?.message ?? 'without error'),
  methods: {
    echo: method([z.string()], (_, text) => text),
    all: method([z.string()], ({ clients }, text) => clients.all.send('said', text)),
    join: method([z.string()], ({ groups }, group) => groups.join(group)),
    wait: method([], () => new Promise<string>((resolve) => (release = () => resolve('waited')))),
    abort: method([], ({ abort }) => abort()),
    fill: method([z.string()], function* (_, text) {
      for (produced = 1; produced <= 100; produced++) yield text;
    }),
    relay: method([streamOf(z.string())], async function* (_, texts) {
      for await (const text of texts) yield text;
    }),
  },
});

interface Line {
  readonly under: HubUnderTest<unknown, unknown>;
  readonly client: TestClient;
}

function connect(options = {}, connection = {}): Line {
  events.length = 0;
  produced = 0;
  const under = new HubUnderTest(hub, options);
  return { under, client: join(under, connection) };
}

/** A client that has shaken hands in version 2. */
function join(under: HubUnderTest<unknown, unknown>, connection = {}, version = 2): TestClient {
  const client = new TestClient(under.open({ reconnects: limits, ...connection }));
  client.connection.send(`{"protocol":"json","version":${version}}\x1e`);
  expect(client.take()).toEqual([{}]);
  return client;
}

const ack = (sequenceId: number): Record<string, unknown> => ({ type: 8, sequenceId });
const sequence = (sequenceId: number): Record<string, unknown> => ({ type: 9, sequenceId });
const call = (id: number, target = 'echo', ...args: readonly unknown[]): Record<string, unknown> => ({
  type: 1,
  invocationId: String(id),
  target,
  arguments: args.length === 0 && target === 'echo' ? [String(id)] : args,
});
const result = (id: number, value: unknown = String(id)): Record<string, unknown> => ({ type: 3, invocationId: String(id), result: value });
const closed = { type: 7, error: 'Connection closed with an error.', allowReconnect: true };

describe('messages of the client', () => {
  test('are acknowledged a second later, once for all', () => {
    const { under, client } = connect();
    client.send(call(1), call(2), { type: 6 });
    under.clock.advance(900);
    client.send(call(3));
    expect(client.take()).toEqual([result(1), result(2), result(3)]);
    under.clock.advance(300);
    expect(client.take()).toEqual([ack(3)]);
    under.clock.advance(5_000);
    expect(client.take()).toEqual([]);
  });

  test('are acknowledged at once when there are many, so that the client need not wait', () => {
    const { client } = connect();
    const text = 'x'.repeat(20_000);
    client.send(call(1, 'echo', text));
    client.send(call(2, 'echo', text));
    expect(client.take().filter(({ type }) => type === 8)).toEqual([ack(2)]);
  });

  test('of all kinds but pings count', () => {
    const { under, client } = connect();
    client.send(
      { type: 1, target: 'echo', arguments: ['x'] },
      { type: 2, invocationId: 'none', item: 1 },
      { type: 3, invocationId: 'none' },
      { type: 4, invocationId: 's', target: 'none', arguments: [] },
      { type: 5, invocationId: 'none' },
      { type: 6 },
      ack(0),
      { type: 1, target: 'echo', arguments: [] },
    );
    under.clock.advance(1_200);
    expect(client.take().at(-1)).toEqual(ack(6));
  });

  test('that it repeats are not taken again', () => {
    const { under, client } = connect();
    client.send(call(1), call(2), call(3));
    client.connection.lose();
    client.connection.reconnect();
    client.send(sequence(2), call(2), call(3), call(4));
    expect(client.take()).toEqual([sequence(1), result(1), result(2), result(3), result(4)]);
    under.clock.advance(1_200);
    expect(client.take()).toEqual([ack(4)]);
  });

  test('are acknowledged again on the next socket: the ack may have been lost', () => {
    const { under, client } = connect();
    client.send(call(1));
    under.clock.advance(1_200);
    expect(client.take()).toEqual([result(1), ack(1)]);
    client.connection.lose();
    under.clock.advance(3_000);
    client.connection.reconnect();
    expect(client.take()).toEqual([sequence(1), result(1)]);
    under.clock.advance(1_200);
    expect(client.take()).toEqual([ack(1)]);
  });

  test('that came half are dropped with their socket', () => {
    const { client } = connect();
    client.connection.send(JSON.stringify(call(1)).slice(0, 10));
    client.connection.lose();
    client.connection.reconnect();
    client.send(sequence(1), call(1));
    expect(client.take()).toEqual([sequence(1), result(1)]);
  });
});

describe('messages to the client', () => {
  test('come again until they are acknowledged, and pings do not', () => {
    const { under, client } = connect();
    client.send(call(1), call(2), call(3));
    under.clock.advance(15_200);
    expect(client.take().at(-1)).toEqual({ type: 6 });
    client.send(ack(2));
    client.connection.lose();
    client.connection.reconnect();
    expect(client.take()).toEqual([sequence(3), result(3)]);
    client.send(ack(3));
    client.connection.reconnect();
    expect(client.take()).toEqual([sequence(4)]);
  });

  test('that are said while it is away wait for it, in order', async () => {
    const { under, client } = connect();
    client.send(call(1, 'wait'));
    client.connection.lose();
    await under.server.clients.all.send('said', 'a');
    release();
    await settle();
    await under.server.clients.all.send('said', 'b');
    client.connection.reconnect();
    expect(client.take()).toEqual([
      sequence(1),
      { type: 1, target: 'said', arguments: ['a'] },
      result(1, 'waited'),
      { type: 1, target: 'said', arguments: ['b'] },
    ]);
  });

  test('are not copied for each client', async () => {
    const under = new HubUnderTest(hub);
    const written: Payload[] = [];
    const connections = [join(under), join(under)].map(({ connection }) => connection);
    for (const connection of connections) connection.lose();
    await under.server.clients.all.send('said', 'x');
    for (const connection of connections) {
      connection.write = (payload) => written.push(payload) > 0;
      connection.reconnect();
    }
    const shared = written.filter((payload) => payload instanceof SharedPayload);
    expect(shared.length).toBe(2);
    expect(shared[0]).toBe(shared[1]);
  });

  test('wait where the socket is full, and follow when it is not', () => {
    const { client } = connect({ statefulReconnectBufferSize: 5_000 }, { mark: 100, flowing: false });
    client.send(call(1, 'echo', 'x'.repeat(200)), call(2), call(3));
    expect(client.connection.queued).toBeLessThan(300);
    expect(client.take()).toEqual([result(1, 'x'.repeat(200))]);
    expect(client.take()).toEqual([result(2), result(3)]);
  });

  test('that wait for the socket still leave before a close message', () => {
    const { client } = connect({}, { mark: 100, flowing: false });
    client.send(call(1, 'echo', 'x'.repeat(200)), call(2), call(3, 'abort'));
    expect(client.take()).toEqual([result(1, 'x'.repeat(200)), result(2), { type: 7 }]);
  });

  test('of a stream wait where too many are not acknowledged', () => {
    const { client } = connect({ statefulReconnectBufferSize: 500 });
    client.send({ type: 4, invocationId: '1', target: 'fill', arguments: ['x'.repeat(50)] });
    const first = client.take().length;
    expect(first).toBeLessThan(10);
    expect(produced).toBe(first);
    client.send(ack(first));
    expect(client.take().length).toBe(first);
    client.connection.lose();
    expect(produced).toBe(2 * first);
    client.connection.reconnect();
    expect(client.take().length).toBe(first + 1);
    client.send(sequence(2), ack(2 * first));
    expect(client.take().length).toBe(first);
  });

  test('of a stream that waits for its socket go on into the buffer when that is lost', () => {
    const { client } = connect({ statefulReconnectBufferSize: 500 }, { mark: 60, flowing: false });
    client.send({ type: 4, invocationId: '1', target: 'fill', arguments: ['x'.repeat(50)] });
    expect(produced).toBe(1);
    client.connection.lose();
    expect(produced).toBeGreaterThan(4);
    expect(produced).toBeLessThan(10);
  });
});

describe('a client that acknowledges too little', () => {
  test('is cut when too much waits for it, there or away', async () => {
    for (const away of [false, true]) {
      const { under, client } = connect();
      const other = join(under);
      if (away) client.connection.lose();
      for (let i = 0; i < 30; i++) {
        await under.server.clients.all.send('said', 'x'.repeat(500));
        other.send(ack(i + 1));
      }
      await settle();
      expect(client.connection.end?.error?.message).toMatch(/^The client left 1\d{4} bytes unacknowledged, and the limit is 10000/);
      expect(other.connection.end).toBeUndefined();
      expect(events).toEqual([client.connection.end?.error?.message]);
      expect(under.logged.map(({ event }) => event.id)).toEqual(['hub.buffer-overflowed']);
    }
  });

  test('is told so when it acknowledges nothing for too long', async () => {
    const { under, client } = connect({ statefulReconnectBufferSize: 100 });
    await under.server.clients.all.send('said', 'x'.repeat(200));
    client.take();
    under.clock.advance(4_900);
    client.send(ack(1));
    await under.server.clients.all.send('said', 'x'.repeat(200));
    under.clock.advance(4_900);
    expect(client.connection.end).toBeUndefined();
    under.clock.advance(300);
    await settle();
    expect(client.take().at(-1)).toEqual(closed);
    expect(events).toEqual(['The client acknowledged nothing of what it was sent for 5000 ms (transportSendTimeout).']);
  });

  test('is told so also where its socket was full before', async () => {
    const { under, client } = connect({ statefulReconnectBufferSize: 300 }, { mark: 100, flowing: false });
    await under.server.clients.all.send('said', 'x'.repeat(200));
    await under.server.clients.all.send('said', 'x'.repeat(200));
    client.take();
    client.take();
    under.clock.advance(5_200);
    expect(client.connection.end).toBeDefined();
  });

  test('has all that time again when it comes back', async () => {
    const { under, client } = connect({ statefulReconnectBufferSize: 100 });
    await under.server.clients.all.send('said', 'x'.repeat(200));
    client.connection.lose();
    under.clock.advance(10_000);
    client.connection.reconnect();
    under.clock.advance(4_900);
    expect(client.connection.end).toBeUndefined();
    under.clock.advance(300);
    expect(client.connection.end).toBeDefined();
  });
});

describe('a client that a stream waits for', () => {
  test('is read on, so that its acks come, and told to send no more', async () => {
    const { under, client } = connect({ statefulReconnectBufferSize: 300, streamBufferCapacity: 2 });
    client.send({ type: 4, invocationId: '1', target: 'relay', arguments: [], streamIds: ['2'] });
    const items = (count: number): Record<string, unknown>[] =>
      Array.from({ length: count }, () => ({ type: 2, invocationId: '2', item: 'x'.repeat(50) }));
    for (let i = 0; i < 20; i++) {
      client.send(...items(1));
      await settle();
    }
    const came = client.take();
    expect(came.length).toBeLessThan(10);
    expect(client.connection.paused).toBe(false);
    under.clock.advance(2_000);
    expect(client.take()).toEqual([]);
    client.send(ack(came.length));
    await settle();
    const more = client.take().filter(({ type }) => type === 2);
    expect(more.length).toBeGreaterThan(0);
  });
});

describe('an absence', () => {
  test('has no pings and no time-out', async () => {
    const { under, client } = connect();
    client.send({ type: 6 });
    client.connection.lose();
    expect(under.clock.tasks).toBe(0);
    under.clock.advance(120_000);
    expect(client.connection.end).toBeUndefined();
    client.connection.reconnect();
    under.clock.advance(15_200);
    expect(client.take()).toEqual([sequence(1), { type: 6 }]);
    under.clock.advance(15_000);
    await settle();
    expect(client.connection.end).toBeDefined();
  });

  test('has no pings either where the first ping is read only then', async () => {
    const { under, client } = connect({ maximumReadAhead: 1 });
    client.send(call(1, 'wait'), call(2), call(3), { type: 6 });
    client.connection.lose();
    release();
    await settle();
    under.clock.advance(120_000);
    expect(client.connection.end).toBeUndefined();
    client.connection.reconnect();
    expect(client.take()).toEqual([sequence(1), result(1, 'waited'), result(2), result(3)]);
  });

  test('keeps memberships, and ends with an error', async () => {
    const { under, client } = connect();
    client.send(call(1, 'join', 'g'));
    client.connection.lose();
    await under.server.clients.group('g').send('said', 'x');
    client.connection.reconnect();
    expect(client.take()).toHaveLength(3);
    client.connection.lose();
    client.connection.vanish(new Error('stayed away'));
    await settle();
    expect(events).toEqual(['stayed away']);
    expect(under.clock.tasks).toBe(0);
  });

  test('ends when the server stops', async () => {
    const { under, client } = connect();
    client.connection.lose();
    await under.server.stop();
    expect(client.connection.end).toEqual({ error: undefined });
    expect(under.clock.tasks).toBe(0);
  });
});

describe('what no client says', () => {
  test.each([
    [
      'a number behind those that came',
      sequence(2),
      "InvalidOperationException: Sequence ID greater than amount of messages we've received.",
    ],
    ['a number below 1', sequence(0), 'InvalidDataException: Sequence ID 0 is below 1, the ID of the first message.'],
    ['an ack of what was not sent', ack(1), 'InvalidDataException: The client acknowledged message 1, but 0 were sent.'],
  ])('%s ends the connection', async (_, message, text) => {
    const { under, client } = connect({ enableDetailedErrors: true });
    client.send(message, call(1));
    expect(client.take()).toEqual([{ ...closed, error: `${closed.error} ${text}` }]);
    await settle();
    expect(under.clock.tasks).toBe(0);
  });

  test.each([[ack(7)], [sequence(7)]])('%o says nothing where it was not negotiated', (message) => {
    const under = new HubUnderTest(hub);
    for (const client of [join(under, { reconnects: undefined }), join(under, {}, 1)]) {
      client.send(message, call(1));
      expect(client.take()).toEqual([result(1)]);
      under.clock.advance(2_000);
      expect(client.take()).toEqual([]);
    }
  });

  test('a number that goes back is what a client that comes back says', () => {
    const { client } = connect();
    client.send(call(1), call(2));
    client.send(sequence(1), call(1), call(2), call(3), sequence(1), sequence(3), call(3), call(4));
    expect(client.take()).toEqual([result(1), result(2), result(3), result(4)]);
  });
});
