import { encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { writeServiceMessage } from '../../src/protocol/service/writer.ts';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from './app-server.ts';
import { Bystanders, stickTo } from './bystanders.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let bystanders: Bystanders;

async function start(options: Parameters<typeof ServiceRig.start>[0] = {}): Promise<void> {
  rig = await ServiceRig.start(options);
  bystanders = await Bystanders.of(rig);
}
afterEach(() => rig.close());

const framed = (body: Uint8Array): Buffer => {
  const head: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(head), body]);
  }
};
const packed = (value: unknown): Buffer => framed(encode(value));
const ended = (server: ScriptedServer): Promise<number> =>
  eventually(() => {
    if (server.closed === undefined) throw new Error('The server connection is still open.');
    return server.closed;
  });
const HANDSHAKE = { type: 'handshakeRequest', version: 1, connectionType: 0, target: '' } as const;

describe('the handshake of an app server', () => {
  beforeEach(() => start());

  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['that is another message', writeServiceMessage({ type: 'ping', entries: [] }), /first message is to be a handshake request.*ping/],
    ['that is an unknown message', packed([99]), /first message.*unknown/],
    ['of version 2', writeServiceMessage({ ...HANDSHAKE, version: 2 }), /Version 2/],
    ['of version -1', writeServiceMessage({ ...HANDSHAKE, version: -1 }), /Version -1/],
    ['of an unknown kind of connection', writeServiceMessage({ ...HANDSHAKE, connectionType: 3 }), /type 3/],
    ['that is malformed', packed([1, 'one']), /version/],
    ['that is no array', packed('hello'), /array/],
    ['that is empty', Buffer.of(0), /array/],
  ];

  test.each(refused)('%s is refused in words', async (_, bytes, words) => {
    const server = await ScriptedServer.dial(rig);
    server.sendBytes(bytes);
    expect((await server.next('handshakeResponse')).error).toMatch(words);
    expect(await ended(server)).toBe(1000);
    await bystanders.unharmed();
    expect(rig.logged.filter(({ id }) => id === 'service.server-refused')).toHaveLength(1);
  });

  test('is taken in the forms of all releases', async () => {
    for (const form of [
      [1, 1],
      [1, 1, 0, ''],
      [1, 1, 0, null, 1],
      [1, 1, 1, 'x', 1, {}],
      [1, 1, 2, '', 0, {}, true, 'later'],
    ]) {
      const server = await ScriptedServer.dial(rig);
      server.sendBytes(packed(form));
      expect(await server.next('handshakeResponse')).toMatchObject({ error: '', connectionId: server.connectionId });
      await server.close();
    }
  });

  test('that comes twice changes nothing', async () => {
    const server = await ScriptedServer.connect(rig, { serverId: 'twice' });
    server.send({ ...HANDSHAKE, connectionType: 2 });
    await server.settle();
    expect(server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
    expect(rig.service.hubs.get('chat')?.links.ofServer('twice')?.size).toBe(1);
    await bystanders.unharmed();
  });

  test('that comes a byte at a time is one', async () => {
    const server = await ScriptedServer.dial(rig);
    for (const byte of writeServiceMessage({ ...HANDSHAKE })) server.sendBytes(Buffer.of(byte));
    expect((await server.next('handshakeResponse')).error).toBe('');
  });
});

test('an app server that says nothing is given up after its time', async () => {
  const clock = new FakeClock();
  await start({ clock });
  const server = await ScriptedServer.dial(rig);
  clock.advance(14_000);
  await bystanders.unharmed();
  clock.advance(1_300);
  expect((await server.next('handshakeResponse')).error).toMatch(/15000 ms/);
  await ended(server);
  await bystanders.unharmed();
});

