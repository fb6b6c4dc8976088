import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { closeCategories, type CloseCategory } from '../../src/metering/close-category.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { Bystanders, stickTo } from './bystanders.ts';
import { NegotiatedClient } from './negotiated-client.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let clock: FakeClock;
let server: ScriptedServer;
let bystanders: Bystanders;
afterEach(() => rig.closeAt(clock));

async function start(limits: NonNullable<ServiceOptions['limits']>, options: Partial<ServiceOptions> = {}): Promise<void> {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, limits, ...options });
  bystanders = await Bystanders.of(rig);
  server = await ScriptedServer.connect(rig, { serverId: 'served', statefulReconnect: true, migrationLevel: 1 });
}

interface Admitted {
  readonly client: RawClient;
  readonly id: string;
}

async function admit(user?: string, protocol = 'json'): Promise<Admitted> {
  const claims = { ...stickTo(server), ...(user === undefined ? {} : { 'asrs.s.uid': user }) };
  const client = await RawClient.connect(rig, { claims, protocol });
  const { connectionId } = await server.accept();
  await client.hears(1);
  return { client, id: connectionId };
}

/** All that the app server has of a client, as it came. */
const texts = new Map<string, string>();
afterEach(() => texts.clear());
async function heard(id: string): Promise<string> {
  await server.settle();
  for (const message of server.received.splice(0)) {
    if (message.type !== 'connectionData') continue;
    texts.set(message.connectionId, (texts.get(message.connectionId) ?? '') + message.payload.toString('latin1'));
  }
  return texts.get(id) ?? '';
}
const numbersIn = (text: string): readonly unknown[] =>
  text
    .split('\u001e')
    .slice(0, -1)
    .map((record) => (JSON.parse(record) as { arguments?: unknown[] }).arguments?.[0]);
const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, at) => at);
const say = (client: RawClient, from: number, to: number): void => {
  client.send(
    upTo(to - from)
      .map((at) => `${JSON.stringify(calling('n', from + at))}\u001e`)
      .join(''),
  );
};
const meter = () => rig.service.hub('chat').meter;
const closed = (category: CloseCategory): number | undefined => meter().closed.Client[closeCategories.indexOf(category)];
const farewell = (client: RawClient): unknown => client.messages.at(-1);

