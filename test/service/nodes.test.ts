import { afterEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../src/backplane/bus.ts';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { AckStatus } from '../../src/protocol/service/codes.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { WeakBus } from '../cluster/weak-bus.ts';
import { eventually } from '../eventually.ts';
import { ACCEPTED, calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { apart, mixed, ServiceRig, type Topology } from './rig.ts';

let rig: ServiceRig;
let buses: WeakBus[] = [];
afterEach(() => rig.close());

/** Nodes soon find that another is silent. */
const QUICK = { heartbeatInterval: 300, nodeTimeout: 1_200, answerTimeout: 1_000 };

async function start(topology: Topology, options: Partial<ServiceOptions> = {}): Promise<void> {
  buses = [];
  const exchange = new MemoryExchange();
  const connect = (): Bus => {
    const bus = new WeakBus(exchange.connect());
    buses.push(bus);
    return bus;
  };
  rig = await ServiceRig.start(options, topology, connect);
}

const by = (server: ScriptedServer): { readonly claims: Record<string, string> } => ({
  claims: { 'asrs.s.sn': server.serverId, 'asrs.s.ssticky': 'Required' },
});
const farewell = { type: 7, allowReconnect: true };
const id = (node: number): string => rig.nodes[node]?.service.instanceId ?? '';

describe('between nodes', () => {
  test('what one app server says reaches a client in order, small and large, to one and to many', async () => {
    await start(apart, { nodes: { joinTime: 20, maximumMessageSize: 20_000 } });
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    await server.next('ack');
    const sent: object[] = [];
    for (let n = 0; n < 200; n++) {
      const message = calling('n', n, 'x'.repeat(n % 7 === 0 ? 50_000 : 10));
      const payloads = payloadsOf(message);
      sent.push(message);
      if (n % 4 === 0) server.tell(connectionId, message);
      if (n % 4 === 1) server.send({ type: 'broadcastData', excluded: [], payloads });
      if (n % 4 === 2) server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads });
      if (n % 4 === 3) server.send({ type: 'multiConnectionData', connectionIds: [connectionId, 'nobody'], payloads });
    }
    expect((await client.hears(201)).slice(1)).toEqual(sent);
  });

  test('who asks a client, who serves it and where it is are three', async () => {
    await start({ name: 'three nodes', nodes: 3, client: () => 1, server: (n) => (n === 0 ? 0 : 2) });
    const asking = await ScriptedServer.connect(rig, { serverId: 'asking' });
    const serving = await ScriptedServer.connect(rig, { serverId: 'serving' });
    const client = await RawClient.connect(rig, by(serving));
    const { connectionId } = await serving.accept();
    await client.hears(1);
    const ask = { type: 'clientInvocation', connectionId, callerServerId: 'asking', payloads: payloadsOf(calling('ask')) } as const;
    asking.send({ ...ask, invocationId: 'i1' });
    expect(await serving.next('clientInvocation')).toMatchObject({ invocationId: 'i1', callerServerId: 'asking' });
    expect(await asking.next('serviceMapping')).toMatchObject({ invocationId: 'i1', instanceId: id(1) });
    await client.hears(2);
    const answer = { connectionId, senderServerId: 'serving', protocol: 'json', payload: Buffer.from('42') } as const;
    serving.send({ type: 'clientCompletion', invocationId: 'i1', ...answer });
    expect(await asking.next('clientCompletion')).toMatchObject({ invocationId: 'i1', payload: answer.payload });
    asking.send({ ...ask, invocationId: 'i2' });
    await serving.next('clientInvocation');
    serving.cut();
    expect(await asking.next('errorCompletion')).toMatchObject({ invocationId: 'i2' });
    expect((await client.hears(4)).at(-1)).toEqual(farewell);
  });

  test('an app server that does not take what comes holds its clients back at every node', async () => {
    await start(apart, { serverBufferSize: 16_384, nodes: { joinTime: 20 } });
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    server.stopReading();
    const message = Buffer.from(`${JSON.stringify(calling('much', 'x'.repeat(60_000)))}\u001e`);
    let count = 0;
    // Sockets take some megabytes; past that, what is sent stays with the client.
    await eventually(async () => {
      for (let n = 0; n < 20 && client.socket.bufferedAmount < 4_000_000; n++, count++) client.send(message);
      if (client.socket.bufferedAmount < 4_000_000) throw new Error('It is not held.');
    });
    expect(count * message.length).toBeLessThan(200_000_000);
    server.readOn();
    let bytes = 0;
    while (bytes < count * message.length) {
      bytes += (await server.next('connectionData', (data) => data.connectionId === connectionId)).payload.length;
    }
    expect(bytes).toBe(count * message.length);
  });

  test('clients are served by the least loaded app server, and of equal ones by one of their own node', async () => {
    await start(mixed);
    const far = await ScriptedServer.connect(rig, { serverId: 'far' });
    const near = await ScriptedServer.connect(rig, { serverId: 'near' });
    for (const server of [near, far, near, far]) {
      await RawClient.connect(rig);
      await server.accept();
    }
    // A client of the other node counts here, too.
    const elsewhere = await RawClient.connect({ clientPort: rig.nodes[1]?.port } as ServiceRig, by(near));
    await near.accept();
    await elsewhere.hears(1);
    for (const server of [far, near, far]) {
      await settled();
      await RawClient.connect(rig);
      await server.accept();
    }
  });

  /** Waits until both nodes know what each link serves. */
  const settled = (): Promise<void> =>
    eventually(() => {
      const loads = rig.nodes.map(({ service }) =>
        [...service.hub('chat').links].map(({ traits, load }) => `${traits.id} ${load}`).toSorted(),
      );
      if (JSON.stringify(loads[0]) !== JSON.stringify(loads[1])) throw new Error(`Loads differ: ${JSON.stringify(loads)}`);
    });

  test('an app server is asked for one more connection when clients of all nodes are many', async () => {
    await start(apart, { clientsPerServerConnection: 2, nodes: { joinTime: 20 } });
    const server = await ScriptedServer.connect(rig);
    for (const port of [rig.nodes[0]?.port, rig.nodes[1]?.port]) {
      await RawClient.connect({ clientPort: port } as ServiceRig);
      await server.accept();
    }
    const { entries } = await server.next('ping', (ping) => ping.entries[0] === 'target');
    expect(entries).toEqual(['target', id(1)]);
  });
});

