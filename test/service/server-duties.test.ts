import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ServiceMessageOf } from '../../src/protocol/service/messages.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { Place } from './farm.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, tokenFor } from './rig.ts';

let rig: ServiceRig;

beforeEach(async () => {
  rig = await ServiceRig.start();
});
afterEach(() => rig.close());

type Entries = ServiceMessageOf<'ping'>['entries'];
async function ping(server: ScriptedServer, entries: Entries): Promise<Entries> {
  server.send({ type: 'ping', entries });
  return (await server.next('ping', (message) => message.entries.length > 0)).entries;
}

describe('a ping', () => {
  test('for a state tells whether there are clients, and how many, with how many app servers', async () => {
    const place = await Place.open(rig);
    await ScriptedServer.connect(rig, { serverId: 'server-2' });
    await ScriptedServer.connect(rig, { serverId: 'server-2' });
    expect(await ping(place.server, ['status', '1'])).toEqual(['status', '0', 'clientcount', '0', 'servercount', '2']);
    await place.guests(undefined, undefined);
    expect(await ping(place.server, ['status', '1'])).toEqual(['status', '1', 'clientcount', '2', 'servercount', '2']);
  });

  test('for the app servers lists each once, in a stable order, with a time that grows', async () => {
    const { server } = await Place.open(rig, { serverId: 'b' });
    await ScriptedServer.connect(rig, { serverId: 'c' });
    await ScriptedServer.connect(rig, { serverId: 'a' });
    await ScriptedServer.connect(rig, { serverId: 'a' });
    const [key, first = ''] = await ping(server, ['servers', '']);
    const [, second = ''] = await ping(server, ['servers', null]);
    expect([key, first?.split(':')[1], second?.split(':')[1]]).toEqual(['servers', 'a;b;c;', 'a;b;c;']);
    expect(Number(second?.split(':')[0])).toBeGreaterThanOrEqual(Number(first?.split(':')[0]));
  });

  test('for two things at once is answered in one; an echo as it came', async () => {
    const { server } = await Place.open(rig);
    expect((await ping(server, ['status', '1', 'servers', ''])).filter((_, at) => at % 2 === 0)).toEqual([
      'status',
      'clientcount',
      'servercount',
      'servers',
    ]);
    expect(await ping(server, ['echo', 'any thing'])).toEqual(['echo', 'any thing']);
  });

  test.each([[[]], [['#clientInHub', '3', '#client', '1']], [['unknown', 'x']], [['status']], [[null, null]], [['d-m', '1']]])(
    '%j is a sign of life, and no question',
    async (entries) => {
      const { server } = await Place.open(rig);
      server.send({ type: 'ping', entries });
      await server.settle();
      expect(server.received.filter((message) => message.type !== 'ping' || message.entries.length > 0)).toEqual([]);
    },
  );

  test.each(['fin:0', 'fin:1', 'fin:2'])('with %s is acknowledged each time, and no new client is routed there', async (fin) => {
    const [leaving, staying] = [await Place.open(rig), await Place.open(rig, { serverId: 'server-2' })];
    for (let time = 0; time < 2; time++) expect(await ping(leaving.server, ['shutdown', fin])).toEqual(['shutdown', 'finack']);
    for (let at = 0; at < 4; at++) await RawClient.connect(rig);
    for (let at = 0; at < 4; at++) await staying.server.next('openConnection');
    expect(leaving.server.received.map(({ type }) => type)).not.toContain('openConnection');
  });

  test('with another word for its end is none', async () => {
    const { server } = await Place.open(rig);
    server.send({ type: 'ping', entries: ['shutdown', 'fin:9'] });
    await server.settle();
    expect(rig.service.hub('chat').links.anyOf(server.serverId)?.leaving).toBe(false);
  });
});

test('the service pings by itself, often enough for app servers that give up after 30 s', async () => {
  const clock = new FakeClock();
  await using other = await ServiceRig.start({ clock });
  const { server } = await Place.open(other);
  clock.advance(25_000);
  await server.settle();
  expect(server.received.filter((message) => message.type === 'ping' && message.entries.length === 0).length).toBeGreaterThanOrEqual(4);
});

test('a request for a key is answered: there are none to give out', async () => {
  const { server } = await Place.open(rig);
  server.send({ type: 'accessKeyRequest', token: 'entra', keyId: null });
  expect(await server.next('accessKeyResponse')).toMatchObject({
    accessKey: null,
    errorType: 'NotSupported',
    errorMessage: expect.stringMatching(/AccessKey=/),
  });
});

test('a server connection outlives its token, and minds no pong that it did not ask for', async () => {
  // Good for one more second, of the five minutes by which clocks may differ.
  const token = await tokenFor('server', 'chat', { nameid: 'old' }, { expires: -299 });
  const server = await ScriptedServer.dial(rig, { serverId: 'old' }, token);
  server.send({ type: 'handshakeRequest', version: 1, connectionType: 0, target: '' });
  await server.next('handshakeResponse');
  server.pong();
  await eventually(() => expect(ScriptedServer.dial(rig, {}, token)).rejects.toThrow('401'));
  const client = await RawClient.connect(rig);
  await server.accept();
  expect(await client.hears(1)).toEqual([{}]);
});