describe('messages a second', () => {
  test('past the burst wait for their time, in order, and none is lost', async () => {
    await start({ user: { messagesPerSecond: 10, messageBurst: 5 } });
    const { client, id } = await admit('flo');
    say(client, 0, 20);
    await eventually(async () => expect(numbersIn(await heard(id))).toEqual(upTo(5)));
    // What it says now is not read.
    say(client, 20, 40);
    await bystanders.unharmed();
    clock.advance(1_000);
    const count = numbersIn(await heard(id)).length;
    expect([count >= 13, count <= 15]).toEqual([true, true]);
    await eventually(async () => {
      clock.advance(200);
      expect(numbersIn(await heard(id))).toEqual(upTo(40));
    });
    expect(clock.now()).toBeGreaterThanOrEqual(3_500);
    expect(client.closed).toBeUndefined();
    expect(rig.logged.filter(({ id: event }) => event === 'service.client-throttled')).toHaveLength(1);
    client.close();
    await server.next('closeConnection');
  });

  test('are those of a user, over all its connections; of a client without a name, its own; and of other hubs, their own', async () => {
    await start({ user: { messagesPerSecond: 1, messageBurst: 3 }, hubs: { other: { user: { messagesPerSecond: null } } } });
    const [first, second, nobody, nobodyElse] = [await admit('ben'), await admit('ben'), await admit(), await admit()];
    say(first.client, 0, 3);
    await eventually(async () => expect(numbersIn(await heard(first.id))).toEqual(upTo(3)));
    say(second.client, 0, 1);
    say(nobody.client, 0, 3);
    say(nobodyElse.client, 0, 3);
    await eventually(async () => expect(numbersIn(await heard(nobodyElse.id))).toEqual(upTo(3)));
    await eventually(async () => expect(numbersIn(await heard(nobody.id))).toEqual(upTo(3)));
    await bystanders.elsewhere.check();
    expect(await heard(second.id)).toBe('');
    clock.advance(1_200);
    await eventually(async () => expect(numbersIn(await heard(second.id))).toEqual([0]));
  });

  test.each([
    ['a hub', { hub: { messagesPerSecond: 20, messageBurst: 4 }, hubs: { other: { hub: { messagesPerSecond: null } } } }],
    ['all hubs', { service: { messagesPerSecond: 20, messageBurst: 4 } }],
  ])('of %s are shared out: who floods holds nobody else up', async (_, limits) => {
    await start(limits);
    const [flood, other] = [await admit('flo'), await admit('ben')];
    say(flood.client, 0, 1_000);
    await eventually(async () => expect(numbersIn(await heard(flood.id)).length).toBeGreaterThan(0));
    say(other.client, 0, 3);
    await eventually(async () => {
      clock.advance(100);
      expect(numbersIn(await heard(other.id))).toEqual(upTo(3));
    });
    expect(numbersIn(await heard(flood.id)).length).toBeLessThan(100);
    await eventually(async () => {
      clock.advance(1_000);
      expect(numbersIn(await heard(flood.id))).toEqual(upTo(1_000));
    });
    expect(flood.client.closed).toBeUndefined();
  });

  test('that come on and on end with a close message that says why, and does not ask to come back', async () => {
    await start({ user: { messagesPerSecond: 10 }, throttleTimeout: 5_000 });
    const { client, id } = await admit('flo');
    const { userErrors } = meter();
    say(client, 0, 1_000);
    await eventually(async () => expect(numbersIn(await heard(id))).toHaveLength(10));
    clock.advance(4_000);
    await bystanders.here.check();
    expect(client.closed).toBeUndefined();
    clock.advance(2_000);
    await client.ended();
    expect(farewell(client)).toEqual({
      type: 7,
      error: 'More than 10 messages a second came for longer than 5000 ms (limits.user.messagesPerSecond, throttleTimeout).',
    });
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: id });
    expect([closed('Throttled'), meter().userErrors]).toEqual([1, userErrors + 1]);
    expect(rig.logged.filter(({ id: event }) => event === 'service.limit-exceeded')).toHaveLength(1);
    await bystanders.unharmed();
  });

  test('are no more for who goes and comes back', async () => {
    await start({ user: { messagesPerSecond: 1, messageBurst: 3 } });
    const { client, id } = await admit('flo');
    say(client, 0, 3);
    await eventually(async () => expect(numbersIn(await heard(id))).toEqual(upTo(3)));
    client.close();
    await server.next('closeConnection');
    const again = await admit('flo');
    say(again.client, 0, 1);
    await bystanders.unharmed();
    expect(await heard(again.id)).toBe('');
    clock.advance(1_200);
    await eventually(async () => expect(numbersIn(await heard(again.id))).toEqual([0]));
    again.client.close();
    await server.next('closeConnection');
    expect(rig.service.hub('chat').messageLimits?.users).toBe(2);
    // When there is nothing to remember, it is forgotten; the bystander is still there.
    clock.advance(4_000);
    expect(rig.service.hub('chat').messageLimits?.users).toBe(1);
  });

  test('are no offence where a client pauses between bursts, however long it goes on', async () => {
    await start({ user: { messagesPerSecond: 10, messageBurst: 10 }, throttleTimeout: 2_000 });
    const { client, id } = await admit('flo');
    for (let round = 0; round < 10; round++) {
      say(client, 20 * round, 20 * round + 20);
      await eventually(async () => {
        clock.advance(100);
        expect(numbersIn(await heard(id))).toHaveLength(20 * round + 20);
      });
      clock.advance(3_000);
    }
    expect([client.closed, closed('Throttled')]).toEqual([undefined, 0]);
  });

  test('without an end to the waiting are held back as long as they come', async () => {
    await start({ user: { messagesPerSecond: 10 }, throttleTimeout: null });
    const { client, id } = await admit('flo');
    say(client, 0, 1_000);
    await eventually(async () => {
      clock.advance(1_000);
      expect(numbersIn(await heard(id))).toEqual(upTo(1_000));
    });
    expect(client.closed).toBeUndefined();
  });

  test('in MessagePack, and cut anywhere, are the same', async () => {
    await start({ user: { messagesPerSecond: 10, messageBurst: 3 } });
    const { client, id } = await admit('flo', 'messagepack');
    const protocol = new MessagePackHubProtocol();
    const bytes = Buffer.concat(
      upTo(12).map((n) => Buffer.from(protocol.write({ type: MessageType.invocation, target: 'n', arguments: [n, 'x'.repeat(50)] }))),
    );
    for (let at = 0; at < bytes.length; at += 7) client.send(bytes.subarray(at, at + 7));
    const length = bytes.length / 12;
    await eventually(async () => expect((await heard(id)).length).toBeGreaterThanOrEqual(3 * length));
    expect((await heard(id)).length).toBeLessThan(4 * length);
    await eventually(async () => {
      clock.advance(100);
      expect(Buffer.from(await heard(id), 'latin1')).toEqual(bytes);
    });
    expect(clock.now()).toBeGreaterThanOrEqual(900);
  });

  test('that wait go before their client, when it leaves', async () => {
    await start({ user: { messagesPerSecond: 1, messageBurst: 2 } });
    const { client, id } = await admit('flo');
    say(client, 0, 10);
    await eventually(async () => expect(numbersIn(await heard(id))).toEqual(upTo(2)));
    client.cut();
    await server.next('closeConnection');
    expect(numbersIn(await heard(id))).toEqual(upTo(10));
    expect(rig.service.hub('chat').messageLimits?.users).toBeGreaterThan(0);
  });

  test('of a client that moves to another app server stay in order', async () => {
    await start({ user: { messagesPerSecond: 10, messageBurst: 2 } });
    const next = await ScriptedServer.connect(rig, { serverId: 'next', migrationLevel: 1 });
    const client = await RawClient.connect(rig, { claims: { 'asrs.s.sn': 'served', 'asrs.s.ssticky': 'Preferred' } });
    const { connectionId: id } = await server.accept();
    await client.hears(1);
    say(client, 0, 10);
    await eventually(async () => expect(numbersIn(await heard(id))).toEqual(upTo(2)));
    server.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
    const { connectionId } = await next.next('openConnection', (message) => message.connectionId === id);
    expect(connectionId).toBe(id);
    let text = '';
    await eventually(() => {
      clock.advance(100);
      for (const message of next.received.splice(0)) if (message.type === 'connectionData') text += message.payload.toString();
      expect(text.split('\u001e')).toHaveLength(10);
    });
    // The handshake request, and what was left.
    expect(numbersIn(text).slice(1)).toEqual(upTo(10).slice(2));
  });

  test('under stateful reconnect wait as well; what the client sends again is not taken twice', async () => {
    await start({ user: { messagesPerSecond: 10, messageBurst: 3 } });
    const client = await NegotiatedClient.negotiate(rig, { ...stickTo(server), 'asrs.s.uid': 'flo' });
    const raw = await client.shake();
    await server.accept();
    await raw.hears(1);
    say(raw, 0, 8);
    await eventually(async () => expect(numbersIn(await heard(client.id))).toEqual(upTo(3)));
    raw.cut();
    await eventually(async () => expect(await heard(client.id)).toContain('{"type":6}'));
    const again = await client.open();
    await server.next('connectionReconnect');
    again.say({ type: 9, sequenceId: 1 });
    say(again, 0, 8);
    await eventually(async () => {
      clock.advance(100);
      const numbers = numbersIn(await heard(client.id)).filter((n) => n !== undefined);
      expect(numbers).toEqual(upTo(8));
    });
    await bystanders.unharmed();
  });
});

