import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AckStatus } from '../../src/protocol/service/codes.ts';
import type { OutgoingServiceMessage } from '../../src/protocol/service/messages.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, type ScriptedServer } from './app-server.ts';
import { Place, targets, type Guest } from './farm.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let place: Place;
let server: ScriptedServer;

beforeEach(async () => {
  rig = await ServiceRig.start();
  place = await Place.open(rig);
  server = place.server;
});
afterEach(() => rig.close());

const x = payloadsOf(calling('x'));

/** Who of the guests heard the message, as 1 and 0; each hears the end that is sent behind it. */
async function heard(guests: readonly Guest[], message: OutgoingServiceMessage): Promise<readonly number[]> {
  server.send(message);
  for (const { id } of guests) server.tell(id, calling('end'));
  await eventually(() => expect(targets(guests).every((names) => names.at(-1) === 'end')).toBe(true));
  return targets(guests).map((names) => names.filter((name) => name === 'x').length);
}

describe('a message', () => {
  let guests: readonly Guest[];
  let ids: readonly string[];

  beforeEach(async () => {
    // ann twice, bob, and somebody without a name; the first and the third are in g, the second and the third in h.
    guests = await place.guests('ann', 'ann', 'bob', undefined);
    ids = guests.map(({ id }) => id);
    for (const [at, group] of [
      [0, 'g'],
      [2, 'g'],
      [1, 'h'],
      [2, 'h'],
    ] as const)
      server.send({ type: 'joinGroup', connectionId: ids[at] as string, group });
  });

  const id = (at: number): string => ids[at] as string;
  const cases: readonly (readonly [string, () => OutgoingServiceMessage, readonly number[]])[] = [
    ['for all', () => ({ type: 'broadcastData', excluded: [], payloads: x }), [1, 1, 1, 1]],
    ['for all but some', () => ({ type: 'broadcastData', excluded: [id(0), id(3), 'nobody'], payloads: x }), [0, 1, 1, 0]],
    ['for one connection', () => ({ type: 'multiConnectionData', connectionIds: [id(1)], payloads: x }), [0, 1, 0, 0]],
    [
      'for connections, one of them twice',
      () => ({ type: 'multiConnectionData', connectionIds: [id(1), id(3), id(1)], payloads: x }),
      [0, 1, 0, 1],
    ],
    ['for nobody', () => ({ type: 'multiConnectionData', connectionIds: [], payloads: x }), [0, 0, 0, 0]],
    ['for a user', () => ({ type: 'userData', userId: 'ann', payloads: x }), [1, 1, 0, 0]],
    ['for a user in another case', () => ({ type: 'userData', userId: 'Ann', payloads: x }), [0, 0, 0, 0]],
    ['for users', () => ({ type: 'multiUserData', userIds: ['ann', 'bob', 'ann'], payloads: x }), [1, 1, 1, 0]],
    ['for a group', () => ({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: x }), [1, 0, 1, 0]],
    ['for a group in another case', () => ({ type: 'groupBroadcastData', group: 'G', excluded: [], payloads: x }), [0, 0, 0, 0]],
    ['for a group but some', () => ({ type: 'groupBroadcastData', group: 'g', excluded: [id(2)], payloads: x }), [1, 0, 0, 0]],
    [
      'for a group but a user',
      () => ({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: x, excludedUserIds: ['ann'] }),
      [0, 0, 1, 0],
    ],
    [
      'for a group but users and connections',
      () => ({ type: 'groupBroadcastData', group: 'h', excluded: [id(2)], payloads: x, excludedUserIds: ['ann', 'zed'] }),
      [0, 0, 0, 0],
    ],
    ['for groups, once for who is in both', () => ({ type: 'multiGroupBroadcastData', groups: ['g', 'h'], payloads: x }), [1, 1, 1, 0]],
  ];

  test.each(cases)('%s', async (_, message, expected) => {
    expect(await heard(guests, message())).toEqual(expected);
  });

  test('comes in the order in which one server connection sent it, whatever its kind', async () => {
    for (let round = 0; round < 50; round++) {
      server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling(`b${round}`)) });
      server.tell(id(2), calling(`d${round}`));
      server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling(`g${round}`)) });
      server.send({ type: 'userData', userId: 'bob', payloads: payloadsOf(calling(`u${round}`)) });
    }
    const expected = Array.from({ length: 50 }, (__, round) => [`b${round}`, `d${round}`, `g${round}`, `u${round}`]).flat();
    await eventually(() => expect(targets(guests)[2]).toEqual(expected));
  });
});

