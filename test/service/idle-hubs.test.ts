import { afterEach, describe, expect, test } from 'vitest';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import type { Bus } from '../../src/backplane/bus.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { alone, apart, ServiceRig, type Topology } from './rig.ts';

let rig: ServiceRig;
let clock: FakeClock;
/** Subjects that nodes are subscribed to, once for each. */
let subjects: string[];
afterEach(() => rig.closeAt(clock));

async function start(topology: Topology, options: Partial<ServiceOptions> = {}): Promise<void> {
  clock = new FakeClock();
  subjects = [];
  const exchange = new MemoryExchange();
  const connect = (): Bus => {
    const bus = exchange.connect();
    return {
      publish: (subject, bytes) => bus.publish(subject, bytes),
      subscribe: (subject, received) => {
        subjects.push(subject);
        const subscription = bus.subscribe(subject, received);
        const end = (): void => {
          subjects.splice(subjects.indexOf(subject), 1);
          subscription.end();
        };
        return { ready: subscription.ready, end };
      },
      close: () => bus.close(),
    };
  };
  rig = await ServiceRig.start({ clock, ...options }, topology, connect);
}

const hubs = (): readonly (readonly string[])[] => rig.nodes.map(({ service }) => [...service.hubs.keys()]);
const none = (): readonly (readonly string[])[] => rig.nodes.map(() => []);

/** Lets time pass, and what goes between nodes arrive. */
async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 500) {
    clock.advance(Math.min(500, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Makes what waits for a node's clock go on. */
async function inTime<Result>(waiting: Promise<Result>): Promise<Result> {
  const state = { isOver: false };
  const over = waiting.finally(() => (state.isOver = true));
  while (!state.isOver) {
    clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return over;
}

/** A client comes to a hub, is let in, hears something, and goes with its app server. */
async function visit(hub: string): Promise<void> {
  const server = await inTime(ScriptedServer.connect(rig, { hub, serverId: `of-${hub}` }));
  const client = await inTime(RawClient.connect(rig, { hub, claims: { 'asrs.s.uid': 'ann' } }));
  const { connectionId } = await inTime(server.accept());
  server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
  await inTime(server.next('ack'));
  server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('hi')) });
  expect(await inTime(client.hears(2))).toEqual([{}, calling('hi')]);
  client.close();
  await inTime(server.next('closeConnection'));
  await server.close();
}

describe.each([alone, apart])('with $name, a hub', (topology) => {
  test('of which nobody is left is given up, and made again for whoever comes', async () => {
    await start(topology);
    for (const name of ['one', 'two', 'three']) await visit(name);
    await eventually(async () => {
      await pass(1_000);
      expect(hubs()).toEqual(none());
    });
    // What was counted stays, in the meter's bounds.
    expect(rig.service.meter.hubs.get('two')).toMatchObject({ clients: 0, clientsOpened: 1 });
    await visit('two');
    expect(rig.service.meter.hubs.get('two')).toMatchObject({ clientsOpened: 2 });
    await eventually(async () => {
      await pass(1_000);
      expect(hubs()).toEqual(none());
    });
  });

  test('that somebody has joined, or is about to, stays', async () => {
    await start(topology);
    const server = await inTime(ScriptedServer.connect(rig));
    await pass(20_000);
    expect(hubs()).toEqual(rig.nodes.map(() => ['chat']));
    const client = await inTime(RawClient.dial(rig));
    await inTime(server.close());
    await pass(10_000);
    // Its handshake is still to come.
    expect(hubs()[0]).toEqual(['chat']);
    client.cut();
    await eventually(async () => {
      await pass(1_000);
      expect(hubs()).toEqual(none());
    });
  });

  test('stays as long as users are in groups', async () => {
    await start(topology);
    const server = await inTime(ScriptedServer.connect(rig));
    server.send({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g', ackId: 1, extension: { ttl: 30 } });
    await inTime(server.next('ack'));
    await server.close();
    await pass(20_000);
    expect(hubs()).toEqual(rig.nodes.map(() => ['chat']));
    await pass(30_000);
    expect(hubs()).toEqual(none());
    const again = await inTime(ScriptedServer.connect(rig));
    again.send({ type: 'userJoinGroupWithAck', userId: 'ann', group: 'g', ackId: 1, extension: {} });
    await inTime(again.next('ack'));
    await again.close();
    await pass(60_000);
    expect(hubs()).toEqual(rig.nodes.map(() => ['chat']));
  });

  test('keeps what was counted by name', async () => {
    await start(topology, { metering: { users: true } });
    await visit('one');
    await eventually(async () => {
      await pass(1_000);
      expect(hubs()).toEqual(none());
    });
    await visit('one');
    expect(rig.service.meter.hubs.get('one')?.names?.users?.counts.get('ann')).toBe(2);
  });
});

test('a node ceases to hear what is for a hub that it has given up, and hears it again for those who come', async () => {
  await start(apart);
  const before = subjects.length;
  for (const name of ['one', 'two', 'three']) {
    await visit(name);
    expect(subjects.filter((subject) => subject.endsWith(`.hub.${name}`))).toHaveLength(1);
  }
  await eventually(async () => {
    await pass(1_000);
    expect([hubs(), subjects.length]).toEqual([none(), before]);
  });
  await pass(20_000);
  for (let time = 0; time < 3; time++) await visit('two');
  expect(subjects.filter((subject) => subject.endsWith('.hub.two'))).toHaveLength(1);
  // No node took any of it for a loss.
  expect(rig.logged.filter(({ id }) => /missed|left|failed/.test(id))).toEqual([]);
});
