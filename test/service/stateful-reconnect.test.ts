import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { DataType, FlowControlOperation } from '../../src/protocol/service/codes.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { NegotiatedClient } from './negotiated-client.ts';
import type { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

const PING = '{"type":6}\u001e';
const ack = (sequenceId: number): object => ({ type: 8, sequenceId });
const sequence = (sequenceId: number): object => ({ type: 9, sequenceId });
const call = (id: number, text = ''): object => ({ arguments: [text], invocationId: String(id), target: 'echo', type: 1 });
const textOf = (message: object): string => `${JSON.stringify(message)}\u001e`;

let clock: FakeClock;
let rig: ServiceRig;
let server: ScriptedServer;

async function start(options: Partial<ServiceOptions> = {}): Promise<void> {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, ...options });
  server = await ScriptedServer.connect(rig, { statefulReconnect: true });
}

beforeEach(() => start());
afterEach(() => rig.closeAt(clock));

/** A client that the app server has let in. */
async function connect(): Promise<NegotiatedClient> {
  const client = await NegotiatedClient.negotiate(rig);
  const raw = await client.shake();
  await server.accept();
  await raw.hears(1);
  return client;
}

/** Its socket is lost, and the service knows: it speaks to the app server in its place. */
async function lose(client: NegotiatedClient): Promise<void> {
  client.raw.cut();
  expect(await server.heard(client.id)).toBe(PING);
}

/** It comes back, and the app server knows. */
async function comeBack(client: NegotiatedClient): Promise<RawClient> {
  const raw = await client.open();
  expect(await server.next('connectionReconnect')).toEqual({ type: 'connectionReconnect', connectionId: client.id, extension: {} });
  return raw;
}

describe('negotiation', () => {
  test('offers it where an app server allows it, and binds the client to that one', async () => {
    const plain = await ScriptedServer.connect(rig, { serverId: 'server-2' });
    for (let count = 0; count < 4; count++) await connect();
    expect(plain.received.filter(({ type }) => type === 'openConnection')).toEqual([]);
  });

  test('does not offer it where no app server allows it, or the one that the client sticks to does not', async () => {
    await ScriptedServer.connect(rig, { serverId: 'server-2' });
    for (const mode of ['Preferred', 'Required']) {
      const { negotiated } = await NegotiatedClient.negotiate(rig, { 'asrs.s.sn': 'server-2', 'asrs.s.ssticky': mode });
      expect(negotiated).not.toHaveProperty('useStatefulReconnect');
    }
    const preferred = await NegotiatedClient.negotiate(rig, { 'asrs.s.sn': 'server-3', 'asrs.s.ssticky': 'Preferred' });
    expect(preferred.negotiated.useStatefulReconnect).toBe(true);
    await server.close();
    await eventually(async () => expect((await NegotiatedClient.negotiate(rig)).negotiated).not.toHaveProperty('useStatefulReconnect'));
  });

  test('refuses a client whose app server has gone since, when no other allows it', async () => {
    const client = await NegotiatedClient.negotiate(rig);
    await ScriptedServer.connect(rig, { serverId: 'server-2' });
    await server.close();
    await eventually(() => expect(rig.service.hubs.get('chat')?.links.size).toBe(1));
    const raw = await client.shake();
    await raw.ended();
    expect(raw.text).toContain('No app server is connected for this hub.');
  });

  test('does not offer it where the service is not to', async () => {
    await rig.close();
    await start({ clients: { allowStatefulReconnects: false } });
    expect((await NegotiatedClient.negotiate(rig)).negotiated).not.toHaveProperty('useStatefulReconnect');
  });
});

