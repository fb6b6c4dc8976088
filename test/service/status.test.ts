import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { ACCEPTED, calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;

beforeEach(async () => {
  rig = await ServiceRig.start();
});
afterEach(() => rig.close());

const nothing = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };

test('a service that nobody has found shows nothing but itself', () => {
  const before = Date.now();
  const status = rig.service.status();
  expect(status).toMatchObject({ node: rig.service.instanceId, clients: 0, serverConnections: 0, traffic: nothing, hubs: [] });
  expect(status.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(status.startedAt).toBeLessThanOrEqual(before);
  expect(rig.service.status().startedAt).toBe(status.startedAt);
});

test('hubs are shown by name, with their app servers, those with their connections, and clients where they are', async () => {
  await ScriptedServer.connect(rig, { hub: 'notes', serverId: 'other' });
  const server = await ScriptedServer.connect(rig, { hub: 'chat', connectionId: 'first' });
  await ScriptedServer.connect(rig, { hub: 'chat', connectionId: 'second', connectionType: 2 });
  await RawClient.connect(rig, { claims: { nameid: 'ann' } });
  const { connectionId } = await server.accept();
  server.send({ type: 'joinGroup', connectionId, group: 'lobby' });
  await server.settle();
  const status = rig.service.status();
  expect(status).toMatchObject({ clients: 1, serverConnections: 3 });
  expect(status.hubs.map(({ name }) => name)).toEqual(['chat', 'notes']);
  expect(status.hubs[0]).toMatchObject({ clients: 1, groups: 1, users: 1 });
  expect(status.hubs[0]?.appServers).toMatchObject([
    {
      id: server.serverId,
      clients: 1,
      leaving: false,
      connections: [
        { id: 'first', kind: 'default', clients: 1 },
        { id: 'second', kind: 'weak', clients: 0 },
      ],
    },
  ]);
  expect(status.hubs[0]?.appServers[0]?.connections[0]?.connectedAt).toBeGreaterThanOrEqual(status.startedAt);
  expect(status.hubs[1]).toMatchObject({ clients: 0, groups: 0, users: 0, traffic: nothing });
});

test('traffic is counted both ways, for the hub and in all', async () => {
  const server = await ScriptedServer.connect(rig);
  const client = await RawClient.connect(rig);
  const { connectionId } = await server.accept();
  await client.hears(1);
  const before = rig.service.status().traffic;
  server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('a')) });
  server.tell(connectionId, calling('b'));
  client.send('{"type":6}\u001e');
  await eventually(() => {
    const { messagesIn, messagesOut } = rig.service.status().traffic;
    expect([messagesIn - before.messagesIn, messagesOut - before.messagesOut]).toEqual([1, 2]);
  });
  const { traffic, hubs } = rig.service.status();
  expect(traffic.bytesIn - before.bytesIn).toBe('{"type":6}\u001e'.length);
  expect(traffic.bytesOut - before.bytesOut).toBeGreaterThan(2 * ACCEPTED.length);
  expect(hubs[0]?.traffic).toEqual(traffic);
});

test('what is billed, what goes over app servers and why clients went is counted, for charts', async () => {
  const server = await ScriptedServer.connect(rig);
  const client = await RawClient.connect(rig);
  await server.accept();
  await client.hears(1);
  const before = rig.service.status();
  expect(before.closed).toEqual({});
  server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('a')) });
  await client.hears(2);
  const after = rig.service.status();
  expect(after.billed - before.billed).toBe(1);
  expect(after.hubs[0]?.billed).toBe(after.billed);
  expect(after.serverTraffic.bytesIn).toBeGreaterThan(before.serverTraffic.bytesIn);
  expect(after.serverTraffic.bytesOut).toBe(before.serverTraffic.bytesOut);
  client.close();
  await eventually(() => expect(rig.service.status().closed).toEqual({ Normal: 1 }));
});