describe('a weak connection', () => {
  test('is never routed to, may send and ask, and may close', async () => {
    const place = await Place.open(rig);
    const weak = await ScriptedServer.connect(rig, { serverId: 'manager', connectionType: 2 });
    const guests = await place.guests('ann', 'bob', 'eve');
    const [{ client, id }] = guests as [(typeof guests)[0]];
    weak.send({ type: 'userData', userId: 'ann', payloads: payloadsOf(calling('hi')) });
    weak.send({ type: 'joinGroupWithAck', connectionId: id, group: 'g', ackId: 1 });
    expect(await weak.next('ack')).toMatchObject({ ackId: 1, status: 1 });
    expect(await client.hears(2)).toEqual([{}, calling('hi')]);
    weak.send({ type: 'closeConnection', connectionId: id, error: 'enough' });
    await client.ended();
    expect(client.messages.at(-1)).toEqual({ type: 7, error: 'enough', allowReconnect: true });
    expect(await place.server.next('closeConnection')).toMatchObject({ connectionId: id });
    expect(weak.received.filter(({ type }) => type !== 'ping')).toEqual([]);
  });

  test('alone is no app server to anybody', async () => {
    await ScriptedServer.connect(rig, { serverId: 'manager', connectionType: 2 });
    const client = await RawClient.connect(rig);
    await client.ended();
    expect(client.text).toContain('No app server is connected');
  });
});

describe('old libraries', () => {
  test('do not say what their data is: the first of it answers the handshake', async () => {
    const { server } = await Place.open(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.next('openConnection');
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('early')) });
    for (const text of ['{}\u001e', '{"type":6}\u001e']) server.send({ type: 'connectionData', connectionId, payload: Buffer.from(text) });
    expect(await client.hears(3)).toEqual([{}, calling('early'), { type: 6 }]);
  });
});

describe('an app server that refuses a client', () => {
  test('by its answer to the handshake: the client has it, and nothing else', async () => {
    const { server } = await Place.open(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept('{"error":"not today"}\u001e');
    server.send({ type: 'closeConnection', connectionId, error: 'not today' });
    expect(await client.ended()).toBe(1000);
    expect(client.messages).toEqual([{ error: 'not today' }]);
    await server.settle();
    expect(server.received.filter(({ type }) => type === 'closeConnection')).toEqual([]);
  });

  test('without an answer: one is made up, and what waited is not sent', async () => {
    const { server } = await Place.open(rig);
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.next('openConnection');
    server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('early')) });
    server.send({ type: 'closeConnection', connectionId, error: '' });
    await client.ended();
    expect(client.messages).toEqual([{ error: expect.stringMatching(/app server closed/) }]);
  });
});

test('a client’s messages keep their order through five server connections under load', async () => {
  const servers = await Promise.all(Array.from({ length: 5 }, () => ScriptedServer.connect(rig)));
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(rig)));
  const opened = (): readonly (readonly [ScriptedServer, string])[] =>
    servers.flatMap((server) =>
      server.received.flatMap((message) => (message.type === 'openConnection' ? [[server, message.connectionId] as const] : [])),
    );
  await eventually(() => expect(opened()).toHaveLength(10));
  // The least loaded is chosen each time.
  expect(servers.map((server) => server.received.filter(({ type }) => type === 'openConnection').length)).toEqual([2, 2, 2, 2, 2]);
  const places = opened();
  for (const [server, id] of places) server.answerHandshake(id);
  await Promise.all(clients.map((client) => client.hears(1)));
  const each = 2_000;
  for (let at = 0; at < each; at++) {
    for (const client of clients) client.say({ type: 1, target: 't', arguments: [at] });
    for (const [server, id] of places) server.tell(id, calling('back', at));
    if (at % 100 === 0) await clients[0]?.hears(at / 2);
  }
  const numbers = (text: string): readonly number[] =>
    text
      .split('\u001e')
      .slice(1, -1)
      .map((record) => (JSON.parse(record) as { arguments: number[] }).arguments[0] as number);
  const expected = Array.from({ length: each }, (_, at) => at);
  await Promise.all(clients.map((client) => eventually(() => expect(client.text.split('\u001e').length).toBe(each + 2))));
  for (const client of clients) expect(numbers(client.text)).toEqual(expected);
  for (const [server, id] of places) {
    const text = (): string =>
      server.received
        .map((message) => (message.type === 'connectionData' && message.connectionId === id ? message.payload.toString() : ''))
        .join('');
    await eventually(() => expect(text().split('\u001e').length).toBe(each + 2));
    expect(numbers(text())).toEqual(expected);
  }
});

describe('an app server is told, for its log,', () => {
  test('of a message that is malformed', async () => {
    const { server } = await Place.open(rig);
    server.sendBytes(Buffer.from([4, 0x93, 10, 1, 2]));
    const event = await server.next('serviceEvent');
    expect(event).toMatchObject({ objectType: 4, objectId: server.connectionId, kind: 1 });
    expect(event.message).toContain('in broadcastData, excluded');
  });

  test('of a message with a filter, which is sent to nobody rather than to all', async () => {
    const place = await Place.open(rig);
    const guest = await place.guest();
    const payloads = payloadsOf(calling('secret'));
    place.server.send({ type: 'broadcastData', excluded: [], payloads, extension: { filter: "userId eq 'ann'" } });
    const event = await place.server.next('serviceEvent');
    expect(event).toMatchObject({ objectType: 4, kind: 1, message: 'Filters over clients are not supported: the message was not sent.' });
    await place.server.settle();
    expect(guest.client.text).not.toContain('secret');
  });
});
