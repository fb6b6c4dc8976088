import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlowControlOperation } from '../../src/protocol/service/codes.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { call, dataOf, done, hears, MigrationScene, moved, record } from './migration-scene.ts';
import { RawClient } from './raw-client.ts';

let scene: MigrationScene;
let old: ScriptedServer;

beforeEach(async () => {
  // Nobody is to be cut who takes nothing for a while.
  scene = await MigrationScene.start({ clients: { maximumQueuedBytes: 100_000_000 } });
  ({ old } = scene);
});
afterEach(() => scene.rig.close());

describe('a client whose app server leaves', () => {
  test('is opened at another one as it was at the first, and both are told where from and where to', async () => {
    const client = await RawClient.connect(scene.rig, { claims: { nameid: 'ann' }, headers: { 'X-Own': 'x' } });
    const first = await old.accept();
    await client.hears(1);
    const next = await scene.server('next');
    await scene.leave();
    const { connectionId } = first;
    const closed = await old.next('closeConnection');
    expect(closed).toMatchObject({ connectionId, error: '' });
    expect(closed.headers).toEqual(new Map([['Asrs-Migrate-To', ['next']]]));
    const opened = await next.next('openConnection');
    expect(opened).toMatchObject({ connectionId, queryString: first.queryString, extension: { protocol: 'json' }, claims: first.claims });
    expect(opened.headers).toEqual(new Map([...first.headers, ['Asrs-Migrate-From', ['old']]]));
    expect(await next.heard(connectionId)).toBe('{"protocol":"json","version":1}\u001e');
    client.say(call('1'));
    expect(await next.heard(connectionId)).toBe(record(call('1')));
    next.tell(connectionId, done('1'));
    expect(await client.hears(2)).toEqual([{}, done('1')]);
    expect(client.closed).toBeUndefined();
  });

  test('keeps its groups and its user', async () => {
    const { client, id, next } = await scene.client({ claims: { nameid: 'ann' } });
    old.send({ type: 'joinGroupWithAck', connectionId: id, group: 'g', ackId: 1 });
    await old.next('ack');
    await scene.leave();
    await moved(next, id);
    next.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('group')) });
    next.send({ type: 'userData', userId: 'ann', payloads: payloadsOf(calling('user')) });
    expect(await client.hears(3)).toEqual([{}, calling('group'), calling('user')]);
  });

  test('hears no second answer to its handshake, and nothing more of its old app server', async () => {
    const { client, id, next } = await scene.client();
    await scene.leave();
    await moved(next, id);
    next.answerHandshake(id);
    old.tell(id, calling('late'));
    old.send({ type: 'closeConnection', connectionId: id, error: '' });
    await old.settle();
    next.tell(id, calling('new'));
    expect(await client.hears(2)).toEqual([{}, calling('new')]);
    expect(client.closed).toBeUndefined();
  });

  test('hears no second answer of a library that does not say what it sends either', async () => {
    const { client, id, next } = await scene.client();
    await scene.leave();
    await moved(next, id);
    next.send({ type: 'connectionData', connectionId: id, payload: Buffer.from('{}\u001e') });
    next.send({ type: 'connectionData', connectionId: id, payload: Buffer.from(record(calling('new'))) });
    expect(await client.hears(2)).toEqual([{}, calling('new')]);
  });

  test('moves only once, however often that is said', async () => {
    const { id, next } = await scene.client();
    await scene.leave();
    await scene.leave();
    await moved(next, id);
    await scene.stays(next);
    expect(old.received.filter(({ type }) => type === 'closeConnection')).toHaveLength(1);
  });

  test('stays where its app server does not let it be moved, or waits for it', async () => {
    const fixed = await ScriptedServer.connect(scene.rig, { hub: 'fixed', serverId: 'fixed' });
    const other = await ScriptedServer.connect(scene.rig, { hub: 'fixed', serverId: 'other', connectionType: 2 });
    await RawClient.connect(scene.rig, { hub: 'fixed' });
    await fixed.accept();
    fixed.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
    await fixed.settle();
    await scene.stays(other);
    const { next } = await scene.client();
    await scene.leave(2);
    await scene.stays(next);
  });
});

