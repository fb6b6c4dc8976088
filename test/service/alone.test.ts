import { afterEach, expect, test, vi } from 'vitest';
import type * as clusterMessages from '../../src/cluster/messages.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { alone, apart, ServiceRig, type Topology } from './rig.ts';

const envelopes = vi.hoisted(() => ({ made: 0, read: 0 }));

vi.mock('../../src/cluster/messages.ts', async (original) => {
  const messages = await original<typeof clusterMessages>();
  return {
    ...messages,
    writeClusterMessage: (...args: Parameters<typeof messages.writeClusterMessage>) => {
      envelopes.made++;
      return messages.writeClusterMessage(...args);
    },
    readClusterMessage: (...args: Parameters<typeof messages.readClusterMessage>) => {
      envelopes.read++;
      return messages.readClusterMessage(...args);
    },
  };
});

let rig: ServiceRig;
afterEach(() => rig.close());

/** Everything that may concern other nodes: clients, data both ways, broadcasts, groups, users, acks, client results. */
async function exchange(topology: Topology): Promise<number> {
  rig = await ServiceRig.start({}, topology);
  const server = await ScriptedServer.connect(rig);
  const client = await RawClient.connect(rig, { claims: { nameid: 'ann' } });
  const { connectionId } = await server.accept();
  await client.hears(1);
  const before = envelopes.made + envelopes.read;
  const payloads = payloadsOf(calling('hi'));
  client.say(calling('up'));
  await server.heard(connectionId);
  server.tell(connectionId, calling('down'));
  server.send({ type: 'broadcastData', excluded: [], payloads });
  server.send({ type: 'userJoinGroup', userId: 'ann', group: 'g', extension: {} });
  server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads });
  server.send({ type: 'clientInvocation', invocationId: 'i', connectionId, callerServerId: 'server-1', payloads });
  await client.hears(5);
  server.send({ type: 'checkUserExistenceWithAck', userId: 'ann', ackId: 1 });
  await server.next('ack');
  client.close();
  await server.next('closeConnection');
  return envelopes.made + envelopes.read - before;
}

test('without a bus, no envelope is made or read', async () => {
  expect(await exchange(alone)).toBe(0);
  expect(rig.service.nodes).toBeUndefined();
  expect(rig.service.hub('chat').nodes).toBeUndefined();
});

test('with a bus, what crosses it is', async () => {
  expect(await exchange(apart)).toBeGreaterThan(10);
});