describe('a payload', () => {
  const form = new MessagePackHubProtocol().write({ type: MessageType.invocation, target: 'x', arguments: [] });

  test('is the one of each client’s protocol, unchanged; without one, nothing is sent', async () => {
    const json = await place.guest();
    const binary = await place.guest(undefined, { protocol: 'MessagePack' });
    const blazor = await place.guest(undefined, { protocol: 'blazorpack' });
    const odd = await place.guest(undefined, { protocol: 'odd' });
    const forms = new Map([
      ['json', Buffer.from('{"type":6}\u001e')],
      ['messagepack', Buffer.from(form)],
      ['odd', Buffer.from('odd')],
    ]);
    server.send({ type: 'broadcastData', excluded: [], payloads: forms });
    server.send({ type: 'broadcastData', excluded: [], payloads: new Map([['blazorpack', Buffer.of(3, 0x91, 6)]]) });
    server.send({ type: 'broadcastData', excluded: [], payloads: new Map() });
    const behind = ({ client }: Guest): Buffer => Buffer.concat(client.received).subarray(3);
    await eventually(() =>
      expect([json, binary, blazor, odd].map(behind)).toEqual([
        Buffer.from('{"type":6}\u001e'),
        Buffer.from(form),
        Buffer.of(3, 0x91, 6),
        Buffer.from('odd'),
      ]),
    );
  });

  test('that is empty sends nothing', async () => {
    const guest = await place.guest();
    expect(await heard([guest], { type: 'broadcastData', excluded: [], payloads: new Map([['json', Buffer.alloc(0)]]) })).toEqual([0]);
  });

  test.each([200_000, 1_000_000, 5_000_000])('of %d bytes goes both ways, in both kinds of protocols', async (size) => {
    const [json, binary] = [await place.guest(), await place.guest(undefined, { protocol: 'messagepack' })];
    const text = Buffer.from(`{"type":1,"target":"x","arguments":["${'é'.repeat(size / 2)}"]}\u001e`);
    const head = [0x80 | (size & 0x7f), 0x80 | ((size >> 7) & 0x7f), 0x80 | ((size >> 14) & 0x7f), size >> 21];
    const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(size, 0xab)]);
    server.send({ type: 'connectionData', connectionId: json.id, payload: text, extension: { dataType: 2 } });
    server.send({ type: 'multiConnectionData', connectionIds: [binary.id], payloads: new Map([['messagepack', bytes]]) });
    await eventually(() =>
      expect([json, binary].map(({ client }) => Buffer.concat(client.received).length)).toEqual([text.length + 3, bytes.length + 3]),
    );
    expect(Buffer.concat(json.client.received).subarray(3).equals(text)).toBe(true);
    expect(Buffer.concat(binary.client.received).subarray(3).equals(bytes)).toBe(true);
    for (const [guest, sent] of [
      [json, text],
      [binary, bytes],
    ] as const) {
      guest.client.send(sent);
      const pieces: Buffer[] = [];
      let whole = false;
      await eventually(() => {
        for (const message of server.received.splice(0)) {
          if (message.type !== 'connectionData' || message.connectionId !== guest.id) continue;
          expect(whole).toBe(false);
          expect(message.payload.length).toBeLessThanOrEqual(131_072);
          whole = message.extension.isPartial !== true;
          pieces.push(message.payload);
        }
        expect(whole).toBe(true);
      });
      expect(Buffer.concat(pieces).equals(sent)).toBe(true);
    }
  });
});

test('nothing of one hub reaches another: the same ids, groups and users in both', async () => {
  const other = await Place.open(rig, { hub: 'other', serverId: server.serverId });
  const [here, there] = [await place.guest('ann'), await other.guest('ann')];
  server.send({ type: 'joinGroup', connectionId: here.id, group: 'g' });
  other.server.send({ type: 'joinGroup', connectionId: there.id, group: 'g' });
  await other.server.settle();
  const everything: readonly OutgoingServiceMessage[] = [
    { type: 'broadcastData', excluded: [], payloads: x },
    { type: 'userData', userId: 'ann', payloads: x },
    { type: 'multiUserData', userIds: ['ann'], payloads: x },
    { type: 'groupBroadcastData', group: 'g', excluded: [], payloads: x },
    { type: 'multiGroupBroadcastData', groups: ['g'], payloads: x },
    { type: 'multiConnectionData', connectionIds: [there.id], payloads: x },
    { type: 'connectionData', connectionId: there.id, payload: Buffer.from('{"type":6}\u001e') },
    { type: 'closeConnection', connectionId: there.id, error: '' },
    { type: 'joinGroupWithAck', connectionId: there.id, group: 'h', ackId: 1 },
    { type: 'leaveGroupWithAck', connectionId: there.id, group: 'g', ackId: 2 },
    { type: 'checkConnectionExistenceWithAck', connectionId: there.id, ackId: 3 },
    { type: 'closeConnectionWithAck', connectionId: there.id, reason: 'x', ackId: 4 },
    { type: 'userLeaveGroupWithAck', userId: 'ann', group: null, ackId: 5 },
    { type: 'userJoinGroupWithAck', userId: 'ann', group: 'k', ackId: 6 },
    { type: 'clientInvocation', invocationId: 'i', connectionId: there.id, callerServerId: server.serverId, payloads: x },
    { type: 'closeConnectionsWithAck', reason: 'x', ackId: 7, excluded: [] },
  ];
  for (const message of everything) server.send(message);
  await server.settle();
  const acks = server.received.flatMap((message) => (message.type === 'ack' ? [message.status] : []));
  expect(acks).toEqual([...[1, 2, 3, 4].map(() => AckStatus.notFound), AckStatus.ok, AckStatus.ok, AckStatus.ok]);
  expect((await server.next('errorCompletion')).error).toMatch(/does not exist/);
  other.server.tell(there.id, calling('end'));
  expect(await there.client.hears(2)).toEqual([{}, calling('end')]);
  other.server.send({ type: 'checkUserInGroupWithAck', userId: 'ann', group: 'k', ackId: 8 });
  other.server.send({ type: 'checkUserInGroupWithAck', userId: 'ann', group: 'g', ackId: 9 });
  expect([(await other.server.next('ack')).status, (await other.server.next('ack')).status]).toEqual([AckStatus.notFound, AckStatus.ok]);
  expect(await here.client.ended()).toBe(1000);
  expect(there.client.closed).toBeUndefined();
});