describe('a client result', () => {
  const ask = {
    type: 'clientInvocation',
    invocationId: 'ask',
    callerServerId: '',
    payloads: payloadsOf({ type: 1, invocationId: 'ask' }),
  } as const;

  test('that the app server waits for that leaves comes first', async () => {
    const { client, id, next } = await scene.client();
    old.send({ ...ask, connectionId: id });
    await client.hears(2);
    await scene.leave();
    await scene.stays(next);
    client.say(done('ask'));
    await hears(old, id, record(done('ask')));
    old.send({
      type: 'clientCompletion',
      invocationId: 'ask',
      connectionId: id,
      senderServerId: 'old',
      protocol: 'json',
      payload: Buffer.alloc(0),
    });
    await moved(next, id);
  });

  test('that another one waits for comes by the new app server, which learns of it', async () => {
    const { client, id, next } = await scene.client();
    const caller = await ScriptedServer.connect(scene.rig, { serverId: 'caller', connectionType: 2 });
    caller.send({ ...ask, connectionId: id });
    await client.hears(2);
    await scene.leave();
    await moved(next, id);
    expect(await next.next('clientInvocation')).toMatchObject({ invocationId: 'ask', connectionId: id, callerServerId: 'caller' });
    client.say(done('ask'));
    await hears(next, id, record(done('ask')));
    const payload = Buffer.from(record(done('ask')));
    next.send({ type: 'clientCompletion', invocationId: 'ask', connectionId: id, senderServerId: 'next', protocol: 'json', payload });
    expect(await caller.next('clientCompletion')).toMatchObject({ invocationId: 'ask', payload });
  });

  describe('that the client has given its old app server, for another one', () => {
    const payload = Buffer.from(record(done('ask')));
    /** Characters of a message in pieces after which nobody keeps it to see what it is. */
    const LARGE = 100_000;

    /** Somebody has asked, and the client has answered. */
    async function answered(answer = done('ask')): Promise<{ caller: ScriptedServer; id: string; next: ScriptedServer }> {
      const { client, id, next } = await scene.client();
      const caller = await ScriptedServer.connect(scene.rig, { serverId: 'caller', connectionType: 2 });
      caller.send({ ...ask, connectionId: id });
      await client.hears(2);
      const text = record(answer);
      client.send(text.slice(0, LARGE));
      client.send(text.slice(LARGE));
      await hears(old, id, text);
      await scene.leave();
      return { caller, id, next };
    }

    const passOn = (id: string): void =>
      old.send({ type: 'clientCompletion', invocationId: 'ask', connectionId: id, senderServerId: 'old', protocol: 'json', payload });

    test('is waited for', async () => {
      const { caller, id, next } = await answered();
      await scene.stays(next);
      passOn(id);
      await moved(next, id);
      expect(await caller.next('clientCompletion')).toMatchObject({ invocationId: 'ask', payload });
    });

    test('is waited for, though other calls were what the client waited for', async () => {
      const { client, id, next } = await scene.client();
      const caller = await ScriptedServer.connect(scene.rig, { serverId: 'caller', connectionType: 2 });
      client.say(call('1'));
      await hears(old, id, record(call('1')));
      await scene.leave();
      caller.send({ ...ask, connectionId: id });
      await client.hears(2);
      client.say(done('ask'));
      await hears(old, id, record(done('ask')));
      old.tell(id, done('1'));
      await client.hears(3);
      await scene.stays(next);
      passOn(id);
      await moved(next, id);
      expect(await caller.next('clientCompletion')).toMatchObject({ invocationId: 'ask', payload });
    });

    test('comes even when that took too long', async () => {
      const { caller, id, next } = await answered();
      scene.clock.advance(11_000);
      await moved(next, id);
      passOn(id);
      expect(await caller.next('clientCompletion')).toMatchObject({ invocationId: 'ask', payload });
      expect(next.received.map(({ type }) => type)).not.toContain('clientInvocation');
    });

    test('fails when that app server is gone', async () => {
      const { caller, id, next } = await answered();
      scene.clock.advance(11_000);
      await moved(next, id);
      old.cut();
      expect(await caller.next('errorCompletion')).toMatchObject({
        invocationId: 'ask',
        error: `The app server of connection '${id}' left before it passed on its answer.`,
      });
    });

    test('comes though it was too long to be seen', async () => {
      const { caller, id, next } = await answered({ invocationId: 'ask', result: 'x'.repeat(2 * LARGE), type: 3 });
      await moved(next, id);
      passOn(id);
      expect(await caller.next('clientCompletion')).toMatchObject({ invocationId: 'ask', payload });
    });
  });
});