describe('a node', () => {
  test('that joins under load serves and is served, and knows what users are in', async () => {
    await start(apart);
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    server.send({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g', extension: {}, ackId: 1 });
    await server.next('ack');
    let sent = 0;
    const load = setInterval(() => server.tell(connectionId, calling('n', sent++)), 1);
    const node = await rig.addNode();
    const ann = await RawClient.connect({ clientPort: node.port }, { claims: { nameid: 'ann' } });
    await server.accept();
    await ann.hears(1);
    server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('hi')) });
    expect(await ann.hears(2)).toEqual([{}, calling('hi')]);
    const late = await ScriptedServer.connect({ serverPort: node.port }, { serverId: 'late' });
    const served = await RawClient.connect(rig, by(late));
    await late.accept();
    await served.hears(1);
    clearInterval(load);
    expect(await client.hears(sent + 1)).toEqual([{}, ...Array.from({ length: sent }, (_, n) => calling('n', n))]);
  });

  test('that closes lets clients of the others come back, and tells app servers of its own', async () => {
    await start(mixed);
    const far = await ScriptedServer.connect(rig, { serverId: 'far' });
    const near = await ScriptedServer.connect(rig, { serverId: 'near' });
    const client = await RawClient.connect(rig, by(far));
    await far.accept();
    const elsewhere = await RawClient.connect({ clientPort: rig.nodes[1]?.port } as ServiceRig, by(near));
    const { connectionId } = await near.accept();
    await Promise.all([client.hears(1), elsewhere.hears(1)]);
    await rig.nodes[1]?.service.close();
    expect((await client.hears(2)).at(-1)).toEqual(farewell);
    expect(await near.next('closeConnection')).toMatchObject({ connectionId });
    await near.next('ping', ({ entries }) => entries[0] === 'offline' && entries[1] !== null);
    rig.nodes.pop();
  });

  test('that falls silent is offline for app servers, and its clients are gone', async () => {
    await start(mixed, { nodes: { joinTime: 20, ...QUICK } });
    const far = await ScriptedServer.connect(rig, { serverId: 'far' });
    const near = await ScriptedServer.connect(rig, { serverId: 'near' });
    const client = await RawClient.connect(rig, by(far));
    const { connectionId } = await far.accept();
    const home = await RawClient.connect(rig, by(near));
    const stays = await near.accept();
    await Promise.all([client.hears(1), home.hears(1)]);
    const [bus] = buses as [WeakBus];
    bus.away = true;
    expect(await far.next('closeConnection')).toMatchObject({ connectionId });
    expect((await far.next('ping', ({ entries }) => entries[0] === 'offline')).entries).toEqual(['offline', id(0)]);
    expect((await near.next('ping', ({ entries }) => entries[0] === 'offline')).entries).toEqual(['offline', id(1)]);
    expect((await client.hears(2)).at(-1)).toEqual(farewell);
    near.tell(stays.connectionId, calling('still here'));
    expect(await home.hears(2)).toEqual([{}, calling('still here')]);
    bus.away = false;
    await rig.whole();
    const again = await RawClient.connect(rig, by(far));
    await far.accept();
    expect(await again.hears(1)).toEqual([{}]);
  });
});

