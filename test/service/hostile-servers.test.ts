import { afterEach, describe, expect, test } from 'vitest';
import { AckStatus, FlowControlOperation } from '../../src/protocol/service/codes.ts';
import type { OutgoingServiceMessage } from '../../src/protocol/service/messages.ts';
import { writeServiceMessage } from '../../src/protocol/service/writer.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { eventually } from '../eventually.ts';
import { ACCEPTED, calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { Bystanders, stickTo } from './bystanders.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let bystanders: Bystanders;

async function start(options: Parameters<typeof ServiceRig.start>[0] = {}): Promise<ScriptedServer> {
  rig = await ServiceRig.start(options);
  bystanders = await Bystanders.of(rig);
  return ScriptedServer.connect(rig, { serverId: 'hostile' });
}
afterEach(() => rig.close());

const NOBODY = 'nobody';
const payloads = payloadsOf(calling('x'));

test('ids, groups and users that nobody knows are answered as such, or passed over', async () => {
  const server = await start();
  const requests: readonly (readonly [OutgoingServiceMessage, number | undefined])[] = [
    [{ type: 'connectionData', connectionId: NOBODY, payload: Buffer.from(ACCEPTED), extension: { dataType: 1 } }, undefined],
    [{ type: 'closeConnection', connectionId: NOBODY, error: 'x' }, undefined],
    [{ type: 'multiConnectionData', connectionIds: [NOBODY, ''], payloads }, undefined],
    [{ type: 'userData', userId: NOBODY, payloads }, undefined],
    [{ type: 'multiUserData', userIds: [NOBODY, '__proto__', 'constructor'], payloads }, undefined],
    [{ type: 'groupBroadcastData', group: NOBODY, excluded: [NOBODY], payloads, excludedUserIds: [NOBODY] }, undefined],
    [{ type: 'multiGroupBroadcastData', groups: [NOBODY, '__proto__'], payloads }, undefined],
    [{ type: 'joinGroup', connectionId: NOBODY, group: 'g' }, undefined],
    [{ type: 'leaveGroup', connectionId: NOBODY, group: null }, undefined],
    [{ type: 'userLeaveGroup', userId: NOBODY, group: null }, undefined],
    [{ type: 'connectionFlowControl', connectionId: NOBODY, target: 1, operation: FlowControlOperation.pauseAck }, undefined],
    [
      {
        type: 'clientCompletion',
        invocationId: NOBODY,
        connectionId: NOBODY,
        senderServerId: NOBODY,
        protocol: 'json',
        payload: Buffer.alloc(0),
      },
      undefined,
    ],
    [{ type: 'errorCompletion', invocationId: NOBODY, connectionId: NOBODY, callerServerId: NOBODY, error: 'x' }, undefined],
    [{ type: 'joinGroupWithAck', connectionId: NOBODY, group: 'g', ackId: 1 }, AckStatus.notFound],
    [{ type: 'leaveGroupWithAck', connectionId: NOBODY, group: 'g', ackId: 2 }, AckStatus.notFound],
    [{ type: 'checkUserInGroupWithAck', userId: NOBODY, group: 'g', ackId: 3 }, AckStatus.notFound],
    [{ type: 'checkGroupExistenceWithAck', group: NOBODY, ackId: 4 }, AckStatus.notFound],
    [{ type: 'checkConnectionExistenceWithAck', connectionId: NOBODY, ackId: 5 }, AckStatus.notFound],
    [{ type: 'checkUserExistenceWithAck', userId: NOBODY, ackId: 6 }, AckStatus.notFound],
    [{ type: 'userLeaveGroupWithAck', userId: NOBODY, group: 'g', ackId: 7 }, AckStatus.ok],
    [{ type: 'closeConnectionWithAck', connectionId: NOBODY, reason: null, ackId: 8 }, AckStatus.notFound],
    [{ type: 'closeUserConnectionsWithAck', userId: NOBODY, reason: 'x', ackId: 9, excluded: [] }, AckStatus.ok],
    [{ type: 'closeGroupConnectionsWithAck', group: NOBODY, reason: 'x', ackId: 10, excluded: [NOBODY] }, AckStatus.ok],
    [{ type: 'groupMemberQuery', group: NOBODY, ackId: 11, query: [10, null] }, AckStatus.ok],
  ];
  for (const [message] of requests) server.send(message);
  await server.settle();
  const acks = server.received.flatMap((message) => (message.type === 'ack' ? [[message.ackId, message.status]] : []));
  expect(acks).toEqual(
    requests.flatMap(([message, status]) => (status === undefined ? [] : [[(message as { ackId: number }).ackId, status]])),
  );
  expect(server.received.filter(({ type }) => type !== 'ack' && type !== 'ping')).toEqual([]);
  await bystanders.unharmed();
});

test('an app server can touch neither clients nor requests of another one, by data, close, or completions', async () => {
  const server = await start();
  const { connectionId } = bystanders.here;
  server.tell(connectionId, calling('forged'));
  server.answerHandshake(connectionId, '{"error":"no"}\u001e');
  server.send({ type: 'closeConnection', connectionId, error: 'x' });
  await server.settle();
  await bystanders.unharmed();
});

describe('requests without end', () => {
  const join = (ackId: number): Buffer => writeServiceMessage({ type: 'joinGroupWithAck', connectionId: NOBODY, group: 'g', ackId });
  const storm = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, (_, at) => join(at)));

  test('of one that reads are all answered, in order', async () => {
    const server = await start();
    server.sendBytes(storm(100_000));
    await server.settle();
    const acks = server.received.flatMap((message) => (message.type === 'ack' ? [message.ackId] : []));
    expect(acks).toEqual(Array.from({ length: 100_000 }, (_, at) => at));
    await bystanders.unharmed();
  });

  test('of one that closes behind them are all done before it is gone', async () => {
    const server = await start();
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.accept();
    await client.hears(1);
    const joins = Array.from({ length: 5_000 }, (_, at) =>
      writeServiceMessage({ type: 'joinGroup', connectionId: bystanders.here.connectionId, group: `g${at}` }),
    );
    server.sendBytes(Buffer.concat(joins));
    server.tell(connectionId, calling('last'));
    await server.close();
    await client.ended();
    expect(client.messages).toEqual([{}, calling('last'), { type: 7, allowReconnect: true }]);
    await eventually(() => expect(rig.service.hubs.get('chat')?.clients.groups).toBe(5_001));
    await bystanders.unharmed();
  });

  test('are served in turns: others have theirs before they are done', async () => {
    const server = await start();
    const echo = (word: string): Buffer => writeServiceMessage({ type: 'ping', entries: ['echo', word] });
    server.sendBytes(Buffer.concat([echo('first'), storm(200_000), echo('last')]));
    await server.next('ping', ({ entries }) => entries[1] === 'first');
    await bystanders.elsewhere.check();
    // Served in one go, they would have been done before anybody else could be answered.
    expect(server.received.filter((message) => message.type === 'ping' && message.entries[1] === 'last')).toEqual([]);
    await server.next('ping', ({ entries }) => entries[1] === 'last');
  });

  test('of one that never reads are read no further, and it is cut after its time', async () => {
    const clock = new FakeClock();
    const server = await start({ clock, serverBufferSize: 65_536 });
    server.stopReading();
    const { connectionId } = bystanders.here;
    const echo = writeServiceMessage({ type: 'ping', entries: ['echo', 'x'.repeat(10_000)] });
    const requests = 4_000;
    for (let ackId = 0; ackId < requests; ackId++) {
      server.sendBytes(Buffer.concat([writeServiceMessage({ type: 'joinGroupWithAck', connectionId, group: `${ackId}`, ackId }), echo]));
    }
    const { links, clients } = rig.service.hub('chat');
    // It may be read for a while, until what it is to be told fills the system's buffers.
    for (let second = 0; links.ofServer('hostile') !== undefined; second++) {
      if (second % 8 === 0) await bystanders.unharmed();
      clock.advance(1_000);
    }
    expect(clients.groups).toBeLessThan(requests);
    server.cut();
    await bystanders.unharmed();
  });
});

