import assert from 'node:assert/strict';
import type { Audience } from '../backplane/audience.ts';
import type { Backplane } from '../backplane/backplane.ts';
import { Cancellation } from '../base/cancellation.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { RecordingMember } from './recording-member.ts';

/** What a case gets: the servers of one farm, each with its backplane of the same hub. The case leaves them open. */
export interface BackplaneFarm {
  /** As many as the case asked for. */
  readonly servers: readonly Backplane[];
}

export interface BackplaneCase extends ConformanceCase<BackplaneFarm> {
  /** How many servers it needs; an implementation for a single server runs the cases with 1. */
  readonly servers: 1 | 2;
}

interface Crowd {
  readonly a: RecordingMember;
  readonly b: RecordingMember;
  readonly c: RecordingMember;
  /** Where a, b and c are. */
  readonly homes: readonly [Backplane, Backplane, Backplane];
  /** Where sends come from. */
  readonly sender: Backplane;
}

/** Three clients: a and b are connections of user u, c belongs to nobody. With two servers, b is on the other one. */
async function crowd(farm: BackplaneFarm): Promise<Crowd> {
  const sender = farm.servers[0] as Backplane;
  const other = farm.servers.at(-1) as Backplane;
  const [a, b, c] = [new RecordingMember('a', 'u'), new RecordingMember('b', 'u'), new RecordingMember('c')];
  await sender.attach(a);
  await other.attach(b);
  await sender.attach(c);
  return { a, b, c, homes: [sender, other, sender], sender };
}

function message(target: string, ...args: readonly unknown[]): SharedMessage {
  return new SharedMessage({ type: MessageType.invocation, target, arguments: args });
}

function answer(invocationId: string | undefined, result: unknown): CompletionMessage {
  return { type: MessageType.completion, invocationId: invocationId ?? 'none', hasResult: true, result };
}

/**
 * Sends to an audience and proves who heard it: a message to all, sent when those who should have heard it, shows what else had come. It is no message
 * to each connection, because one to a connection of the sender's server may overtake others.
 */
async function heardBy(people: Crowd, audience: Audience, expected: string): Promise<string> {
  await people.sender.send(audience, message('m', 1));
  const members = [people.a, people.b, people.c];
  for (const member of members) if (expected.split(' ').includes(member.connectionId)) await member.waitFor('m');
  await people.sender.send({ to: 'all' }, message('fence'));
  for (const member of members) await member.waitFor('fence');
  return members.flatMap((member) => member.targets.filter((target) => target === 'm').map(() => member.connectionId)).join(' ');
}

type Step = (people: Crowd) => Promise<void>;

function audienceCase(name: string, audience: Audience, expected: string, ...before: readonly Step[]): BackplaneCase[] {
  return ([1, 2] as const).map((servers) => ({
    name: `${name}${servers === 2 ? ', across servers' : ''}`,
    servers,
    run: async (farm) => {
      const people = await crowd(farm);
      for (const step of before) await step(people);
      assert.equal(await heardBy(people, audience, expected), expected);
    },
  }));
}

function onFarm(name: string, run: (people: Crowd) => Promise<void>): BackplaneCase[] {
  return ([1, 2] as const).map((servers) => ({
    name: `${name}${servers === 2 ? ', across servers' : ''}`,
    servers,
    run: async (farm) => run(await crowd(farm)),
  }));
}

const join =
  (id: string, group: string): Step =>
  async ({ sender }) =>
    sender.join(id, group);
const leave =
  (id: string, group: string): Step =>
  async ({ sender }) =>
    sender.leave(id, group);

