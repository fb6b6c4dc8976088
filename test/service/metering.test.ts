import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubMeter } from '../../src/metering/hub-meter.ts';
import { UNIT } from '../../src/metering/units.ts';
import { eventually } from '../eventually.ts';
import { ACCEPTED, calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { NegotiatedClient } from './negotiated-client.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let server: ScriptedServer;

beforeEach(async () => {
  rig = await ServiceRig.start({ metering: { methods: true, users: true, groups: true } });
  server = await ScriptedServer.connect(rig);
});
afterEach(() => rig.close());

const meter = (): HubMeter => rig.service.meter.hub('chat');

/** A client that its app server has let in. */
async function admitted(traits: Parameters<typeof RawClient.connect>[1] = {}): Promise<{ client: RawClient; connectionId: string }> {
  const client = await RawClient.connect(rig, traits);
  const { connectionId } = await server.accept();
  await client.hears(1);
  return { client, connectionId };
}

/** A call whose record, its separator included, has so many bytes. */
function callOf(bytes: number): object {
  const empty = Buffer.byteLength(JSON.stringify(calling('send', ''))) + 1;
  return calling('send', 'x'.repeat(bytes - empty));
}

describe('the examples of the documentation', () => {
  test('1 KB to three clients is three messages', async () => {
    const clients = await Promise.all([0, 1, 2].map(() => RawClient.connect(rig)));
    for (const _ of clients) await server.accept();
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(callOf(1_024)) });
    await Promise.all(clients.map((client) => client.hears(2)));
    expect(meter().billed).toBe(3);
  });

  test('a message that the service is asked to send to one client is one', async () => {
    const { client, connectionId } = await admitted();
    server.send({ type: 'multiConnectionData', connectionIds: [connectionId], payloads: payloadsOf(callOf(100)) });
    await client.hears(2);
    expect(meter().billed).toBe(1);
  });

  test('a message of client A to client B over their app server is two: one to the app server, one to B', async () => {
    const a = await admitted();
    const b = await admitted();
    a.client.say(callOf(100));
    await server.heard(a.connectionId);
    server.tell(b.connectionId, callOf(100));
    await b.client.hears(2);
    expect([meter().billedToServers, meter().billedToClients]).toEqual([1, 1]);
  });

  test('a broadcast of 4 KB by one of three clients is eight: two to the app server, and two to each client', async () => {
    const sender = await admitted();
    const others = [await admitted(), await admitted()];
    sender.client.say(callOf(4_096));
    await server.heard(sender.connectionId);
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(callOf(4_096)) });
    await Promise.all([sender, ...others].map(({ client }) => client.hears(2)));
    expect(meter().billed).toBe(8);
  });

  test('two app servers with five hubs have 50 server connections', async () => {
    await server.close();
    const dialled: Promise<ScriptedServer>[] = [];
    for (const serverId of ['one', 'two']) {
      for (let hub = 0; hub < 5; hub++) {
        for (let at = 0; at < 5; at++) dialled.push(ScriptedServer.connect(rig, { serverId, hub: `hub${hub}` }));
      }
    }
    await Promise.all(dialled);
    await eventually(() => expect(rig.service.meter.connections).toEqual({ clients: 0, servers: 50, connections: 50, appServers: 2 }));
  });
});

describe('what is billed', () => {
  test.each([1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT, 5 * UNIT + 1].map((bytes) => Math.max(bytes, 100)))(
    'a call of %i bytes, both ways',
    async (bytes) => {
      const { client, connectionId } = await admitted();
      client.say(callOf(bytes));
      await server.heard(connectionId);
      server.tell(connectionId, callOf(bytes));
      await client.hears(2);
      const units = Math.ceil(bytes / UNIT);
      expect([meter().billedToServers, meter().billedToClients]).toEqual([units, units]);
    },
  );

  test('every hub message by itself, though many leave together', async () => {
    const { client, connectionId } = await admitted();
    const record = `${JSON.stringify(callOf(1_500))}\u001e`;
    client.send(record.repeat(10));
    await eventually(() => expect(meter().billedToServers).toBe(10));
    server.send({ type: 'connectionData', connectionId, payload: Buffer.from(record.repeat(7)) });
    await client.hears(8);
    expect(meter().billedToClients).toBe(7);
  });

  test('a message that comes in pieces once, by all of its bytes', async () => {
    const { client, connectionId } = await admitted();
    const record = Buffer.from(`${JSON.stringify(callOf(5_000))}\u001e`);
    for (let at = 0; at < record.length; at += 700) client.send(record.subarray(at, at + 700));
    await eventually(() => expect([meter().billedToServers, meter().messagesFromClients]).toEqual([3, 1]));
    for (let at = 0; at < record.length; at += 700) {
      server.send({ type: 'connectionData', connectionId, payload: record.subarray(at, at + 700) });
    }
    await client.hears(2);
    expect([meter().billedToClients, meter().messagesToClients]).toEqual([3, 2]);
  });

  test('neither handshakes nor pings, however they are written or cut', async () => {
    const { client, connectionId } = await admitted();
    const pings = ['{"type":6}', '{ "type" : 6 }', '{"other":[1,{"type":1}],"type":6}'];
    for (const ping of pings) client.send(`${ping}\u001e`);
    for (const byte of Buffer.from('{"type":6}\u001e')) client.send(Buffer.of(byte));
    await eventually(() => expect(meter().messagesFromClients).toBe(pings.length + 1));
    server.tell(connectionId, { type: 6 });
    await client.hears(2);
    expect(meter().billed).toBe(0);
    client.send('{"type":6,"type":1,"target":"x","arguments":[]}\u001e');
    await eventually(() => expect(meter().billed).toBe(1));
  });

  test('the same of MessagePack', async () => {
    const client = await RawClient.connect(rig, { protocol: 'messagepack' });
    const { connectionId } = await server.accept();
    await eventually(() => expect(client.received.length).toBe(1));
    const [ping, ack, sequence] = [Buffer.of(2, 0x91, 6), Buffer.of(3, 0x92, 8, 1), Buffer.of(3, 0x92, 9, 1)];
    const call = Buffer.of(6, 0x95, 1, 0x80, 0xc0, 0xa0, 0x90);
    client.send(Buffer.concat([ping, call, ack, sequence, call]));
    await eventually(() => expect([meter().messagesFromClients, meter().billedToServers]).toEqual([5, 2]));
    server.send({ type: 'connectionData', connectionId, payload: Buffer.concat([call, ping]) });
    await eventually(() => expect([meter().messagesToClients, meter().billedToClients]).toEqual([3, 1]));
  });

  test('nothing that the service and an app server say to each other', async () => {
    const { connectionId } = await admitted();
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    await server.next('ack');
    await server.settle();
    expect(meter().billed).toBe(0);
    expect(meter().bytesToServers).toBeGreaterThan(0);
  });
});