describe('a message larger than the limit', () => {
  const error = 'A message is larger than 1000 bytes, the most that is taken (limits.messageSize).';
  const large = `${JSON.stringify(calling('large', 'x'.repeat(2_000)))}\u001e`;
  const pieces = (text: string, size: number): readonly string[] =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, at * size + size));

  test.each([
    ['whole', [large]],
    ['behind others', [`{"type":6}\u001e${large}`]],
    ['in pieces', pieces(large, 300)],
    ['in pieces that are never whole', pieces(large.slice(0, 1_500), 100)],
  ])('that comes %s closes its client with a close message, and costs nobody else anything', async (_, sent) => {
    await start({ messageSize: 1_000 });
    const { client, id } = await admit();
    const { operations, userErrors } = meter();
    for (const text of sent) client.send(text);
    await client.ended();
    expect(farewell(client)).toEqual({ type: 7, error });
    const text = await heard(id);
    if (sent.length === 1) expect(text).toBe(sent[0] === large ? '' : '{"type":6}\u001e');
    expect(text.length).toBeLessThanOrEqual(1_000);
    expect([closed('BadRequest'), meter().userErrors]).toEqual([1, userErrors + 1]);
    expect(meter().operations).toBeGreaterThan(operations);
    await bystanders.unharmed();
  });

  test('in MessagePack and under stateful reconnect is the same, with or without an app server that reads', async () => {
    await start({ hubs: { chat: { messageSize: 1_000 } } });
    const protocol = new MessagePackHubProtocol();
    const client = await NegotiatedClient.negotiate(rig, stickTo(server));
    const raw = await client.shake('messagepack', 2);
    await server.accept();
    await raw.hears(1);
    raw.send(protocol.write({ type: MessageType.invocation, target: 'n', arguments: ['x'.repeat(900)] }));
    await server.next('connectionData');
    raw.send(Buffer.from(protocol.write({ type: MessageType.invocation, target: 'n', arguments: ['x'.repeat(1_200)] })).subarray(0, 1_100));
    await raw.ended();
    expect(raw.text).toContain(error);
    await bystanders.unharmed();
  });

  test('of exactly that size is taken, and so is any where its hub has no limit', async () => {
    await start({ messageSize: 1_000, hubs: { other: { messageSize: null } } });
    const { client, id } = await admit();
    const frame = `${JSON.stringify(calling('n', ''))}\u001e`;
    client.send(frame.replace('""', `"${'x'.repeat(1_000 - frame.length)}"`));
    await eventually(async () => expect((await heard(id)).length).toBe(1_000));
    expect(client.closed).toBeUndefined();
  });
});

