import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { MessageType, type HubMessage } from '../../src/protocol/hub/message.ts';
import { DataType } from '../../src/protocol/service/codes.ts';
import { eventually } from '../eventually.ts';
import { calling, type ScriptedServer } from './app-server.ts';
import { call, dataOf, done, hears, MigrationScene, moved, record } from './migration-scene.ts';
import { RawClient } from './raw-client.ts';

let scene: MigrationScene;
let old: ScriptedServer;

beforeEach(async () => {
  scene = await MigrationScene.start();
  ({ old } = scene);
});
afterEach(() => scene.rig.close());

describe('what a client has called', () => {
  test('is answered first, while what it calls then waits for the new app server, in order', async () => {
    const { client, id, next } = await scene.client();
    client.say(call('1'));
    client.say({ type: 4, invocationId: '2', target: 'count', arguments: [] });
    await hears(old, id, 'count');
    await scene.leave();
    client.say(call('3'));
    client.say(call('4', 'send', { invocationId: undefined }));
    client.say({ type: 6 });
    client.say({ type: 5, invocationId: '3' });
    await hears(old, id, record({ type: 6 }));
    expect(dataOf(old, id)).not.toMatch(/"3"|send/);
    old.tell(id, done('1'));
    await scene.stays(next);
    old.tell(id, { type: 2, invocationId: '2', item: 1 });
    old.tell(id, { type: 3, invocationId: '2' });
    await moved(next, id);
    await hears(next, id, '{"type":5');
    const expected = [call('3'), call('4', 'send', { invocationId: undefined }), { type: 5, invocationId: '3' }].map(record).join('');
    expect(dataOf(next, id)).toBe(`{"protocol":"json","version":1}\u001e${expected}`);
    expect(await client.hears(4)).toContainEqual({ type: 3, invocationId: '2' });
  });

  test('is fed with its streams until it ends; those of calls that wait, wait', async () => {
    const { client, id, next } = await scene.client();
    client.say(call('1', 'sum', { streamIds: ['s'] }));
    client.say(call('', 'log', { invocationId: undefined, streamIds: ['u'] }));
    await hears(old, id, 'log');
    await scene.leave();
    client.say(call('2', 'sum', { streamIds: ['t'] }));
    client.say({ invocationId: 's', item: 'for old', type: 2 });
    client.say({ invocationId: 't', item: 'for next', type: 2 });
    client.say({ invocationId: 's', type: 3 });
    await hears(old, id, record({ invocationId: 's', type: 3 }));
    old.tell(id, done('1'));
    await scene.stays(next);
    client.say({ invocationId: 'u', type: 3 });
    await moved(next, id);
    expect(dataOf(old, id)).not.toContain('for next');
    client.say({ invocationId: 't', type: 3 });
    await hears(next, id, record({ invocationId: 't', type: 3 }));
    expect(dataOf(next, id)).toContain('for next');
  });

  test('needs no answer when the client has cancelled it', async () => {
    const { client, id, next } = await scene.client();
    client.say({ type: 4, invocationId: '1', target: 'endless', arguments: [] });
    await scene.leave();
    await scene.stays(next);
    client.say({ type: 5, invocationId: '1' });
    await moved(next, id);
  });

  test('ends with an error where it takes too long', async () => {
    const { client, id, next } = await scene.client();
    client.say({ type: 4, invocationId: '1', target: 'endless', arguments: [] });
    await hears(old, id, 'endless');
    await scene.leave();
    scene.clock.advance(9_000);
    await scene.stays(next);
    scene.clock.advance(2_000);
    await moved(next, id);
    expect(await client.hears(2)).toEqual([{}, { type: 3, invocationId: '1', error: 'The app server left before it answered.' }]);
    expect(scene.rig.logged).toContainEqual({
      id: 'service.calls-lost',
      fields: expect.objectContaining({ serverId: 'old', calls: 1 }) as object,
    });
  });

  test('is read in MessagePack, too', async () => {
    const hub = new MessagePackHubProtocol();
    const write = (message: HubMessage): Buffer => Buffer.from(hub.write(message));
    const { client, id, next } = await scene.client({ protocol: 'messagepack' });
    const [one, two] = ['1', '2'].map((invocationId) =>
      write({ type: MessageType.invocation, invocationId, target: 't', arguments: [[1], 'x'.repeat(300)] }),
    ) as [Buffer, Buffer];
    client.send(one);
    await hears(old, id, 'xxx');
    await scene.leave();
    client.send(two.subarray(0, 40));
    client.send(two.subarray(40));
    await scene.stays(next);
    const payload = write({ type: MessageType.completion, invocationId: '1', hasResult: true, result: null });
    old.send({ type: 'connectionData', connectionId: id, payload, extension: { dataType: DataType.invocation } });
    await moved(next, id);
    expect(await next.heard(id)).toContain('messagepack');
    const [first, rest] = [await next.next('connectionData'), await next.next('connectionData')];
    expect(first.extension).toEqual({ isPartial: true });
    expect(rest.extension).toEqual({});
    expect(Buffer.concat([first.payload, rest.payload]).equals(two)).toBe(true);
  });

  test('waits within a limit: the client is not read past it, and nothing is lost', async () => {
    const { client, id, next } = await scene.client();
    client.say(call('1'));
    await hears(old, id, '"1"');
    await scene.leave();
    const texts = Array.from({ length: 40 }, (_, index) => record(call(`q${index}`, 'x'.repeat(10_000))));
    for (const text of texts) client.send(text);
    await scene.stays(next);
    old.tell(id, done('1'));
    await moved(next, id);
    await eventually(() => expect(dataOf(next, id)).toBe(`{"protocol":"json","version":1}\u001e${texts.join('')}`));
  });
});

