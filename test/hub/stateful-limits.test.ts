import { defineHub, method, type Claims, type SignalROptions } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { StatefulHost, type StatefulClient } from './stateful-host.ts';

const ends: string[] = [];
const hub = defineHub()({
  disconnected: (_, error) => void ends.push(error?.message ?? 'left'),
  methods: {
    ping: method([], () => 'pong'),
    abort: method([], ({ abort }) => abort()),
    all: method([z.number()], ({ clients }, kilobytes) => clients.all.send('said', 'x'.repeat(kilobytes * 1_000))),
  },
});

const ann: Claims = { sub: 'ann' };
const bob: Claims = { sub: 'bob' };
const tooMany = 'The user may have 1 connection, and opened another: this one, the oldest, is closed.';

function open(options: SignalROptions): Promise<StatefulHost> {
  ends.length = 0;
  return StatefulHost.open((signalr) => signalr.map('/hub', hub).mapConnection('/raw', ({ signal }) => signal), options);
}

type End = (host: StatefulHost, client: StatefulClient) => unknown;

const whileThere: [string, End][] = [
  ['takes its leave by a close frame', (_, { webSocket }) => webSocket.close()],
  ['takes its leave by a close message', (_, client) => client.send({ type: 7 })],
  ['breaks the hub protocol', (_, client) => client.send({ type: 8, sequenceId: 77 })],
  ['breaks the WebSocket protocol', (_, { webSocket }) => webSocket.send('x'.repeat(2_000_000))],
  ['is aborted by a method', (_, client) => client.send({ type: 1, target: 'abort', arguments: [] })],
  [
    'is not heard of any more',
    (host, client) => {
      client.webSocket.pause();
      for (let i = 0; i < 3; i++) host.clock.advance(30_100);
      client.webSocket.resume();
    },
  ],
];

const away: [string, End][] = [
  ['does not come back', (host) => host.clock.advance(15_200)],
  ['makes room for another one of its user', (host) => host.connect(ann).then(({ webSocket }) => webSocket.close())],
  [
    'is left too many messages',
    (host) => {
      for (let i = 0; i < 3; i++) void host.signalr.hub(hub).clients.all.send('said', 'x'.repeat(10_000));
    },
  ],
];

const limited: SignalROptions = {
  connectionLimits: { server: 10, perUser: { limit: 1, atLimit: 'closeOldest' }, perAddress: 10 },
  maximumQueuedBytes: 15_000,
};

describe('the place of a client', () => {
  test.each(whileThere)('is free again when it %s, at whichever socket', async (_, end) => {
    for (const returns of [0, 1, 3]) {
      const host = await open(limited);
      const client = await host.connect(ann);
      for (let i = 0; i < returns; i++) {
        if (i < 2) await client.lose();
        await client.comeBack(ann);
      }
      expect(host.signalr.connections).toBe(1);
      await end(host, client);
      await eventually(() => expect(ends.length).toBe(1));
      await host.expectNothingLeft();
      expect(ends.length).toBe(1);
    }
  });

  test.each(away)('is free again when it is away and %s', async (_, end) => {
    const host = await open(limited);
    const client = await host.connect(ann);
    await client.lose();
    expect(host.signalr.connections).toBe(1);
    await end(host, client);
    await host.expectNothingLeft();
    expect(await host.upgrade(client.target, ann)).toBe(404);
  });

  test('is its own at a full server: it comes back, and counts once', async () => {
    const host = await open({ connectionLimits: { server: 2, perUser: 1, perAddress: 2 } });
    const client = await host.connect(ann);
    await host.connect(bob);
    for (const lost of [true, false]) {
      if (lost) await client.lose();
      expect(await host.upgrade('/hub', { sub: 'cy' })).toBe(503);
      await client.comeBack(ann);
      expect(host.signalr.health()).toMatchObject({ connections: 2, hubs: [{ connections: 2 }] });
    }
    expect(await client.call('ping')).toMatchObject({ result: 'pong' });
  });

  test('is held while it is away, against who is new', async () => {
    const host = await open({ connectionLimits: { perUser: 1 } });
    const client = await host.connect(ann);
    await client.lose();
    expect((await host.post('/hub/negotiate', ann)).status).toBe(429);
    expect(await host.upgrade('/hub', ann)).toBe(429);
    host.clock.advance(15_200);
    expect(await host.upgrade('/hub', ann)).toBe(101);
  });
});

describe('one connection for each user', () => {
  const single: SignalROptions = { connectionLimits: { perUser: { limit: 1, atLimit: 'closeOldest' } } };

  test('a client that comes back does not close itself', async () => {
    const host = await open(single);
    const client = await host.connect(ann);
    await client.lose();
    await client.comeBack(ann);
    await client.comeBack(ann);
    expect(await client.call('ping')).toMatchObject({ result: 'pong' });
    expect(host.said('transport.oldest-closed')).toEqual([]);
  });

  test.each([true, false])('another one closes the oldest, which can not come back (away: %s)', async (isAway) => {
    const host = await open(single);
    const client = await host.connect(ann);
    if (isAway) await client.lose();
    const second = await host.connect(ann);
    if (!isAway) expect(await client.receive()).toEqual({ type: 7, error: `Connection closed with an error. HubException: ${tooMany}` });
    await eventually(() => expect(ends).toEqual([tooMany]));
    expect(await host.upgrade(client.target, ann)).toBe(404);
    expect(await second.call('ping')).toMatchObject({ result: 'pong' });
    expect(host.said('transport.oldest-closed').length).toBe(1);
    second.webSocket.close();
    await host.expectNothingLeft();
  });
});

describe('a client that comes back from another address', () => {
  const byHeader: SignalROptions = {
    authenticate: () => undefined,
    connectionLimits: { perAddress: 1, clientAddress: ({ headers }) => (JSON.parse(headers.get('x-user') ?? '{}') as Claims).sub },
  };

  test('counts there from then on', async () => {
    const host = await open(byHeader);
    const client = await host.connect({ sub: 'here' });
    await client.lose();
    await client.comeBack({ sub: 'there' });
    expect(await host.upgrade('/hub', { sub: 'there' })).toBe(429);
    expect(await host.upgrade('/hub', { sub: 'here' })).toBe(101);
    expect(host.signalr.connections).toBe(2);
  });

  test('is refused where that has as many as it may, and keeps its place where it was', async () => {
    const host = await open(byHeader);
    const client = await host.connect({ sub: 'here' });
    const other = await host.connect({ sub: 'there' });
    await client.lose();
    expect(await host.upgrade(client.target, { sub: 'there' })).toBe(429);
    await client.comeBack({ sub: 'here' });
    for (const { webSocket } of [client, other]) webSocket.close();
    await host.expectNothingLeft();
  });
});

test('a token that makes room for two limits at once is given up once', async () => {
  const host = await open({ connectionLimits: { perUser: 1, perAddress: 1 } });
  await host.negotiate(ann);
  await host.negotiate(ann);
  expect(host.said('transport.removed').length).toBe(1);
  host.clock.advance(15_200);
  await host.expectNothingLeft();
});

test('a connection without a hub is never stateful', async () => {
  const host = await open({});
  expect(await host.negotiate(ann, '/raw')).not.toHaveProperty('useStatefulReconnect');
});