test('a client that takes nothing is cut as slow, at the bytes that may wait for it', async () => {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, clients: { maximumQueuedBytes: 200_000, transportMaxBufferSize: 50_000 } });
  bystanders = await Bystanders.of(rig);
  server = await ScriptedServer.connect(rig, { serverId: 'served' });
  const { client, id } = await admit();
  const { userErrors } = meter();
  client.tcp?.pause();
  const payload = Buffer.from(`${JSON.stringify(calling('much', 'x'.repeat(100_000)))}\u001e`);
  await eventually(async () => {
    // The app server does not care that it is to wait.
    for (let at = 0; at < 20; at++) server.send({ type: 'connectionData', connectionId: id, payload, extension: { dataType: 2 } });
    await server.settle();
    expect(closed('SlowClient')).toBe(1);
  });
  expect(meter().userErrors).toBe(userErrors + 1);
  client.cut();
  await bystanders.unharmed();
});

test('without limits, nothing is made for a client', async () => {
  await start({});
  await admit('flo');
  expect([rig.service.hub('chat').messageLimits, rig.service.quotas, rig.service.messageBucket]).toEqual([undefined, undefined, undefined]);
});

test('names that are kept have a length', async () => {
  await start({}, { maximumNameLength: 100 });
  const { id } = await admit('flo');
  const [long, longest] = ['x'.repeat(101), 'x'.repeat(100)];
  server.send({ type: 'joinGroupWithAck', connectionId: id, group: long, ackId: 1 });
  server.send({ type: 'joinGroupWithAck', connectionId: id, group: longest, ackId: 2 });
  server.send({ type: 'userJoinGroupWithAck', userId: 'ann', group: long, ackId: 3, extension: {} });
  server.send({ type: 'userJoinGroupWithAck', userId: long, group: 'g', ackId: 4, extension: {} });
  for (const [ackId, status] of [
    [1, 5],
    [2, 1],
    [3, 5],
    [4, 5],
  ] as const) {
    expect(await server.next('ack')).toMatchObject({ ackId, status });
  }
  const payloads = payloadsOf(calling('question'));
  server.send({ type: 'clientInvocation', invocationId: long, connectionId: id, callerServerId: 'served', payloads });
  expect((await server.next('errorCompletion')).error).toContain('maximumNameLength');
  expect(rig.service.hub('chat').results.size).toBe(0);
});