const audiences: readonly BackplaneCase[] = [
  ...audienceCase('all', { to: 'all' }, 'a b c'),
  ...audienceCase('all but some', { to: 'all', except: ['b', 'nobody'] }, 'a c'),
  ...audienceCase('one connection', { to: 'connections', ids: ['b'] }, 'b'),
  ...audienceCase('a connection named twice hears once', { to: 'connections', ids: ['b', 'b', 'c'] }, 'b c'),
  ...audienceCase('a connection that does not exist', { to: 'connections', ids: ['nobody'] }, ''),
  ...audienceCase('every connection of a user', { to: 'users', ids: ['u'] }, 'a b'),
  ...audienceCase('users, one unknown', { to: 'users', ids: ['u', 'nobody'] }, 'a b'),
  ...audienceCase('users, the first unknown', { to: 'users', ids: ['nobody', 'u'] }, 'a b'),
  ...audienceCase('a group', { to: 'groups', names: ['g'] }, 'b c', join('b', 'g'), join('c', 'g')),
  ...audienceCase('a group without members', { to: 'groups', names: ['g'] }, ''),
  ...audienceCase('a group but some', { to: 'groups', names: ['g'], except: ['b'] }, 'c', join('b', 'g'), join('c', 'g')),
  ...audienceCase(
    'groups that overlap are heard once',
    { to: 'groups', names: ['g', 'h'] },
    'b c',
    join('b', 'g'),
    join('c', 'g'),
    join('b', 'h'),
  ),
  ...audienceCase('groups whose members are apart', { to: 'groups', names: ['g', 'h'] }, 'b c', join('c', 'g'), join('b', 'h')),
  ...audienceCase('a group that was left', { to: 'groups', names: ['g'] }, 'c', join('b', 'g'), join('c', 'g'), leave('b', 'g')),
  ...audienceCase('joining twice is leaving once', { to: 'groups', names: ['g'] }, '', join('b', 'g'), join('b', 'g'), leave('b', 'g')),
  ...audienceCase('group names keep their case', { to: 'groups', names: ['G'] }, '', join('b', 'g')),
  ...audienceCase(
    'a connection that does not exist joins without an error',
    { to: 'groups', names: ['g'] },
    '',
    join('nobody', 'g'),
    leave('nobody', 'g'),
  ),
  ...audienceCase('names are any text', { to: 'groups', names: ['{ü}:*␞ 世'] }, 'b', join('b', '{ü}:*␞ 世')),
];

const deliveries: readonly BackplaneCase[] = [
  ...onFarm('the arguments arrive as they were sent', async ({ b, sender }) => {
    await sender.send({ to: 'all' }, message('m', 'x', 1, null, { deep: [true] }));
    assert.deepEqual((await b.waitFor('m')).arguments, ['x', 1, null, { deep: [true] }]);
  }),
  ...onFarm('messages of one sender keep their order', async ({ b, sender }) => {
    for (let i = 0; i < 100; i++) void sender.send({ to: 'all' }, message(`m${i}`));
    await b.waitFor('m99');
    assert.deepEqual(
      b.targets,
      Array.from({ length: 100 }, (_, i) => `m${i}`),
    );
  }),
  ...onFarm('several connections of one server hear what is sent to them from another', async ({ a, c, homes }) => {
    for (let i = 0; i < 3; i++) await homes[1].send({ to: 'connections', ids: ['a', 'c'] }, message(`m${i}`));
    for (const member of [a, c]) await member.waitFor('m2');
    for (const member of [a, c]) assert.deepEqual(member.targets, ['m0', 'm1', 'm2']);
  }),
  ...onFarm('everybody hears the messages of a channel in one order, whoever sent them', async ({ a, b, homes, sender }) => {
    for (let i = 0; i < 50; i++) {
      void sender.send({ to: 'all' }, message('m', `one ${i}`));
      void homes[1].send({ to: 'all' }, message('m', `other ${i}`));
    }
    await Promise.all([sender.send({ to: 'all' }, message('fence one')), homes[1].send({ to: 'all' }, message('fence other'))]);
    for (const member of [a, b]) await Promise.all([member.waitFor('fence one'), member.waitFor('fence other')]);
    assert.equal(a.received.length, 102);
    assert.deepEqual(a.received, b.received);
  }),
  ...onFarm('who has left hears nothing more and is in no group', async (people) => {
    await people.sender.join('b', 'g');
    await people.homes[1].detach(people.b);
    const again = new RecordingMember('b');
    await people.homes[1].attach(again);
    await people.sender.send({ to: 'groups', names: ['g'] }, message('m'));
    await people.sender.send({ to: 'all' }, message('fence'));
    await again.waitFor('fence');
    assert.deepEqual(again.targets, ['fence']);
    assert.deepEqual(people.b.targets, []);
  }),
  {
    name: 'a message that no protocol can write is refused, and the next one goes out',
    servers: 1,
    run: async (farm) => {
      const { a, sender } = await crowd(farm);
      await assert.rejects(async () => sender.send({ to: 'all' }, message('m', 2n ** 64n)), TypeError);
      await sender.send({ to: 'all' }, message('next'));
      await a.waitFor('next');
      assert.deepEqual(a.targets, ['next']);
    },
  },
];