describe('a client is cut off between two messages', () => {
  test('and not while one goes to its old app server', async () => {
    const { client, id, next } = await scene.client();
    const text = record(call('1'));
    client.send(text.slice(0, 10));
    await eventually(() => expect(dataOf(old, id)).toBe(text.slice(0, 10)));
    await scene.leave();
    await scene.stays(next);
    client.send(text.slice(10) + record(call('2')));
    await eventually(() => expect(dataOf(old, id)).toBe(text));
    await scene.stays(next);
    old.tell(id, done('1'));
    await moved(next, id);
    await hears(next, id, record(call('2')));
  });

  test('and not while one comes from it', async () => {
    const { client, id, next } = await scene.client();
    const payload = Buffer.from(record(calling('long')));
    old.send({ type: 'connectionData', connectionId: id, payload: payload.subarray(0, 9), extension: { dataType: DataType.invocation } });
    await old.settle();
    await scene.leave();
    await scene.stays(next);
    old.send({ type: 'connectionData', connectionId: id, payload: payload.subarray(9), extension: { dataType: DataType.invocation } });
    await moved(next, id);
    await eventually(() => expect(client.messages).toEqual([{}, calling('long')]));
  });

  test('and the half that has come of one that waits goes ahead', async () => {
    const { client, id, next } = await scene.client();
    client.say(call('1'));
    await hears(old, id, '"1"');
    await scene.leave();
    const text = record(call('2'));
    client.send(text.slice(0, 20));
    client.send(text.slice(20, 30));
    await scene.stays(next);
    old.tell(id, done('1'));
    await moved(next, id);
    client.send(text.slice(30));
    await hears(next, id, text);
    expect(dataOf(old, id)).toBe(record(call('1')));
  });

  test('and not before its handshake is answered', async () => {
    const client = await RawClient.connect(scene.rig);
    const { connectionId } = await old.next('openConnection');
    const next = await scene.server('next');
    await scene.leave();
    await scene.stays(next);
    old.answerHandshake(connectionId);
    await moved(next, connectionId);
    expect(await client.hears(1)).toEqual([{}]);
  });
});