describe('what a client sends', () => {
  test('is forwarded but for acks and sequences, the handshake request as it was', async () => {
    const client = await NegotiatedClient.negotiate(rig);
    const raw = await client.shake();
    await server.next('openConnection');
    expect(await server.heard(client.id)).toBe('{"protocol":"json","version":2}\u001e');
    server.answerHandshake(client.id);
    await raw.hears(1);
    server.tell(client.id, calling('first'));
    await raw.hears(2);
    raw.send([call(1), ack(1), { type: 6 }, call(2), sequence(3), call(3)].map(textOf).join(''));
    expect(await server.heard(client.id)).toBe(textOf(call(1)));
    expect(await server.heard(client.id)).toBe(PING + textOf(call(2)));
    expect(await server.heard(client.id)).toBe(textOf(call(3)));
    clock.advance(1_200);
    expect((await raw.hears(3)).at(-1)).toEqual(ack(3));
  });

  test('is not acknowledged before its handshake is answered', async () => {
    const client = await NegotiatedClient.negotiate(rig);
    const raw = await client.shake();
    await server.next('openConnection');
    raw.say(call(1, 'x'.repeat(40_000)));
    await server.next('connectionData', ({ payload }) => payload.length > 40_000);
    clock.advance(5_000);
    server.answerHandshake(client.id);
    await raw.hears(1);
    clock.advance(1_200);
    expect(await raw.hears(2)).toEqual([{}, ack(1)]);
  });

  test('in pieces is forwarded when it is whole, and taken back with its socket', async () => {
    const client = await connect();
    client.raw.send('{"type":1,"invocationId":"1","target":"echo",');
    client.raw.send(`"arguments":[]}\u001e${PING}{"type":1,"tar`);
    expect(await server.heard(client.id)).toBe(`{"type":1,"invocationId":"1","target":"echo","arguments":[]}\u001e${PING}`);
    await lose(client);
    const raw = await comeBack(client);
    raw.send(textOf(sequence(2)) + textOf(call(2)));
    expect(await server.heard(client.id)).toBe(textOf(call(2)));
  });

  test('twice is forwarded once', async () => {
    const client = await connect();
    client.raw.send(textOf(call(1)) + textOf(call(2)));
    expect(await server.heard(client.id)).toBe(textOf(call(1)) + textOf(call(2)));
    await lose(client);
    const raw = await comeBack(client);
    raw.send([sequence(1), call(1), call(2), call(3)].map(textOf).join(''));
    expect(await server.heard(client.id)).toBe(textOf(call(3)));
  });

  test('in several WebSocket messages is limited', async () => {
    await rig.close();
    await start({ maximumStatefulMessageSize: 1_000 });
    const client = await connect();
    client.raw.send(`{"type":1,"target":"${'x'.repeat(600)}`);
    client.raw.send('x'.repeat(600));
    await client.raw.ended();
    expect(client.raw.text).toContain('A message is larger than 1000 bytes (maximumStatefulMessageSize).');
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
  });

  test.each([
    ['{"type":8,"sequenceId":1}\u001e', 'The client acknowledged message 1, but 0 were sent.'],
    ['{"type":8}\u001e', "Expected 'sequenceId' to be a whole number."],
    ['{"type":9,"sequenceId":5}\u001e', "Sequence ID greater than amount of messages we've received."],
  ])('%j ends it', async (bytes, error) => {
    const client = await connect();
    client.raw.send(textOf(call(1)) + bytes + textOf(call(2)));
    expect(await client.raw.ended()).toBe(1000);
    expect(client.raw.messages.at(-1)).toEqual({ type: 7, error });
    expect(await server.heard(client.id)).toBe(textOf(call(1)));
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id, error });
    expect(server.received.filter(({ type }) => type === 'connectionData')).toEqual([]);
  });
});

describe('what a client is sent', () => {
  test('while it is away, or not acknowledged, follows when it comes back; pings do not', async () => {
    const client = await connect();
    server.tell(client.id, calling('one'));
    server.tell(client.id, calling('two'));
    await client.raw.hears(3);
    client.raw.say(ack(1));
    await lose(client);
    server.tell(client.id, { type: 6 });
    server.tell(client.id, calling('three'));
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('four')) });
    await server.settle();
    const raw = await comeBack(client);
    expect(await raw.hears(4)).toEqual([sequence(2), calling('two'), calling('three'), calling('four')]);
    server.tell(client.id, calling('five'));
    server.tell(client.id, { type: 6 });
    expect((await raw.hears(6)).slice(4)).toEqual([calling('five'), { type: 6 }]);
    raw.say(ack(5));
    raw.cut();
    expect(await server.heard(client.id)).toBe(PING);
    expect(await (await comeBack(client)).hears(1)).toEqual([sequence(6)]);
  });

  test('is MessagePack as well', async () => {
    const protocol = new MessagePackHubProtocol();
    const client = await NegotiatedClient.negotiate(rig);
    const raw = await client.shake('messagepack');
    await server.accept();
    await raw.hears(1);
    const write = (sequenceId: number, type: 8 | 9): Uint8Array => protocol.write({ type, sequenceId });
    const say = (target: string): Buffer => Buffer.from(protocol.write({ type: 1, target, arguments: [new Uint8Array(3)] }));
    raw.send(Buffer.concat([say('a'), say('b')]));
    expect(await server.heard(client.id)).toBe(say('a').toString() + say('b').toString());
    raw.cut();
    expect((await server.next('connectionData')).payload).toEqual(Buffer.from(protocol.write({ type: MessageType.ping })));
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('c'), say('c')) });
    await server.settle();
    const next = await comeBack(client);
    await eventually(() => expect(Buffer.concat(next.received)).toEqual(Buffer.concat([write(1, 9), say('c')])));
    next.send(Buffer.concat([write(2, 9), say('b'), say('d'), write(1, 8)]));
    expect(await server.heard(client.id)).toBe(say('d').toString());
  });

  test('comes after the answer to the handshake, whatever that is sent with', async () => {
    const client = await NegotiatedClient.negotiate(rig);
    const raw = await client.shake();
    await server.next('openConnection');
    server.tell(client.id, calling('early'));
    server.answerHandshake(client.id, `{}\u001e${textOf(calling('together'))}`);
    expect(await raw.hears(3)).toEqual([{}, calling('together'), calling('early')]);
    raw.say(ack(2));
    raw.cut();
    await server.next('connectionData', ({ payload }) => payload.toString() === PING);
    expect(await (await comeBack(client)).hears(1)).toEqual([sequence(3)]);
  });

  test('is held back by the app server while too much is not acknowledged', async () => {
    const client = await connect();
    server.tell(client.id, calling('much', 'x'.repeat(110_000)));
    expect(await server.next('connectionFlowControl')).toMatchObject({ connectionId: client.id, operation: FlowControlOperation.pause });
    client.raw.say(ack(1));
    expect(await server.next('connectionFlowControl')).toMatchObject({ connectionId: client.id, operation: FlowControlOperation.resume });
  });

  test('and never acknowledged ends it', async () => {
    const client = await connect();
    server.tell(client.id, calling('much', 'x'.repeat(110_000)));
    await server.next('connectionFlowControl');
    clock.advance(10_200);
    await client.raw.ended();
    expect(client.raw.messages.at(-1)).toMatchObject({ type: 7, allowReconnect: true });
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
    expect(rig.logged.map(({ id }) => id)).toContain('service.not-acknowledged');
  });

  test('while it is away is kept up to the limit, and then it is ended', async () => {
    await rig.close();
    await start({ clients: { maximumQueuedBytes: 10_000 } });
    const client = await connect();
    await lose(client);
    for (let count = 0; count < 4; count++) server.tell(client.id, calling('much', 'x'.repeat(5_000)));
    expect((await server.next('closeConnection')).error).toContain('(maximumQueuedBytes)');
    expect(rig.logged.map(({ id }) => id)).toContain('service.buffer-overflowed');
    await expect(client.open()).rejects.toThrow('404');
  });
});

