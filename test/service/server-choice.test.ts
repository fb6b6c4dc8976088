import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

const sticky = (id: string, mode: string): object => ({ claims: { 'asrs.s.sn': id, 'asrs.s.ssticky': mode } });

let clock: FakeClock;
let rig: ServiceRig;

beforeEach(async () => {
  clock = new FakeClock();
  rig = await ServiceRig.start({ clock, clientsPerServerConnection: 2, maximumServerConnections: 3 });
});
afterEach(() => rig.close());

const opened = (server: ScriptedServer): number => server.received.filter(({ type }) => type === 'openConnection').length;

/** Waits until so many clients in all have been given to these server connections, and says how many each has. */
const shares = (total: number, ...servers: readonly ScriptedServer[]): Promise<readonly number[]> =>
  eventually(() => {
    const counts = servers.map(opened);
    expect(counts.reduce((sum, count) => sum + count)).toBe(total);
    return counts;
  });

async function clients(count: number, traits: object = {}): Promise<readonly RawClient[]> {
  const all: RawClient[] = [];
  for (let index = 0; index < count; index++) all.push(await RawClient.connect(rig, traits));
  return all;
}

describe('a client', () => {
  test('goes to the server connection with the fewest clients', async () => {
    const servers = [
      await ScriptedServer.connect(rig),
      await ScriptedServer.connect(rig),
      await ScriptedServer.connect(rig, { serverId: 'b' }),
    ];
    await clients(6);
    expect(await shares(6, ...servers)).toEqual([2, 2, 2]);
  });

  test('goes to the app server with the fewest, where server connections have equally many', async () => {
    const a = [await ScriptedServer.connect(rig, { serverId: 'a' }), await ScriptedServer.connect(rig, { serverId: 'a' })];
    const b = [await ScriptedServer.connect(rig, { serverId: 'b' }), await ScriptedServer.connect(rig, { serverId: 'b' })];
    await clients(2);
    expect(await shares(2, ...a, ...b)).toEqual([1, 0, 1, 0]);
  });

  test.each(['Preferred', 'Required'])('that sticks to an app server (%s) gets it, however many others that has', async (mode) => {
    const [a, b] = [await ScriptedServer.connect(rig, { serverId: 'a' }), await ScriptedServer.connect(rig, { serverId: 'b' })];
    await clients(5, sticky('b', mode));
    expect(await shares(5, a, b)).toEqual([0, 5]);
  });

  test('that prefers an app server gets another one where that is gone, leaves or only sends', async () => {
    const a = await ScriptedServer.connect(rig, { serverId: 'a' });
    const b = await ScriptedServer.connect(rig, { serverId: 'b' });
    const weak = await ScriptedServer.connect(rig, { serverId: 'weak', connectionType: 2 });
    b.send({ type: 'ping', entries: ['shutdown', 'fin:2'] });
    await b.settle();
    for (const id of ['gone', 'b', 'weak']) await clients(1, sticky(id, 'Preferred'));
    expect(await shares(3, a, b, weak)).toEqual([3, 0, 0]);
  });

  test('that has to have an app server is refused where that is gone or leaves', async () => {
    const a = await ScriptedServer.connect(rig, { serverId: 'a' });
    const b = await ScriptedServer.connect(rig, { serverId: 'b' });
    b.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
    await b.settle();
    for (const id of ['gone', 'b']) {
      const [client] = (await clients(1, sticky(id, 'required'))) as [RawClient];
      await client.ended();
      expect(client.text).toContain('No app server is connected for this hub.');
    }
    expect([opened(a), opened(b)]).toEqual([0, 0]);
  });

  test('whose token names an app server without a mode goes anywhere', async () => {
    const a = await ScriptedServer.connect(rig, { serverId: 'a' });
    await clients(1, sticky('gone', 'Disabled'));
    await clients(1, { claims: { 'asrs.s.sn': 'gone' } });
    expect(await shares(2, a)).toEqual([2]);
  });
});

describe('an app server each of whose connections has many clients', () => {
  const target = (server: ScriptedServer): readonly unknown[] =>
    server.received.filter((message) => message.type === 'ping' && message.entries[0] === 'target');

  test('is asked for one more, which then carries clients, and is asked again when that is full, too', async () => {
    const first = await ScriptedServer.connect(rig);
    await clients(1);
    await shares(1, first);
    await first.settle();
    expect(target(first)).toEqual([]);
    await clients(1);
    expect(await first.next('ping', ({ entries }) => entries[0] === 'target')).toMatchObject({
      entries: ['target', rig.service.instanceId],
    });
    const second = await ScriptedServer.connect(rig, { connectionType: 1 });
    await clients(2);
    expect(await shares(4, first, second)).toEqual([2, 2]);
    await eventually(() => expect(target(first).length + target(second).length).toBe(1));
    const third = await ScriptedServer.connect(rig, { connectionType: 1 });
    await clients(6);
    expect(await shares(10, first, second, third)).toEqual([4, 3, 3]);
    for (const server of [first, second, third]) await server.settle();
    // As many as are allowed are there.
    expect([first, second, third].map((server) => target(server).length).reduce((sum, count) => sum + count)).toBe(1);
  });

  test('is not asked again at once, where it has refused', async () => {
    const server = await ScriptedServer.connect(rig);
    await clients(4);
    await shares(4, server);
    await server.settle();
    expect(target(server)).toHaveLength(1);
    clock.advance(6_000);
    await clients(1);
    await eventually(() => expect(target(server)).toHaveLength(2));
  });

  test('is never asked for a weak one, nor asked on one, nor is a client given to one', async () => {
    const weak = await ScriptedServer.connect(rig, { connectionType: 2 });
    const [refused] = (await clients(1)) as [RawClient];
    await refused.ended();
    const strong = await ScriptedServer.connect(rig);
    await clients(3);
    expect(await shares(3, strong, weak)).toEqual([3, 0]);
    await Promise.all([strong.settle(), weak.settle()]);
    expect([target(strong).length, target(weak).length]).toEqual([1, 0]);
  });

  test('whose connection on demand is lost keeps the clients of the others', async () => {
    const first = await ScriptedServer.connect(rig);
    const [one, two] = (await clients(2)) as [RawClient, RawClient];
    const second = await ScriptedServer.connect(rig, { connectionType: 1 });
    const [three] = (await clients(1)) as [RawClient];
    await first.accept();
    await first.accept();
    await second.accept();
    await Promise.all([one, two, three].map((client) => client.hears(1)));
    second.cut();
    await three.ended();
    expect(three.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
    await first.settle();
    expect([one.closed, two.closed]).toEqual([undefined, undefined]);
  });
});
