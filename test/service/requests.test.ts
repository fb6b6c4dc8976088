import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MessagePackCursor } from '../../src/base/messagepack/cursor.ts';
import { AckStatus } from '../../src/protocol/service/codes.ts';
import type { OutgoingServiceMessage } from '../../src/protocol/service/messages.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, topologies } from './rig.ts';

const payloads = payloadsOf(calling('hi'));

describe.each(topologies)('at $name', (topology) => {
  let rig: ServiceRig;
  let server: ScriptedServer;
  let other: ScriptedServer;
  let ann: RawClient;
  let bob: RawClient;
  let annId: string;
  let bobId: string;

  /** A client of a user, served by a certain app server. */
  async function come(user: string, by: ScriptedServer): Promise<readonly [client: RawClient, id: string]> {
    const claims = { nameid: user, 'asrs.s.sn': by.serverId, 'asrs.s.ssticky': 'Required' };
    const client = await RawClient.connect(rig, { claims });
    const { connectionId } = await by.accept();
    await client.hears(1);
    return [client, connectionId];
  }

  beforeEach(async () => {
    rig = await ServiceRig.start({}, topology);
    server = await ScriptedServer.connect(rig);
    other = await ScriptedServer.connect(rig, { serverId: 'server-2' });
    [ann, annId] = await come('ann', server);
    [bob, bobId] = await come('bob', other);
  });
  afterEach(() => rig.close());

  let lastAck = 0;
  /** The status of the ack that answers a request. */
  async function ask(message: object, by = server): Promise<number> {
    const ackId = ++lastAck;
    by.send({ ...message, ackId } as OutgoingServiceMessage);
    const { status } = await by.next('ack', (ack) => ack.ackId === ackId);
    return status;
  }
  const { ok, notFound } = AckStatus;

  test('every target is reached, whoever serves it', async () => {
    server.send({ type: 'multiConnectionData', connectionIds: [bobId], payloads });
    server.send({ type: 'multiConnectionData', connectionIds: [annId, bobId, 'nobody'], payloads });
    server.send({ type: 'userData', userId: 'bob', payloads });
    server.send({ type: 'multiUserData', userIds: ['ann', 'bob', 'nobody'], payloads });
    server.send({ type: 'broadcastData', excluded: [annId], payloads });
    await bob.hears(6);
    expect(await ann.hears(3)).toEqual([{}, calling('hi'), calling('hi')]);
  });

  test('groups have members of each app server, and leave some out', async () => {
    const join = (connectionId: string, group: string): Promise<number> => ask({ type: 'joinGroupWithAck', connectionId, group });
    expect([await join(annId, 'g'), await join(bobId, 'g'), await join(bobId, 'h')]).toEqual([ok, ok, ok]);
    const group = { type: 'groupBroadcastData', group: 'g', excluded: [], payloads } as const;
    other.send(group);
    other.send({ ...group, excluded: [annId] });
    other.send({ ...group, excludedUserIds: ['ann'] });
    other.send({ type: 'multiGroupBroadcastData', groups: ['g', 'h'], payloads });
    await bob.hears(5);
    expect(await ann.hears(3)).toHaveLength(3);
    expect(await ask({ type: 'leaveGroupWithAck', connectionId: bobId, group: null })).toBe(ok);
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'h' })).toBe(notFound);
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'g' })).toBe(ok);
  });

  test('users are put into groups with their later connections', async () => {
    expect(await ask({ type: 'userJoinGroupWithAck', userId: 'bob', group: 'g', extension: {} })).toBe(ok);
    expect(await ask({ type: 'userJoinGroupWithAck', userId: 'eve', group: 'g', extension: { ttl: 60 } })).toBe(ok);
    const [eve] = await come('eve', other);
    server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads });
    await Promise.all([bob.hears(2), eve.hears(2)]);
    expect(await ask({ type: 'checkUserInGroupWithAck', userId: 'eve', group: 'g' }, other)).toBe(ok);
    expect(await ask({ type: 'userLeaveGroupWithAck', userId: 'eve', group: 'g' }, other)).toBe(ok);
    expect(await ask({ type: 'checkUserInGroupWithAck', userId: 'eve', group: 'g' })).toBe(notFound);
  });

  test('what is there is found', async () => {
    expect(await ask({ type: 'checkConnectionExistenceWithAck', connectionId: bobId })).toBe(ok);
    expect(await ask({ type: 'checkConnectionExistenceWithAck', connectionId: 'nobody' })).toBe(notFound);
    expect(await ask({ type: 'checkUserExistenceWithAck', userId: 'bob' })).toBe(ok);
    expect(await ask({ type: 'checkUserExistenceWithAck', userId: 'nobody' })).toBe(notFound);
    expect(await ask({ type: 'joinGroupWithAck', connectionId: 'nobody', group: 'g' })).toBe(notFound);
    expect(await ask({ type: 'closeConnectionWithAck', connectionId: 'nobody', reason: null })).toBe(notFound);
  });

  test('clients are closed, and their app servers told', async () => {
    expect(await ask({ type: 'closeConnectionWithAck', connectionId: bobId, reason: 'enough' })).toBe(ok);
    expect((await bob.hears(2)).at(-1)).toEqual({ type: 7, error: 'enough', allowReconnect: true });
    expect(await other.next('closeConnection')).toMatchObject({ connectionId: bobId });
    const [again] = await come('bob', other);
    expect(await ask({ type: 'closeUserConnectionsWithAck', userId: 'bob', reason: null, excluded: [] })).toBe(ok);
    await again.ended();
    expect(await ask({ type: 'closeConnectionsWithAck', reason: null, excluded: [annId] })).toBe(ok);
    expect(await ask({ type: 'checkConnectionExistenceWithAck', connectionId: annId })).toBe(ok);
    expect(await ask({ type: 'joinGroupWithAck', connectionId: annId, group: 'g' })).toBe(ok);
    expect(await ask({ type: 'closeGroupConnectionsWithAck', group: 'g', reason: null, excluded: [] }, other)).toBe(ok);
    await ann.ended();
  });

  test('only the app server of a client sends it data and ends it; a weak connection may close anybody', async () => {
    other.tell(annId, calling('forged'));
    other.send({ type: 'closeConnection', connectionId: annId, error: '' });
    await other.settle();
    server.tell(annId, calling('genuine'));
    expect(await ann.hears(2)).toEqual([{}, calling('genuine')]);
    const weak = await ScriptedServer.connect(rig, { serverId: 'weak', connectionType: 2 });
    weak.send({ type: 'closeConnection', connectionId: annId, error: 'over' });
    expect((await ann.hears(3)).at(-1)).toEqual({ type: 7, error: 'over', allowReconnect: true });
  });

  test('the members of a group are listed in pages', async () => {
    const clients = [annId, bobId];
    for (const by of [server, other, server, other]) clients.push((await come('many', by))[1]);
    for (const connectionId of clients) await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' });
    const sorted = clients.toSorted();
    const first = await members(other, [4]);
    expect(first).toEqual([sorted.slice(0, 4), sorted[3]]);
    expect(await members(other, [4, first[1]])).toEqual([sorted.slice(4), null]);
  });

  async function members(by: ScriptedServer, query: readonly (number | string | null)[]): Promise<[string[], string | null]> {
    const ackId = ++lastAck;
    by.send({ type: 'groupMemberQuery', extension: {}, group: 'g', ackId, query });
    const { payload } = await by.next('ack', (ack) => ack.ackId === ackId);
    const cursor = new MessagePackCursor();
    cursor.open(payload as Buffer, 0, payload?.length ?? 0);
    cursor.readArrayLength();
    const ids: string[] = [];
    for (let left = cursor.readArrayLength(); left > 0; left--) {
      cursor.readArrayLength();
      ids.push(cursor.readString() as string);
      cursor.readString();
    }
    return [ids, cursor.readString() as string | null];
  }

  test('a client of another app server is asked for a result', async () => {
    const invocation = { ...calling('ask'), invocationId: 'i1' };
    const asking = { invocationId: 'i1', connectionId: bobId, callerServerId: 'server-1' };
    server.send({ type: 'clientInvocation', ...asking, payloads: payloadsOf(invocation) });
    expect(await other.next('clientInvocation')).toMatchObject(asking);
    const { instanceId } = await server.next('serviceMapping');
    expect(instanceId).toBe(rig.service.instanceId);
    expect((await bob.hears(2)).at(-1)).toEqual(invocation);
    bob.say({ type: 3, invocationId: 'i1', result: 42 });
    const payload = Buffer.from(await other.heard(bobId));
    other.send({
      type: 'clientCompletion',
      invocationId: 'i1',
      connectionId: bobId,
      senderServerId: 'server-2',
      protocol: 'json',
      payload,
    });
    expect(await server.next('clientCompletion')).toMatchObject({ invocationId: 'i1', senderServerId: 'server-2', payload });
  });

  test('who is asked for a result and leaves, or never was, fails it', async () => {
    const asking = { callerServerId: 'server-1', payloads } as const;
    server.send({ type: 'clientInvocation', invocationId: 'i1', connectionId: 'nobody', ...asking });
    expect(await server.next('errorCompletion')).toMatchObject({ invocationId: 'i1', error: "Connection 'nobody' does not exist." });
    server.send({ type: 'clientInvocation', invocationId: 'i2', connectionId: bobId, ...asking });
    await bob.hears(2);
    bob.cut();
    expect(await server.next('errorCompletion')).toMatchObject({ invocationId: 'i2', error: `Connection '${bobId}' disconnected.` });
  });

  test('a result is asked of its own app server’s client without a detour, and is given up by who asked', async () => {
    const asking = { connectionId: bobId, callerServerId: 'server-2', payloads } as const;
    other.send({ type: 'clientInvocation', invocationId: 'i1', ...asking });
    await bob.hears(2);
    expect(other.received.map(({ type }) => type)).not.toContain('serviceMapping');
    server.send({ type: 'clientInvocation', invocationId: 'i2', ...asking, callerServerId: 'server-1' });
    await bob.hears(3);
    const done = { connectionId: bobId, senderServerId: 'server-1', protocol: null, payload: Buffer.alloc(0) } as const;
    server.send({ type: 'clientCompletion', invocationId: 'i2', ...done });
    await server.settle();
    bob.cut();
    expect(await other.next('errorCompletion')).toMatchObject({ invocationId: 'i1' });
    expect(server.received.map(({ type }) => type)).not.toContain('errorCompletion');
  });

  test('pings tell of all clients and app servers', async () => {
    await eventually(async () => {
      server.send({ type: 'ping', entries: ['status', '1'] });
      const { entries } = await server.next('ping', (ping) => ping.entries[0] === 'status');
      expect(entries).toEqual(['status', '1', 'clientcount', '2', 'servercount', '2']);
    });
    server.send({ type: 'ping', entries: ['servers', ''] });
    const { entries } = await server.next('ping', (ping) => ping.entries[0] === 'servers');
    expect(entries[1]).toMatch(/^\d+:server-1;server-2;$/);
  });

  test('an app server that leaves gets no new clients', async () => {
    server.send({ type: 'ping', entries: ['shutdown', 'fin:2'] });
    await server.next('ping', ({ entries }) => entries[1] === 'finack');
    // By the time that a client with a new token comes, every node knows.
    for (let n = 0; n < 3; n++) {
      await RawClient.connect(rig);
      await other.accept();
    }
    expect(server.received.map(({ type }) => type)).not.toContain('openConnection');
  });
});