describe('the end of a client that is away', () => {
  /** Nothing of it is left, and it can't come back. */
  async function expectGone(client: NegotiatedClient): Promise<void> {
    await eventually(() => expect(rig.service.hubs.get('chat')?.clients.size).toBe(0));
    await expect(client.open()).rejects.toThrow('404');
  }

  test('comes when it stays away', async () => {
    const client = await connect();
    await lose(client);
    clock.advance(15_200);
    expect((await server.next('closeConnection')).error).toContain('(disconnectTimeout)');
    await expectGone(client);
  });

  test('comes by its app server', async () => {
    const client = await connect();
    await lose(client);
    server.send({ type: 'closeConnection', connectionId: client.id, error: '' });
    await expectGone(client);
  });

  test('comes by the close message of its app server, which hears of it', async () => {
    const client = await connect();
    await lose(client);
    const payload = Buffer.from('{"type":7,"allowReconnect":true}\u001e');
    server.send({ type: 'connectionData', connectionId: client.id, payload, extension: { dataType: DataType.close } });
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
    await expectGone(client);
  });

  test('comes by anybody who has it closed', async () => {
    const client = await connect();
    await lose(client);
    server.send({ type: 'closeConnectionWithAck', connectionId: client.id, reason: 'because', ackId: 1 });
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id, error: 'because' });
    await expectGone(client);
  });

  test('comes with its app server', async () => {
    const client = await connect();
    await lose(client);
    server.cut();
    await expectGone(client);
  });

  test('comes with the service', async () => {
    const client = await connect();
    await lose(client);
    // It is waited for by nobody: no time has to pass.
    await rig.service.close();
    expect(rig.service.hubs.get('chat')?.clients.size).toBe(0);
  });
});

describe('the leave that an app server takes of a client', () => {
  test('follows what the client has not taken, and ends the connection with its socket', async () => {
    const client = await connect();
    server.tell(client.id, calling('last'));
    server.tell(client.id, { type: 7 });
    expect(await client.raw.hears(3)).toEqual([{}, calling('last'), { type: 7 }]);
    client.raw.cut();
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
    await expect(client.open()).rejects.toThrow('404');
  });

  test('is said again on a socket that takes over', async () => {
    const client = await connect();
    server.tell(client.id, { type: 7, allowReconnect: true });
    await client.raw.hears(2);
    const raw = await client.open();
    await raw.ended();
    expect(raw.messages).toEqual([{ type: 7, allowReconnect: true }]);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
  });
});

test('a client that speaks a version without acks ends with its socket', async () => {
  const client = await NegotiatedClient.negotiate(rig);
  const raw = await client.shake('json', 1);
  await server.accept();
  await raw.hears(1);
  raw.cut();
  expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
  expect(rig.logged.map(({ id }) => id)).toContain('service.reconnect-disabled');
});

test('a client that leaves is gone at once', async () => {
  const client = await connect();
  client.raw.close();
  expect(await server.next('closeConnection')).toMatchObject({ connectionId: client.id });
});