const clientResults: readonly BackplaneCase[] = [
  ...onFarm('a client result comes back', async ({ b, homes, sender }) => {
    const asked = sender.invoke('b', 'question', ['really?']);
    const question = await b.waitFor('question');
    assert.deepEqual(question.arguments, ['really?']);
    assert.equal(b.owed, 1);
    assert.equal(homes[1].complete(b, answer(question.invocationId, 42)), 'settled');
    assert.equal((await asked).result, 42);
    assert.equal(b.owed, 0);
    assert.equal(homes[1].complete(b, answer(question.invocationId, 43)), 'unknown');
  }),
  ...onFarm('an error comes back as one', async ({ b, homes, sender }) => {
    const asked = sender.invoke('b', 'question', []);
    const { invocationId = '' } = await b.waitFor('question');
    homes[1].complete(b, { type: MessageType.completion, invocationId, hasResult: false, error: 'no' });
    assert.equal((await asked).error, 'no');
  }),
  ...onFarm('only who was asked can answer', async ({ b, c, homes, sender }) => {
    const asked = sender.invoke('b', 'question', []);
    const { invocationId } = await b.waitFor('question');
    assert.notEqual(homes[2].complete(c, answer(invocationId, 'forged')), 'settled');
    homes[1].complete(b, answer(invocationId, 'mine'));
    assert.equal((await asked).result, 'mine');
  }),
  ...onFarm('several questions are told apart', async ({ b, homes, sender }) => {
    const first = sender.invoke('b', 'first', []);
    const second = sender.invoke('b', 'second', []);
    const ids = [(await b.waitFor('first')).invocationId, (await b.waitFor('second')).invocationId];
    homes[1].complete(b, answer(ids[1], 2));
    homes[1].complete(b, answer(ids[0], 1));
    assert.deepEqual([(await first).result, (await second).result], [1, 2]);
  }),
  ...onFarm('a client that leaves fails what it owes', async ({ b, homes, sender }) => {
    const asked = sender.invoke('b', 'question', []);
    const failed = assert.rejects(asked, { code: 'SIGNALBOX_CONNECTION_GONE' });
    await b.waitFor('question');
    await homes[1].detach(b);
    await failed;
    assert.equal(b.owed, 0);
  }),
  ...onFarm('a cancellation ends the wait', async ({ b, homes, sender }) => {
    const cancellation = new Cancellation();
    const failed = assert.rejects(sender.invoke('b', 'question', [], cancellation), { message: 'enough' });
    await b.waitFor('question');
    cancellation.cancel(new Error('enough'));
    await failed;
    // Another server need not hear of it: there the client owes an answer until it gives one.
    if (homes[1] === sender) assert.equal(b.owed, 0);
    await assert.rejects(sender.invoke('b', 'another', [], cancellation), { message: 'enough' });
    assert.deepEqual(b.targets, ['question']);
  }),
  ...onFarm('a client that does not exist is an error', async ({ sender }) => {
    await assert.rejects(sender.invoke('nobody', 'question', []), { code: 'SIGNALBOX_UNKNOWN_CONNECTION' });
  }),
  {
    name: 'closing fails what is owed',
    servers: 1,
    run: async (farm) => {
      const { b, sender } = await crowd(farm);
      const failed = assert.rejects(sender.invoke('b', 'question', []), { code: 'SIGNALBOX_BACKPLANE_CLOSED' });
      await b.waitFor('question');
      await sender.close();
      await failed;
      await assert.rejects(sender.invoke('b', 'question', []), { code: 'SIGNALBOX_BACKPLANE_CLOSED' });
    },
  },
];

/** Everything that `Backplane` promises. Each case wants a farm of its own, in which nobody is yet. */
export const backplaneCases: readonly BackplaneCase[] = [...audiences, ...deliveries, ...clientResults];