describe('a slow client', () => {
  const filler = calling('x'.repeat(100_000));

  test('is paused at its app server, alone, and goes on when it has read', async () => {
    const server = await start();
    const claims = stickTo(server);
    const [slow, quick] = [await RawClient.connect(rig, { claims }), await RawClient.connect(rig, { claims })];
    const [first, second] = [await server.accept(), await server.accept()];
    await Promise.all([slow.hears(1), quick.hears(1)]);
    slow.socket.pause();
    let sent = 0;
    while (!server.received.some(({ type }) => type === 'connectionFlowControl')) {
      server.tell(first.connectionId, filler);
      sent++;
      await server.settle();
    }
    const paused = await server.next('connectionFlowControl');
    expect(paused).toMatchObject({ connectionId: first.connectionId, target: 1, operation: FlowControlOperation.pause });
    server.tell(second.connectionId, calling('quick'));
    expect(await quick.hears(2)).toEqual([{}, calling('quick')]);
    await bystanders.unharmed();
    slow.socket.resume();
    const resumed = await server.next('connectionFlowControl', ({ operation }) => operation === FlowControlOperation.resume);
    expect(resumed).toMatchObject({ connectionId: first.connectionId, target: 1 });
    expect(await slow.hears(sent + 1)).toHaveLength(sent + 1);
    expect(server.received.filter(({ type }) => type === 'connectionFlowControl')).toEqual([]);
  });

  test('is cut when its app server goes on regardless, and its app server is told that it is gone', async () => {
    const server = await start({ clients: { maximumQueuedBytes: 2_000_000 } });
    const slow = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.accept();
    await slow.hears(1);
    slow.socket.pause();
    while (!server.received.some(({ type }) => type === 'closeConnection')) {
      server.tell(connectionId, filler);
      await server.settle();
    }
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    expect(rig.service.hubs.get('chat')?.clients.get(connectionId)).toBeUndefined();
    slow.cut();
    await bystanders.unharmed();
  });
});

