import { decode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { AckStatus } from '../../src/protocol/service/codes.ts';
import type { OutgoingServiceMessage } from '../../src/protocol/service/messages.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf } from './app-server.ts';
import { Place, targets, type Guest } from './farm.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let place: Place;
let clock: FakeClock;

async function start(options: Parameters<typeof ServiceRig.start>[0] = {}): Promise<void> {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, ...options });
  place = await Place.open(rig);
}
afterEach(() => rig.close());

type Asking = Extract<OutgoingServiceMessage, { ackId: number }>;
type WithoutId<Message> = Message extends unknown ? Omit<Message, 'ackId'> : never;

let asked = 0;
/** The status that a request is acknowledged with. */
async function ask(message: WithoutId<Asking>): Promise<number> {
  const ackId = ++asked;
  place.server.send({ ...message, ackId });
  return (await place.server.next('ack', (ack) => ack.ackId === ackId)).status;
}

const { ok, notFound, forbidden } = AckStatus;
const inGroup = (userId: string, group: string): Promise<number> => ask({ type: 'checkUserInGroupWithAck', userId, group });

/** Who hears what is sent to a group. */
async function members(group: string, guests: readonly Guest[]): Promise<readonly boolean[]> {
  const [name, end] = [`to-${group}-${asked}`, `end-${++asked}`];
  place.server.send({ type: 'groupBroadcastData', group, excluded: [], payloads: payloadsOf(calling(name)) });
  for (const { id } of guests) place.server.tell(id, calling(end));
  await eventually(() => expect(targets(guests).every((names) => names.includes(end))).toBe(true));
  return targets(guests).map((names) => names.includes(name));
}

describe('a connection in groups', () => {
  test('joins and leaves one, twice without harm, and all at once', async () => {
    await start();
    const guests = await place.guests(undefined, undefined);
    const [first] = guests as [Guest];
    const connectionId = first.id;
    for (const group of ['g', 'g', 'h', '', '__proto__']) expect(await ask({ type: 'joinGroupWithAck', connectionId, group })).toBe(ok);
    for (const group of ['g', 'h', '', '__proto__']) expect(await members(group, guests)).toEqual([true, false]);
    expect(await ask({ type: 'leaveGroupWithAck', connectionId, group: 'g' })).toBe(ok);
    expect(await ask({ type: 'leaveGroupWithAck', connectionId, group: 'g' })).toBe(ok);
    expect(await members('g', guests)).toEqual([false, false]);
    expect(await members('h', guests)).toEqual([true, false]);
    expect(await ask({ type: 'leaveGroupWithAck', connectionId, group: null })).toBe(ok);
    expect(await members('h', guests)).toEqual([false, false]);
    expect(rig.service.hub('chat').clients.groups).toBe(0);
  });

  test('joins and leaves without an ack, too', async () => {
    await start();
    const guests = await place.guests(undefined);
    const [{ id: connectionId }] = guests as [Guest];
    place.server.send({ type: 'joinGroup', connectionId, group: 'g' });
    expect(await members('g', guests)).toEqual([true]);
    place.server.send({ type: 'leaveGroup', connectionId, group: 'g' });
    expect(await members('g', guests)).toEqual([false]);
    await place.server.settle();
    expect(place.server.received.filter(({ type }) => type === 'ack')).toEqual([]);
  });

  test('leaves them when it goes', async () => {
    await start();
    const { client, id: connectionId } = await place.guest();
    await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' });
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'g' })).toBe(ok);
    client.close();
    await place.server.next('closeConnection');
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'g' })).toBe(notFound);
    expect(await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' })).toBe(notFound);
  });
});

