import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AckStatus } from '../../src/protocol/service/codes.ts';
import { ACCEPTED, calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, topologies } from './rig.ts';

describe.each(topologies)('at $name', (topology) => {
  let rig: ServiceRig;
  let server: ScriptedServer;

  beforeEach(async () => {
    rig = await ServiceRig.start({}, topology);
    server = await ScriptedServer.connect(rig);
  });
  afterEach(() => rig.close());

  describe('a client', () => {
    test('is opened with its claims, its request and its protocol, and then its handshake request follows', async () => {
      await RawClient.connect(rig, {
        claims: { nameid: 'ann', role: ['a', 'b'], 'asrs.s.uid': 'ann' },
        query: '&asrs.op=%2Fchat',
        headers: { 'X-Own': 'x' },
      });
      const opened = await server.next('openConnection');
      expect(opened.extension).toEqual({ protocol: 'json' });
      expect(opened.claims).toContainEqual(['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier', 'ann']);
      expect(opened.claims.filter(([type]) => type.endsWith('/role')).map(([, value]) => value)).toEqual(['a', 'b']);
      expect(opened.queryString).toBe('?hub=chat&asrs.op=%2Fchat');
      expect(opened.headers.get('x-own')).toEqual(['x']);
      expect(opened.headers.get('X-Forwarded-For')).toEqual(['127.0.0.1']);
      expect(opened.headers.get('Asrs-Instance-Id')).toEqual([rig.service.instanceId]);
      expect(await server.heard(opened.connectionId)).toBe('{"protocol":"json","version":1}\u001e');
    });

    test('gets nothing before the answer to its handshake, and everything after it in order', async () => {
      const client = await RawClient.connect(rig);
      const { connectionId } = await server.next('openConnection');
      server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('first')) });
      server.tell(connectionId, calling('second'));
      await server.settle();
      expect(client.received).toEqual([]);
      server.answerHandshake(connectionId);
      server.tell(connectionId, calling('third'));
      expect(await client.hears(4)).toEqual([{}, calling('first'), calling('second'), calling('third')]);
    });

    test('is relayed whole, and a message that comes in pieces is marked', async () => {
      const client = await RawClient.connect(rig);
      const { connectionId } = await server.accept();
      client.send('{"type":6}\u001e{"type":1,"tar');
      expect(await server.heard(connectionId)).toBe('{"type":6}\u001e');
      const piece = await server.next('connectionData');
      expect(piece).toMatchObject({ extension: { isPartial: true } });
      expect(piece.payload.toString()).toBe('{"type":1,"tar');
      client.send('get":"x","arguments":[]}\u001e');
      const rest = await server.next('connectionData');
      expect(rest.extension).toEqual({});
      expect(rest.payload.toString()).toBe('get":"x","arguments":[]}\u001e');
    });

    test('that leaves is closed at its app server', async () => {
      const client = await RawClient.connect(rig);
      const { connectionId } = await server.accept();
      client.close();
      expect(await server.next('closeConnection')).toMatchObject({ connectionId, error: '' });
    });

    test('that asks for a protocol which nobody here knows hears in text that it is refused, and in bytes what its app server makes of it', async () => {
      const [refused, accepted] = [await RawClient.connect(rig, { protocol: 'odd' }), await RawClient.connect(rig, { protocol: 'odd' })];
      const kinds = [refused, accepted].map(({ socket }) => {
        const binary: boolean[] = [];
        socket.on('message', (_, isBinary) => binary.push(isBinary));
        return binary;
      });
      const refusal = '{"error":"Requested protocol \'odd\' is not available."}\u001e';
      await server.accept(refusal);
      const { connectionId } = await server.accept();
      server.tell(connectionId, calling('x'));
      await accepted.hears(2);
      await refused.hears(1);
      expect(refused.text).toBe(refusal);
      expect(kinds[0]).toEqual([false]);
      expect(kinds[1]?.at(-1)).toBe(true);
    });

    test('is closed when its app server says so', async () => {
      const client = await RawClient.connect(rig);
      const { connectionId } = await server.accept();
      server.tell(connectionId, { type: 7 });
      server.send({ type: 'closeConnection', connectionId, error: '' });
      expect(await client.ended()).toBe(1000);
      expect(client.messages).toEqual([{}, { type: 7 }]);
    });

    test('whose app server is lost may come back', async () => {
      const client = await RawClient.connect(rig);
      await server.accept();
      server.cut();
      await client.ended();
      expect(client.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
    });

    test('without any app server is refused in words', async () => {
      const client = await RawClient.connect(rig, { hub: 'nobody' });
      await client.ended();
      expect(client.text).toContain('No app server is connected for this hub.');
    });
  });

  test('groups are joined, sent to and left, and each is acknowledged', async () => {
    const [one, two] = [await RawClient.connect(rig), await RawClient.connect(rig)];
    const first = await server.accept();
    await server.accept();
    await Promise.all([one.hears(1), two.hears(1)]);
    server.send({ type: 'joinGroupWithAck', connectionId: first.connectionId, group: 'g', ackId: 7 });
    expect(await server.next('ack')).toMatchObject({ ackId: 7, status: AckStatus.ok });
    server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('hi')) });
    server.send({ type: 'leaveGroupWithAck', connectionId: first.connectionId, group: 'g', ackId: 8 });
    expect(await server.next('ack')).toMatchObject({ ackId: 8, status: AckStatus.ok });
    server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('nobody')) });
    server.send({ type: 'joinGroupWithAck', connectionId: 'nobody', group: 'g', ackId: 9 });
    expect(await server.next('ack')).toMatchObject({ ackId: 9, status: AckStatus.notFound });
    const heard = [one, two].flatMap(({ messages }) => messages.filter((message) => JSON.stringify(message) !== '{}'));
    expect(heard).toEqual([calling('hi')]);
    expect(one.text.startsWith(ACCEPTED)).toBe(true);
  });
});
