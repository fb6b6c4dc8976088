import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ServiceMessage } from '../../src/protocol/service/messages.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { Place, type Guest } from './farm.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, tokenFor, type Topology } from './rig.ts';

const farewell = { type: 7, allowReconnect: true };

let rig: ServiceRig;
const clock = new FakeClock();
afterEach(() => rig.closeAt(clock));

/** One node, or several; time stands still where they have the clock. */
async function start(options: Partial<ServiceOptions> = {}, topology?: Topology): Promise<void> {
  rig = await ServiceRig.start(options, topology);
}

/** What an app server heard, but for what keeps it alive and brings it clients. */
const heard = (server: ScriptedServer): readonly string[] => server.received.flatMap((message) => wordFor(message) ?? []);

function wordFor(message: ServiceMessage): string | undefined {
  if (message.type === 'serviceEvent') return `event ${message.kind} of ${message.objectType} ${message.objectId}`;
  if (message.type === 'closeConnection' || message.type === 'errorCompletion') return `${message.type} ${message.connectionId}`;
  if (message.type !== 'ping' || message.entries.length === 0) return undefined;
  return `ping ${message.entries.join(' ')}`;
}

const reloading = (node = 0): string => `event 0 of 0 ${rig.nodes[node]?.service.instanceId}`;
const offline = (node = 0): string => `ping offline ${rig.nodes[node]?.service.instanceId}`;
const still = (guests: readonly Guest[]): number => guests.filter(({ client }) => client.closed === undefined).length;

async function refusals(): Promise<readonly number[]> {
  const headers = { Authorization: `Bearer ${await tokenFor('client', 'chat')}` };
  const { status } = await fetch(`${rig.url}/client/negotiate?hub=chat&negotiateVersion=1`, { method: 'POST', headers });
  const refused = (error: Error): number => Number(/\d{3}/.exec(error.message)?.[0]);
  const taken = (): number => 101;
  return [status, await RawClient.dial(rig).then(taken, refused), await ScriptedServer.dial(rig).then(taken, refused)];
}

describe('a service that stops', () => {
  test('tells app servers, then clients, then app servers that it is gone, and ends their connections last', async () => {
    await start();
    const place = await Place.open(rig);
    const other = await ScriptedServer.connect(rig, { hub: 'other', connectionType: 2 });
    const guests = await place.guests('ann', undefined);
    const order: string[] = [];
    for (const { client } of guests) client.socket.once('close', () => order.push('client'));
    const closed = eventually(() => expect(place.server.closed).toBe(1000)).then(() => order.push('server'));
    await rig.service.close();
    await closed;
    expect(heard(place.server)).toEqual([reloading(), ...guests.map(({ id }) => `closeConnection ${id}`), offline()]);
    expect(heard(other)).toEqual([reloading(), offline()]);
    for (const { client } of guests) expect([client.messages, client.closed]).toEqual([[{}, farewell], 1000]);
    expect(order).toEqual(['client', 'client', 'server']);
    expect(rig.logged.find(({ id }) => id === 'service.stopping')?.fields).toMatchObject({
      clients: 2,
      serverConnections: 2,
      timeout: 8_000,
    });
  });

  test('has every client result fail before it is gone', async () => {
    await start();
    const place = await Place.open(rig);
    const { id, client } = await place.guest();
    const payloads = payloadsOf(calling('ask'));
    place.server.send({ type: 'clientInvocation', invocationId: 'i1', connectionId: id, callerServerId: 'server-1', payloads });
    await client.hears(2);
    await rig.service.close();
    await eventually(() => expect(place.server.closed).toBe(1000));
    expect(heard(place.server).toSorted()).toEqual([reloading(), `closeConnection ${id}`, `errorCompletion ${id}`, offline()].toSorted());
    expect(heard(place.server).at(-1)).toBe(offline());
  });

  test('tells clients a lot at a time; those that wait are served, and nobody new is', async () => {
    await start({ clock });
    const place = await Place.open(rig);
    const guests = await place.guests(...Array.from<undefined>({ length: 100 }));
    const closed = rig.service.close();
    await eventually(() => expect(still(guests)).toBe(80));
    expect(await refusals()).toEqual([503, 503, 503]);
    const first = guests.find(({ client }) => client.closed === undefined);
    place.server.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('still')) });
    await first?.client.hears(2);
    expect(first?.client.messages).toEqual([{}, calling('still')]);
    clock.advance(200);
    await eventually(() => expect(still(guests)).toBeLessThan(80));
    expect(still(guests)).toBeGreaterThan(0);
    expect(heard(place.server)).not.toContain(offline());
    await eventually(() => {
      clock.advance(100);
      expect(still(guests)).toBe(0);
    });
    await closed;
    expect(first?.client.messages.at(-1)).toEqual(farewell);
  });

  test('tells all of them within the time that it is given', async () => {
    await start({ clock });
    const place = await Place.open(rig);
    const guests = await place.guests(...Array.from<undefined>({ length: 60 }));
    const closed = rig.service.close({ closeSpread: 60_000, timeout: 200 });
    // 60 in 150 ms are 40 in the first 100.
    await eventually(() => expect(still(guests)).toBe(36));
    clock.advance(200);
    await eventually(() => expect(still(guests)).toBe(0));
    await closed;
  });

  test('does not wait longer for a client that does not answer', async () => {
    await start({ clock });
    const place = await Place.open(rig);
    const { client, id } = await place.guest();
    client.socket.pause();
    const closed = rig.service.close({ timeout: 1_000 });
    await eventually(() => expect(heard(place.server)).toEqual([reloading(), `closeConnection ${id}`]));
    expect(place.server.closed).toBeUndefined();
    // An eighth of the time is for app servers.
    clock.advance(1_000);
    await closed;
    await eventually(() => expect(place.server.closed).toBe(1000));
    expect(heard(place.server).at(-1)).toBe(offline());
    client.socket.resume();
  });

  test('goes on for the delay, and only says that it stops', async () => {
    await start({ clock });
    const place = await Place.open(rig);
    const { client } = await place.guest();
    expect(rig.service.notReady).toBeUndefined();
    const closed = rig.service.close({ delay: 5_000 });
    expect(rig.service.notReady).toBe('The service stops.');
    clock.advance(4_000);
    const late = await place.guest();
    expect([client.messages, heard(place.server)]).toEqual([[{}], []]);
    clock.advance(1_200);
    await closed;
    for (const one of [client, late.client]) expect(one.messages).toEqual([{}, farewell]);
  });

  test('refuses times that are none, and stops when it is asked properly', async () => {
    await start();
    expect(() => rig.service.close({ timeout: -1 })).toThrow('timeout');
    expect(rig.service.notReady).toBeUndefined();
    await rig.service.close({ timeout: 0, closeSpread: 0 });
  });
});