describe('where there is no other app server', () => {
  test('a client stays, moves when there is one, and nothing of it is lost', async () => {
    const client = await RawClient.connect(scene.rig);
    const { connectionId } = await old.accept();
    await scene.leave();
    client.say(call('1'));
    await eventually(() => expect(dataOf(old, connectionId)).toBe(record(call('1'))));
    const next = await scene.server('next');
    await scene.stays(next);
    old.tell(connectionId, done('1'));
    await moved(next, connectionId);
  });

  test('any more when it could go, it stays, and its app server gets what waited', async () => {
    const { client, id, next } = await scene.client();
    client.say(call('1'));
    await hears(old, id, '"1"');
    await scene.leave();
    client.say(call('2'));
    client.say({ type: 6 });
    await hears(old, id, record({ type: 6 }));
    await next.close();
    await eventually(() => expect(scene.rig.logged.map((entry) => entry.id)).toContain('service.server-gone'));
    old.tell(id, done('1'));
    await hears(old, id, record(call('2')));
  });

  test('a client goes with its app server, and may come back', async () => {
    const client = await RawClient.connect(scene.rig);
    await old.accept();
    await scene.leave();
    await old.close();
    await client.ended();
    expect(client.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
  });

  test('a client that has to have its app server stays', async () => {
    const sticky = { claims: { 'asrs.s.sn': 'old', 'asrs.s.ssticky': 'Required' } };
    const { next } = await scene.client(sticky);
    await scene.leave();
    await scene.stays(next);
  });
});

test('a client that goes while it is moved has sent its app server all that it sent', async () => {
  const { client, id, next } = await scene.client();
  client.say(call('1'));
  await hears(old, id, '"1"');
  await scene.leave();
  client.say(call('2'));
  client.say({ type: 7 });
  client.close();
  await old.next('closeConnection', ({ connectionId, headers }) => connectionId === id && headers.size === 0);
  expect(dataOf(old, id)).toBe([call('1'), call('2'), { type: 7 }].map(record).join(''));
  await scene.stays(next);
});

test('a client that has moved is moved again', async () => {
  const { client, id, next } = await scene.client();
  client.say(call('1'));
  await hears(old, id, '"1"');
  await scene.leave();
  client.say(call('2'));
  client.say({ type: 6 });
  await hears(old, id, record({ type: 6 }));
  old.tell(id, done('1'));
  await moved(next, id);
  const last = await ScriptedServer.connect(scene.rig, { serverId: 'last' });
  next.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
  await scene.stays(last);
  next.tell(id, done('2'));
  const opened = await last.next('openConnection');
  expect(opened.headers.get('Asrs-Migrate-From')).toEqual(['next']);
  client.say(call('3'));
  await hears(last, id, record(call('3')));
});

test('a client that takes nothing is sent nothing by its new app server either, until it does', async () => {
  const { client, id, next } = await scene.client();
  const flow = (server: ScriptedServer): readonly number[] =>
    server.received.flatMap((message) => (message.type === 'connectionFlowControl' ? [message.operation] : []));
  client.socket.pause();
  const flood = calling('x'.repeat(1_000_000));
  // More than the operating system takes.
  for (let sent = 0; sent < 30; sent++) old.tell(id, flood);
  await eventually(() => expect(flow(old).at(-1)).toBe(FlowControlOperation.pause));
  await old.settle();
  const told = flow(old).length;
  await scene.leave();
  await moved(next, id);
  next.tell(id, flood);
  await eventually(() => expect(flow(next)).toEqual([FlowControlOperation.pause]));
  client.socket.resume();
  await eventually(() => expect(flow(next)).toEqual([FlowControlOperation.pause, FlowControlOperation.resume]));
  await client.hears(32);
  expect(flow(old)).toHaveLength(told);
});
