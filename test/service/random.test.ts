import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { OutgoingServiceMessage } from '../../src/protocol/service/messages.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let clock: FakeClock;
afterEach(() => rig.close());

const x = payloadsOf(calling('x'));
const name = fc.constantFrom('a', 'b', 'c', '');
const names = fc.array(name, { maxLength: 3 });
const ackId = fc.nat({ max: 5 });
const ttl = fc.constantFrom({}, { ttl: 0 }, { ttl: 5 }, { ttl: -1 });

/** Ids stand for connections by their number, so that most of what is asked for is about somebody who is there. */
const id = fc.nat({ max: 4 }).map((at) => `#${at}`);
const ids = fc.array(id, { maxLength: 3 });
const message: fc.Arbitrary<OutgoingServiceMessage> = fc.oneof(
  fc.record({ type: fc.constant('joinGroupWithAck' as const), connectionId: id, group: name, ackId }),
  fc.record({ type: fc.constant('leaveGroupWithAck' as const), connectionId: id, group: fc.option(name), ackId }),
  fc.record({ type: fc.constant('userJoinGroupWithAck' as const), userId: name, group: name, ackId, extension: ttl }),
  fc.record({ type: fc.constant('userLeaveGroup' as const), userId: name, group: fc.option(name) }),
  fc.record({ type: fc.constant('broadcastData' as const), excluded: ids, payloads: fc.constant(x) }),
  fc.record({ type: fc.constant('multiConnectionData' as const), connectionIds: ids, payloads: fc.constant(x) }),
  fc.record({ type: fc.constant('multiUserData' as const), userIds: names, payloads: fc.constant(x) }),
  fc.record({ type: fc.constant('multiGroupBroadcastData' as const), groups: names, payloads: fc.constant(x) }),
  fc.record({
    type: fc.constant('groupBroadcastData' as const),
    group: name,
    excluded: ids,
    payloads: fc.constant(x),
    excludedUserIds: names,
  }),
  fc.record({ type: fc.constant('closeConnection' as const), connectionId: id, error: name }),
  fc.record({ type: fc.constant('closeConnectionWithAck' as const), connectionId: id, reason: fc.option(name), ackId }),
  fc.record({ type: fc.constant('closeUserConnectionsWithAck' as const), userId: name, reason: fc.option(name), ackId, excluded: ids }),
  fc.record({ type: fc.constant('closeGroupConnectionsWithAck' as const), group: name, reason: fc.option(name), ackId, excluded: ids }),
  fc.record({ type: fc.constant('groupMemberQuery' as const), group: name, ackId, query: fc.constant([2, null]) }),
  fc.record({
    type: fc.constant('clientInvocation' as const),
    invocationId: name,
    connectionId: id,
    callerServerId: name,
    payloads: fc.constant(x),
  }),
  fc.record({
    type: fc.constant('clientCompletion' as const),
    invocationId: name,
    connectionId: id,
    senderServerId: name,
    protocol: fc.constant('json'),
    payload: fc.constant(Buffer.alloc(0)),
  }),
  fc.record({
    type: fc.constant('connectionData' as const),
    connectionId: id,
    payload: fc.constantFrom(Buffer.from('{}\u001e'), Buffer.alloc(0), Buffer.alloc(70_000, 0x20)),
    extension: fc.constantFrom({}, { dataType: 1 }, { dataType: 2 }, { dataType: 9 }),
  }),
  fc.record({
    type: fc.constant('ping' as const),
    entries: fc.array(fc.constantFrom('status', '1', 'servers', 'shutdown', 'fin:1', null), { maxLength: 4 }),
  }),
);

type Step =
  | { readonly does: 'sends'; readonly server: number; readonly message: OutgoingServiceMessage }
  | { readonly does: 'sendsBytes' | 'says'; readonly who: number; readonly bytes: Uint8Array }
  | { readonly does: 'comes'; readonly user: string; readonly protocol: string }
  | { readonly does: 'serverComes'; readonly serverId: string; readonly connectionType: number }
  | { readonly does: 'answers' | 'leaves' | 'isCut' | 'serverLeaves'; readonly who: number };

const who = fc.nat({ max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ does: fc.constant('sends' as const), server: who, message }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('sendsBytes' as const), who, bytes: fc.uint8Array({ maxLength: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('says' as const), who, bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('comes' as const),
      user: name,
      protocol: fc.constantFrom('json', 'json', 'json', 'messagepack', 'odd', ''),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('serverComes' as const),
      serverId: fc.constantFrom('s', 't'),
      connectionType: fc.nat({ max: 2 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('answers' as const), who }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('leaves' as const, 'isCut' as const), who }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('serverLeaves' as const), who }) },
);