describe('one node of several that stops', () => {
  const three: Topology = { name: 'three nodes', nodes: 3, client: () => 0, server: (n) => (n === 0 ? 1 : 2) };
  const migrates = { migrationLevel: 1 };

  test('has clients of others moved to app servers elsewhere, and they notice nothing', async () => {
    await start({}, three);
    const place = await Place.open(rig, { serverId: 'here', ...migrates });
    const client = await RawClient.connect(rig);
    const { connectionId: id } = await place.server.accept();
    await client.hears(1);
    const elsewhere = await ScriptedServer.connect(rig, { serverId: 'elsewhere', ...migrates });
    await eventually(() => expect(rig.service.hub('chat').links.size).toBe(2));
    await rig.nodes[1]?.service.close();
    expect(await elsewhere.next('openConnection')).toMatchObject({ connectionId: id });
    elsewhere.tell(id, calling('from elsewhere'));
    expect(await client.hears(2)).toEqual([{}, calling('from elsewhere')]);
    await eventually(() => expect(place.server.closed).toBe(1000));
    expect(heard(place.server)).toEqual([reloading(1), `closeConnection ${id}`, offline(1)]);
    expect(heard(elsewhere)).toEqual([offline(1)]);
    expect(client.closed).toBeUndefined();
  });

  test('has those come back that can not be moved', async () => {
    await start({}, three);
    const place = await Place.open(rig, { serverId: 'here' });
    const { client } = await place.guest();
    await ScriptedServer.connect(rig, { serverId: 'elsewhere' });
    await rig.nodes[1]?.service.close();
    await client.ended();
    expect(client.messages).toEqual([{}, farewell]);
    expect(rig.service.notReady).toBeUndefined();
  });

  test('has its own clients come back, and app servers of others hear of each, and that it is gone', async () => {
    await start({}, three);
    const place = await Place.open(rig, { serverId: 'here', ...migrates });
    await ScriptedServer.connect(rig, { serverId: 'elsewhere', ...migrates });
    const { client, id } = await place.guest();
    const gone = offline(0);
    await rig.nodes[0]?.service.close();
    await client.ended();
    expect(client.messages).toEqual([{}, farewell]);
    await eventually(() => expect(heard(place.server)).toEqual([`closeConnection ${id}`, gone]));
    expect(place.server.closed).toBeUndefined();
  });
});