test('bytes are counted as they come and go, whatever they are', async () => {
  const { client, connectionId } = await admitted();
  const { bytesFromClients, bytesToClients, bytesToServers, bytesFromServers } = meter();
  const before = { bytesFromClients, bytesToClients, bytesToServers, bytesFromServers };
  client.send('{"type":6}\u001e');
  await server.heard(connectionId);
  server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('x')) });
  await client.hears(2);
  expect(meter().bytesFromClients - before.bytesFromClients).toBe(11);
  expect(meter().bytesToClients - before.bytesToClients).toBe(JSON.stringify(calling('x')).length + 1);
  expect(meter().bytesToServers - before.bytesToServers).toBeGreaterThan(11);
  expect(meter().bytesFromServers - before.bytesFromServers).toBeGreaterThan(JSON.stringify(calling('x')).length);
  expect(meter().messagesToClients).toBe(2);
  expect(client.text.startsWith(ACCEPTED)).toBe(true);
});

test('by method, user and group, where somebody asks', async () => {
  const ann = await admitted({ claims: { nameid: 'ann' } });
  const bob = await admitted({ claims: { nameid: 'bob' } });
  for (const { connectionId } of [ann, bob]) server.send({ type: 'joinGroup', connectionId, group: 'lobby' });
  await server.settle();
  ann.client.say(calling('Send', 'x'.repeat(3_000)));
  await server.heard(ann.connectionId);
  server.send({ type: 'groupBroadcastData', group: 'lobby', excluded: [], excludedUserIds: [], payloads: payloadsOf(calling('message')) });
  server.tell(ann.connectionId, { type: 3, invocationId: '1', result: 'ok' });
  await ann.client.hears(3);
  await bob.client.hears(2);
  const { methods, users, groups } = rig.service.hub('chat').names ?? {};
  expect(methods?.counts).toEqual(
    new Map([
      ['Send', 2],
      ['message', 2],
      ['(no call)', 1],
    ]),
  );
  expect(users?.counts).toEqual(
    new Map([
      ['ann', 4],
      ['bob', 1],
    ]),
  );
  expect(groups?.counts).toEqual(new Map([['lobby', 2]]));
});

test('names past the limit are counted as one', async () => {
  await rig.close();
  rig = await ServiceRig.start({ metering: { methods: true, maximumNames: 3 } });
  server = await ScriptedServer.connect(rig);
  const { client } = await admitted();
  for (let at = 0; at < 100; at++) client.say(calling(`method${at}`));
  client.say(calling('y'.repeat(10_000)));
  await eventually(() => expect(meter().messagesFromClients).toBe(101));
  const { methods } = rig.service.hub('chat').names ?? {};
  expect([...(methods?.counts ?? [])]).toEqual([
    ['method0', 1],
    ['method1', 1],
    ['method2', 1],
    ['(other)', 97 + 5],
  ]);
});

test('what stateful reconnect sends again is billed once, and its acks and sequence messages are free', async () => {
  await server.close();
  server = await ScriptedServer.connect(rig, { statefulReconnect: true });
  const client = await NegotiatedClient.negotiate(rig);
  const first = await client.shake();
  await server.accept();
  await first.hears(1);
  first.say(calling('Send', 1));
  first.say(calling('Send', 2));
  first.say({ type: 8, sequenceId: 0 });
  await eventually(() => expect(meter().messagesFromClients).toBe(3));
  server.tell(client.id, callOf(3_000));
  await first.hears(2);
  first.cut();
  await server.next('connectionData', ({ payload }) => payload.toString() === '{"type":6}\u001e');
  const second = await client.open();
  await server.next('connectionReconnect');
  // Nothing of the service's was acknowledged: it sends that again, and the client what it does not know to have arrived.
  second.say({ type: 9, sequenceId: 2 });
  second.say(calling('Send', 2));
  second.say(calling('Send', 3));
  await eventually(() => expect(meter().messagesFromClients).toBe(6));
  await eventually(() => expect(second.text).toContain('xxx'));
  expect([meter().billedToServers, meter().billedToClients]).toEqual([3, 2]);
});