describe('a user in groups', () => {
  test('is there with all connections, those to come included, until taken out', async () => {
    await start();
    const before = await place.guests('ann', 'bob');
    expect(await ask({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g' })).toBe(ok);
    const guests = [...before, await place.guest('ann')];
    expect(await members('g', guests)).toEqual([true, false, true]);
    expect([await inGroup('ann', 'g'), await inGroup('bob', 'g'), await inGroup('ann', 'h')]).toEqual([ok, notFound, notFound]);
    expect(await ask({ type: 'userLeaveGroupWithAck', userId: 'ann', group: 'g' })).toBe(ok);
    guests.push(await place.guest('ann'));
    expect(await members('g', guests)).toEqual([false, false, false, false]);
    expect(await inGroup('ann', 'g')).toBe(notFound);
  });

  test('can be there before any connection, and is taken out of all at once', async () => {
    await start();
    for (const group of ['g', 'h']) place.server.send({ type: 'userJoinGroup', userId: 'ann', group });
    expect([await inGroup('ann', 'g'), await ask({ type: 'checkUserExistenceWithAck', userId: 'ann' })]).toEqual([ok, notFound]);
    const guests = await place.guests('ann');
    expect([await members('g', guests), await members('h', guests)]).toEqual([[true], [true]]);
    place.server.send({ type: 'userLeaveGroup', userId: 'ann', group: null });
    expect([await members('g', guests), await members('h', guests)]).toEqual([[false], [false]]);
    expect(rig.service.hub('chat').userGroups.size).toBe(0);
  });

  test('for a time: connections that come later are not in it', async () => {
    await start();
    const first = await place.guest('ann');
    expect(await ask({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g', extension: { ttl: 10 } })).toBe(ok);
    clock.advance(9_000);
    const second = await place.guest('ann');
    clock.advance(1_000);
    const third = await place.guest('ann');
    expect(await members('g', [first, second, third])).toEqual([true, true, false]);
  });

  test.each([0, -1])('with a ttl of %d: with the connections of now only', async (ttl) => {
    await start();
    const first = await place.guest('ann');
    expect(await ask({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g', extension: { ttl } })).toBe(ok);
    const second = await place.guest('ann');
    expect(await members('g', [first, second])).toEqual([true, false]);
    expect(rig.service.hub('chat').userGroups.size).toBe(0);
  });

  test('has a limit for the whole hub, which memberships that have ended do not count to', async () => {
    await start({ maximumUserGroups: 100 });
    for (let at = 0; at < 100; at++) {
      place.server.send({ type: 'userJoinGroup', userId: `user${at}`, group: 'g', extension: { ttl: at === 0 ? 10 : 1_000 } });
    }
    const join = (userId: string): Promise<number> => ask({ type: 'userJoinGroupWithAck', userId, group: 'g' });
    expect(await join('one-too-many')).toBe(forbidden);
    expect(await join('user7')).toBe(ok);
    clock.advance(10_000);
    expect(await join('one-too-many')).toBe(ok);
    expect(await join('another')).toBe(forbidden);
    expect(rig.service.hub('chat').userGroups.size).toBe(100);
  });
});

describe('existence', () => {
  test('of connections, users and groups', async () => {
    await start();
    const { id: connectionId } = await place.guest('ann');
    await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' });
    expect(await ask({ type: 'checkConnectionExistenceWithAck', connectionId })).toBe(ok);
    expect(await ask({ type: 'checkConnectionExistenceWithAck', connectionId: connectionId.toLowerCase() + 'x' })).toBe(notFound);
    expect(await ask({ type: 'checkUserExistenceWithAck', userId: 'ann' })).toBe(ok);
    expect(await ask({ type: 'checkUserExistenceWithAck', userId: 'bob' })).toBe(notFound);
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'g' })).toBe(ok);
    expect(await inGroup('ann', 'g')).toBe(ok);
  });
});

describe('closing', () => {
  const closed = { type: 7, error: 'enough', allowReconnect: true };
  const ends = async (guests: readonly Guest[], expected: readonly boolean[]): Promise<void> => {
    await eventually(() => expect(guests.map(({ client }) => client.closed !== undefined)).toEqual(expected));
    guests.forEach(({ client }, at) => expect(client.messages).toEqual(expected[at] === true ? [{}, closed] : [{}]));
    const gone = place.server.received.flatMap((message) => (message.type === 'closeConnection' ? [message.connectionId] : []));
    expect(gone.toSorted()).toEqual(
      guests
        .filter((_, at) => expected[at])
        .map(({ id }) => id)
        .toSorted(),
    );
  };

  test('one connection', async () => {
    await start();
    const guests = await place.guests(undefined, undefined);
    const [{ id: connectionId }] = guests as [Guest];
    expect(await ask({ type: 'closeConnectionWithAck', connectionId, reason: 'enough' })).toBe(ok);
    await ends(guests, [true, false]);
    expect(await ask({ type: 'closeConnectionWithAck', connectionId, reason: 'enough' })).toBe(notFound);
  });

  test('all but some', async () => {
    await start();
    const guests = await place.guests('ann', 'ann', 'bob');
    expect(await ask({ type: 'closeConnectionsWithAck', reason: 'enough', excluded: [guests[1]?.id as string] })).toBe(ok);
    await ends(guests, [true, false, true]);
  });

  test('those of a user but some', async () => {
    await start();
    const guests = await place.guests('ann', 'ann', 'bob');
    expect(await ask({ type: 'closeUserConnectionsWithAck', userId: 'ann', reason: 'enough', excluded: [guests[0]?.id as string] })).toBe(
      ok,
    );
    await ends(guests, [false, true, false]);
  });

  test('those of a group but some', async () => {
    await start();
    const guests = await place.guests('ann', 'ann', 'bob');
    for (const { id: connectionId } of guests) await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' });
    expect(await ask({ type: 'closeGroupConnectionsWithAck', group: 'g', reason: 'enough', excluded: [guests[2]?.id as string] })).toBe(ok);
    await ends(guests, [true, true, false]);
    expect(await ask({ type: 'checkGroupExistenceWithAck', group: 'g' })).toBe(ok);
  });
});

describe('the members of a group', () => {
  type Page = readonly [readonly (readonly [string, string | null])[], string | null];
  const query = async (most: readonly (number | string | null)[]): Promise<Page> => {
    const ackId = ++asked;
    place.server.send({ type: 'groupMemberQuery', group: 'g', ackId, query: most });
    const { status, payload } = await place.server.next('ack', (ack) => ack.ackId === ackId);
    expect(status).toBe(ok);
    return decode(payload as Buffer) as Page;
  };

  test('are told in pages, each once, with their users', async () => {
    await start();
    const guests = await place.guests('ann', undefined, 'bob', 'ann', undefined);
    for (const { id: connectionId } of guests) await ask({ type: 'joinGroupWithAck', connectionId, group: 'g' });
    const users = new Map(guests.map(({ id }, at) => [id, ['ann', null, 'bob', 'ann', null][at] ?? null]));
    const [all, end] = await query([]);
    expect([new Map(all), end]).toEqual([users, null]);
    const told: (readonly [string, string | null])[] = [];
    const sizes: number[] = [];
    let token: string | null = null;
    do {
      const [page, next]: Page = await query([2, token]);
      told.push(...page);
      sizes.push(page.length);
      token = next;
    } while (token !== null);
    expect([new Map(told), told.length, sizes]).toEqual([users, 5, [2, 2, 1]]);
    expect(await query([5, null])).toEqual([all, null]);
    expect((await query([0, 3, null]))[0]).toHaveLength(3);
  });
});