describe('a bus', () => {
  test('that loses one message of a client has that client closed, not its message missed', async () => {
    await start(apart, { nodes: { joinTime: 20, ...QUICK } });
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    const [bus] = buses as [WeakBus];
    let lost = 0;
    bus.loses = (subject) => subject.includes('.node.') && lost++ === 0;
    client.say(calling('lost'));
    expect((await client.hears(2)).at(-1)).toEqual(farewell);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    await rig.whole();
    const again = await RawClient.connect(rig);
    const opened = await server.accept();
    again.say(calling('told'));
    expect(await server.heard(opened.connectionId)).toContain('told');
  });

  test('that loses an answer has the request time out', async () => {
    // No heartbeat notices the loss before.
    await start(apart, { nodes: { joinTime: 20, answerTimeout: 200 } });
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    const [bus] = buses as [WeakBus];
    bus.loses = (subject) => subject.includes('.node.');
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    expect(await server.next('ack')).toMatchObject({ ackId: 1, status: AckStatus.timeout });
    server.send({ type: 'clientInvocation', invocationId: 'i', connectionId, callerServerId: 'server-1', payloads: payloadsOf({}) });
    expect(await server.next('errorCompletion')).toMatchObject({ invocationId: 'i' });
  });

  test('that is away refuses nobody whose app server is at the same node', async () => {
    await start(mixed, { nodes: { joinTime: 20, ...QUICK } });
    await ScriptedServer.connect(rig, { serverId: 'far' });
    const near = await ScriptedServer.connect(rig, { serverId: 'near' });
    for (const bus of buses) bus.away = true;
    await eventually(() => {
      if (rig.service.nodes?.others.size !== 0) throw new Error('The other node is still there.');
    });
    const client = await RawClient.connect(rig);
    const { connectionId } = await near.accept(ACCEPTED);
    near.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    expect(await near.next('ack')).toMatchObject({ status: AckStatus.ok });
    near.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('hi')) });
    expect(await client.hears(2)).toEqual([{}, calling('hi')]);
    expect(rig.service.nodes?.state).not.toBe('connected');
  });
});