describe('a client that its app server does not answer', () => {
  test('keeps no more than its limit, however small the pieces are', async () => {
    const server = await start({ maximumHeldBytes: 100_000 });
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.next('openConnection');
    const nothing = writeServiceMessage({ type: 'connectionData', connectionId, payload: Buffer.alloc(0), extension: { dataType: 3 } });
    server.sendBytes(Buffer.concat(Array.from({ length: 1_500 }, () => nothing)));
    await server.settle();
    expect(client.closed).toBeUndefined();
    server.sendBytes(Buffer.concat(Array.from({ length: 100 }, () => nothing)));
    await client.ended();
    expect(client.text).toMatch(/sent too much before it answered/);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    expect(rig.logged.map(({ id }) => id)).toContain('service.held-too-much');
    await bystanders.unharmed();
  });

  test('is let go after the time of a handshake', async () => {
    const clock = new FakeClock();
    const server = await start({ clock });
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.next('openConnection');
    await server.settle();
    clock.advance(14_000);
    await bystanders.unharmed();
    expect(client.closed).toBeUndefined();
    clock.advance(1_300);
    await client.ended();
    expect(client.text).toMatch(/Handshake was canceled/);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    await bystanders.unharmed();
  });
});

test('an app server that stalls holds its clients back, is not cut by their bursts, and misses nothing', async () => {
  const server = await start({ serverBufferSize: 65_536, maximumServerQueuedBytes: 4_000_000 });
  const claims = stickTo(server);
  const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(rig, { claims })));
  const ids: string[] = [];
  while (ids.length < clients.length) ids.push((await server.accept()).connectionId);
  await Promise.all(clients.map((client) => client.hears(1)));
  server.stopReading();
  const burst = `${'x'.repeat(300_000)}\u001e`;
  // The first fills what the system takes for the app server, and what is allowed to wait for it.
  for (let at = 0; at < 40; at++) clients[0]?.send(burst);
  for (const client of clients.slice(1)) client.send(burst);
  await eventually(() => expect(clients.slice(1).map(({ socket }) => socket.bufferedAmount)).toEqual(clients.slice(1).map(() => 0)));
  await bystanders.unharmed();
  server.readOn();
  const bytes = new Map(ids.map((id) => [id, 0]));
  await eventually(() => {
    for (const message of server.received.splice(0)) {
      if (message.type === 'connectionData')
        bytes.set(message.connectionId, (bytes.get(message.connectionId) ?? 0) + message.payload.length);
    }
    expect([...bytes.values()].toSorted((a, b) => a - b)).toEqual([...clients.slice(1).map(() => burst.length), 40 * burst.length]);
  });
  expect(server.closed).toBeUndefined();
  await bystanders.unharmed();
});