test('an app server that falls silent is given up, and its clients may come back', async () => {
  const clock = new FakeClock();
  await start({ clock });
  const server = await ScriptedServer.connect(rig, { serverId: 'silent' });
  const client = await RawClient.connect(rig, { claims: stickTo(server) });
  await server.accept();
  for (let second = 0; second < 36; second++) {
    if (second % 8 === 0) await bystanders.unharmed();
    clock.advance(1_000);
  }
  await ended(server);
  await client.ended();
  expect(client.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
  expect(rig.logged.filter(({ id }) => id === 'service.server-silent')).toHaveLength(1);
  await bystanders.unharmed();
});

describe('what breaks the stream', () => {
  beforeEach(() => start({ maximumServerMessageSize: 1_048_576 }));

  const breaking: readonly (readonly [string, Buffer])[] = [
    ['a length of more than 31 bits', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a length that never ends', Buffer.alloc(20, 0xff)],
    ['a length of 2 GB', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07])],
    ['a length just past the limit', Buffer.concat([framed(Buffer.alloc(0)), Buffer.from([0xfe, 0xff, 0x3f])])],
  ];

  test.each(breaking)('%s ends the connection with the reason, at once', async (_, bytes) => {
    const server = await ScriptedServer.connect(rig, { serverId: 'broken' });
    server.sendBytes(bytes);
    expect((await server.next('serviceError')).message).toMatch(/SIGNALBOX_SERVICE_STREAM|bits|announced/);
    await ended(server);
    await bystanders.unharmed();
    expect(rig.logged.map(({ id }) => id)).toContain('service.stream-broken');
  });

  test('a WebSocket message past the limit closes it before it is read', async () => {
    const server = await ScriptedServer.connect(rig, { serverId: 'broken' });
    server.sendBytes(Buffer.alloc(1_100_000));
    expect(await ended(server)).toBe(1009);
    await bystanders.unharmed();
  });

  test('its clients are let go in a way that lets them come back', async () => {
    const server = await ScriptedServer.connect(rig, { serverId: 'broken' });
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    await server.accept();
    server.sendBytes(Buffer.alloc(6, 0xff));
    await client.ended();
    expect(client.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
  });
});

describe('what is no message', () => {
  beforeEach(() => start({ maximumMalformedMessages: 10 }));

  /** Data for a connection whose extension has, at the key 77, lists in lists. */
  const deep = (levels: number, connectionId = 'c', payload = Buffer.of(7), more: readonly unknown[] = []): Buffer =>
    framed(
      Buffer.concat([
        Buffer.of(0x94 + more.length, 6),
        encode(connectionId),
        encode(payload),
        Buffer.of(0x81, 77),
        Buffer.alloc(levels, 0x91),
        Buffer.of(0x90),
        ...more.map((item) => encode(item)),
      ]),
    );
  const odd: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.of(0)],
    ['the byte that MessagePack never uses', framed(Buffer.of(0xc1))],
    ['an extension type', framed(Buffer.from([0xc7, 0xff, 0x01]))],
    ['a data message without a payload', packed([6, 'c'])],
    ['a payload of another type', packed([6, 'c', [1, 2]])],
    ['a connection id that is a number', packed([6, 1, new Uint8Array(1)])],
    ['a deeply nested value in an extension', deep(500)],
    ['a map that announces four billion entries', framed(Buffer.from([0x93, 10, 0x90, 0xdf, 0xff, 0xff, 0xff, 0xff]))],
    [
      'a map of five thousand payloads',
      packed([10, [], Object.fromEntries(Array.from({ length: 5_000 }, (__, at) => [`p${at}`, new Uint8Array()]))]),
    ],
    ['a text that is cut short', framed(Buffer.from([0x93, 24, 0xd9, 200, 0x61]))],
  ];

  test.each(odd)('%s is left out, and the connection goes on', async (_, bytes) => {
    const server = await ScriptedServer.connect(rig, { serverId: 'odd' });
    server.sendBytes(bytes);
    await server.settle();
    expect(server.closed).toBeUndefined();
    expect(rig.logged.filter(({ id }) => id === 'service.malformed-message')).toHaveLength(1);
    await bystanders.unharmed();
  });

  test('closes the connection when it comes again and again, and is not logged without end', async () => {
    const server = await ScriptedServer.connect(rig, { serverId: 'odd' });
    server.sendBytes(Buffer.alloc(50_000));
    expect((await server.next('serviceError')).message).toMatch(/More than 10 messages were malformed/);
    await ended(server);
    const fields = await eventually(() => {
      const logged = rig.logged.filter(({ id }) => id === 'service.malformed-message');
      expect(logged).toHaveLength(2);
      return logged[1]?.fields;
    });
    expect(fields).toMatchObject({ serverId: 'odd', leftOut: 9 });
    await bystanders.unharmed();
  });

  test('is not what is of a later release: unknown numbers, items and extension keys', async () => {
    const server = await ScriptedServer.connect(rig, { serverId: 'later' });
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.accept();
    server.sendBytes(Buffer.concat(Array.from({ length: 1_000 }, (_, at) => packed([100 + at, { any: 'thing' }]))));
    const payload = Buffer.from('{"type":6}\u001e');
    server.sendBytes(deep(10, connectionId, payload, ['more', ['items']]));
    expect(await client.hears(2)).toEqual([{}, { type: 6 }]);
    expect(rig.logged.filter(({ id }) => id.startsWith('service.m'))).toEqual([]);
    await bystanders.unharmed();
  });
});

test('messages that only the service sends are taken without an effect', async () => {
  await start();
  const server = await ScriptedServer.connect(rig, { serverId: 'mirror' });
  const id = bystanders.here.connectionId;
  server.send({ type: 'openConnection', connectionId: id, claims: [] });
  server.send({ type: 'handshakeResponse', error: 'no' });
  server.send({ type: 'serviceError', message: 'no' });
  server.send({ type: 'serviceEvent', objectType: 0, objectId: null, kind: 0, message: null });
  server.send({ type: 'ack', ackId: 1, status: 1, message: null });
  server.send({ type: 'accessKeyResponse', keyId: null, accessKey: 'x', errorType: null, errorMessage: null });
  server.send({ type: 'serviceMapping', invocationId: 'i', connectionId: id, instanceId: 'x' });
  server.send({ type: 'connectionReconnect', connectionId: id });
  server.send({ type: 'connectionFlowControl', connectionId: id, target: 1, operation: 4 });
  await server.settle();
  expect(server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
  await bystanders.unharmed();
});

test('random bytes, whole or in pieces, end their own connection or are left out', async () => {
  await start();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), async (pieces) => {
      const server = await ScriptedServer.connect(rig, { serverId: 'random' });
      for (const piece of pieces) server.sendBytes(piece);
      await server.close();
      await eventually(() => expect(rig.service.hubs.get('chat')?.links.ofServer('random')).toBeUndefined());
    }),
    { numRuns: 100 },
  );
  await bystanders.unharmed();
});