/** Those who take part in one run. */
class Scene {
  readonly clients: RawClient[] = [];
  readonly servers: ScriptedServer[] = [];
  /** The ids of the clients that app servers have heard of. */
  readonly #ids: string[] = [];

  async play(one: Step): Promise<void> {
    if (one.does === 'comes')
      this.clients.push(await RawClient.connect(rig, { claims: { 'asrs.s.uid': one.user }, protocol: one.protocol }));
    else if (one.does === 'serverComes') this.servers.push(await ScriptedServer.connect(rig, one));
    else if (one.does === 'sends') this.#pick(this.servers, one.server)?.send(this.#named(one.message));
    else if (one.does === 'sendsBytes') this.#pick(this.servers, one.who)?.sendBytes(one.bytes);
    else if (one.does === 'says') this.#pick(this.clients, one.who)?.send(one.bytes);
    else if (one.does === 'leaves') this.#pick(this.clients, one.who)?.close();
    else if (one.does === 'isCut') this.#pick(this.clients, one.who)?.cut();
    else if (one.does === 'serverLeaves') this.#pick(this.servers, one.who)?.cut();
    else this.#answer(one.who);
  }

  async leave(): Promise<void> {
    for (const client of this.clients) client.cut();
    const { clients, results } = rig.service.hub('chat');
    await eventually(() => expect([clients.size, results.size]).toEqual([0, 0]));
    for (const server of this.servers) server.cut();
    await eventually(() => expect([...this.clients, ...this.servers].filter(({ closed }) => closed === undefined)).toEqual([]));
  }

  #pick<One extends { readonly closed: number | undefined }>(all: readonly One[], at: number): One | undefined {
    const open = all.filter(({ closed }) => closed === undefined);
    return open[at % Math.max(1, open.length)];
  }

  #named(given: OutgoingServiceMessage): OutgoingServiceMessage {
    const entries = Object.entries(given).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? value.map((item) => this.#id(item)) : this.#id(value),
    ]);
    return Object.fromEntries(entries) as OutgoingServiceMessage;
  }

  #id(value: unknown): unknown {
    if (typeof value !== 'string' || !value.startsWith('#')) return value;
    return this.#ids[Number(value.slice(1)) % Math.max(1, this.#ids.length)] ?? value;
  }

  #answer(at: number): void {
    for (const server of this.servers) {
      for (const heard of server.received.splice(0)) {
        if (heard.type !== 'openConnection') continue;
        this.#ids.push(heard.connectionId);
        // Some are never answered.
        if (at % 4 !== 0 && server.closed === undefined) server.answerHandshake(heard.connectionId);
      }
    }
  }
}

test('whatever app servers and clients do in whatever order, nobody is harmed, and nothing is left of them', async () => {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock });
  const other = await ScriptedServer.connect(rig, { hub: 'other', serverId: 'bystander' });
  const bystander = await RawClient.connect(rig, { hub: 'other', claims: { 'asrs.s.uid': 'a' } });
  const { connectionId } = await other.accept();
  let told = 1;
  let [pending, joined] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
      const scene = new Scene();
      scene.servers.push(await ScriptedServer.connect(rig, { serverId: 's' }));
      for (const user of ['a', 'b', 'b']) await scene.play({ does: 'comes', user, protocol: 'json' });
      await other.settle();
      for (const one of [{ does: 'answers', who: 1 } as const, ...steps]) {
        await scene.play(one);
        // Some of what was sent has arrived by then, and some has not.
        if (one.does === 'comes' || ('message' in one && one.message.type === 'clientInvocation')) await other.settle();
        pending = Math.max(pending, rig.service.hub('chat').results.size);
        joined = Math.max(joined, rig.service.hub('chat').clients.groups);
      }
      other.tell(connectionId, calling('still here'));
      expect(await bystander.hears(++told)).toHaveLength(told);
      await scene.leave();
      const { clients, results, links } = rig.service.hub('chat');
      await eventually(() => expect([clients.size, clients.users, clients.groups, results.size, links.size]).toEqual([0, 0, 0, 0, 0]));
    }),
    { numRuns: 40 },
  );
  // It was not all about nobody.
  expect([pending > 0, joined > 0]).toEqual([true, true]);
  expect(rig.logged.filter(({ id: event }) => /listener|hook|failed/.test(event))).toEqual([]);
  bystander.cut();
  other.cut();
  await eventually(() => expect(rig.service.hub('other').links.size).toBe(0));
  // What was looked for is not there, and nobody looks again, but for the look at the load and the turning of the wheel for the record.
  clock.advance(10_000);
  await eventually(() => expect(clock.tasks).toBe(2));
}, 60_000);
