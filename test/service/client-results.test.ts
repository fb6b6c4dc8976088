import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { eventually } from '../eventually.ts';
import { payloadsOf } from './app-server.ts';
import { Place, type Guest } from './farm.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let clock: FakeClock;
/** The app server that asks, and another one. */
let caller: Place;
let other: Place;

beforeEach(async () => {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, maximumPendingResults: 3, clientResultTimeout: 60_000, serverTimeout: 600_000 });
  caller = await Place.open(rig, { serverId: 'caller' });
  other = await Place.open(rig, { serverId: 'other' });
});
afterEach(() => rig.close());

const question = (invocationId: string): object => ({ type: 1, invocationId, target: 'ask', arguments: [] });
const answer = Buffer.from('{"type":3,"invocationId":"i","result":7}\u001e');

function ask(connectionId: string, invocationId = 'i', payloads = payloadsOf(question(invocationId))): void {
  caller.server.send({ type: 'clientInvocation', invocationId, connectionId, callerServerId: 'caller', payloads });
}

const pending = (): number => rig.service.hub('chat').results.size;
const refusal = async (): Promise<string | null> => (await caller.server.next('errorCompletion')).error;

describe('a client result', () => {
  test('of a client of the app server that asks: only the client is told', async () => {
    const { client, id } = await caller.guest();
    ask(id);
    expect(await client.hears(2)).toEqual([{}, question('i')]);
    client.send(answer);
    expect(await caller.server.heard(id)).toBe(answer.toString());
    expect(pending()).toBe(1);
    caller.server.send({
      type: 'clientCompletion',
      invocationId: 'i',
      connectionId: id,
      senderServerId: 'caller',
      protocol: 'json',
      payload: Buffer.alloc(0),
    });
    await caller.server.settle();
    expect(pending()).toBe(0);
    expect(caller.server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
  });

  test('asked by the official library waits until that can take the answer, and others do not wait for it', async () => {
    await using nearby = await ServiceRig.start({ clientResultDelay: 500 });
    const official = await Place.open(nearby, { userAgent: 'Microsoft.Azure.SignalR/1.34.0' });
    const { client, id } = await official.guest();
    official.server.send({
      type: 'clientInvocation',
      invocationId: 'i',
      connectionId: id,
      callerServerId: 'x',
      payloads: payloadsOf(question('i')),
    });
    official.server.tell(id, { type: 6 });
    expect(await client.hears(2)).toEqual([{}, { type: 6 }]);
    expect(await client.hears(3)).toEqual([{}, { type: 6 }, question('i')]);
  });

  test('of a client of another app server: that knows before the client does, and passes the answer on', async () => {
    const { client, id } = await other.guest();
    ask(id);
    expect(await caller.server.next('serviceMapping')).toMatchObject({
      invocationId: 'i',
      connectionId: id,
      instanceId: rig.service.instanceId,
    });
    expect(await client.hears(2)).toEqual([{}, question('i')]);
    client.send(answer);
    await other.server.next('connectionData');
    const told = other.server.received.findIndex(({ type }) => type === 'clientInvocation');
    expect(told).toBe(0);
    expect(await other.server.next('clientInvocation')).toMatchObject({ invocationId: 'i', connectionId: id, callerServerId: 'caller' });
    const completion = {
      type: 'clientCompletion',
      invocationId: 'i',
      connectionId: id,
      senderServerId: 'other',
      protocol: 'json',
      payload: answer,
      extension: { protocol: 'json' },
    } as const;
    other.server.send(completion);
    expect(await caller.server.next('clientCompletion')).toEqual(completion);
    expect(pending()).toBe(0);
    other.server.send(completion);
    await other.server.settle();
    await caller.server.settle();
    expect(caller.server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
  });

  test('is answered by nobody else: neither another app server nor another one’s completion', async () => {
    const { id } = await caller.guest();
    ask(id);
    const forged = { invocationId: 'i', connectionId: id } as const;
    other.server.send({ type: 'clientCompletion', ...forged, senderServerId: 'caller', protocol: 'json', payload: answer });
    other.server.send({ type: 'errorCompletion', ...forged, callerServerId: 'caller', error: 'no' });
    await other.server.settle();
    expect(pending()).toBe(1);
    await caller.server.settle();
    expect(caller.server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
  });

  test('of a connection that is not there', async () => {
    ask('nobody');
    expect(await refusal()).toMatch(/'nobody' does not exist/);
    expect(pending()).toBe(0);
  });

  test('in a protocol that the client does not speak', async () => {
    const { id } = await caller.guest();
    ask(id, 'i', new Map([['messagepack', Buffer.of(1)]]));
    expect(await refusal()).toMatch(/hub protocol 'json', in which there is no payload/);
    expect(pending()).toBe(0);
  });

  test('with an id that is in use: the first one goes on', async () => {
    const { client, id } = await other.guest();
    ask(id);
    ask(id);
    expect(await refusal()).toMatch(/id is in use/);
    expect(await client.hears(2)).toHaveLength(2);
    expect(pending()).toBe(1);
  });

  test('past the limit', async () => {
    const { id } = await caller.guest();
    for (const invocationId of ['1', '2', '3', '4']) ask(id, invocationId);
    const { invocationId, error } = await caller.server.next('errorCompletion');
    expect([invocationId, error]).toEqual(['4', expect.stringMatching(/3 client results are awaited already/)]);
  });

  const endings: readonly (readonly [string, (guest: Guest) => void])[] = [
    ['when the client goes', ({ client }) => client.close()],
    ['when the client is cut', ({ client }) => client.cut()],
    ['when the client’s app server is gone', () => other.server.cut()],
    ['when the client’s app server closes it', ({ id }) => other.server.send({ type: 'closeConnection', connectionId: id, error: '' })],
  ];
  test.each(endings)('fails %s', async (_, end) => {
    const guest = await other.guest();
    ask(guest.id);
    await caller.server.next('serviceMapping');
    end(guest);
    expect(await refusal()).toMatch(/disconnected/);
    expect(pending()).toBe(0);
  });

  test('fails after its time, and only then', async () => {
    const { id } = await other.guest();
    ask(id, 'first');
    await caller.server.next('serviceMapping');
    clock.advance(20_000);
    ask(id, 'second');
    await caller.server.next('serviceMapping');
    clock.advance(39_000);
    expect(pending()).toBe(2);
    clock.advance(6_000);
    const { invocationId, error } = await caller.server.next('errorCompletion');
    expect([invocationId, error]).toEqual(['first', expect.stringMatching(/within 60000 ms/)]);
    expect(pending()).toBe(1);
  });

  test('is forgotten when the app server that asked has gone', async () => {
    const { client, id } = await other.guest();
    ask(id);
    await client.hears(2);
    await caller.server.close();
    await eventually(() => expect(pending()).toBe(0));
  });

  test('reaches the app server by another connection when the one that asked has gone', async () => {
    const { client, id } = await other.guest();
    const second = await Place.open(rig, { serverId: 'caller' });
    ask(id);
    await client.hears(2);
    await caller.server.close();
    client.close();
    expect((await second.server.next('errorCompletion')).invocationId).toBe('i');
  });
});
