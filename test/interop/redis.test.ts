import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FarmAudience } from '../redis-farm/hub.ts';
import { RedisServer, redisIsHere } from '../redis/redis-server.ts';
import { FarmClient } from './farm-client.ts';
import { FarmBuild, type FarmProcess } from './farm-process.ts';

describe.skipIf(!redisIsHere)('three servers at one Redis', () => {
  let redis: RedisServer;
  let build: FarmBuild;
  let farm: readonly FarmProcess[] = [];
  /** a and b are at the first server, c at the second, d at the third; a and c are ann, b and d bob. */
  let clients: readonly FarmClient[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    build = await FarmBuild.make();
    farm = await Promise.all([build.start(redis.url), build.start(redis.url), build.start(redis.url)]);
  });
  afterAll(async () => {
    await Promise.all(farm.map((server) => server.end()));
    await redis.stop();
    await build.remove();
  });
  beforeEach(async () => {
    const places = [
      ['a', 0, 'ann', 'json'],
      ['b', 0, 'bob', 'messagepack'],
      ['c', 1, 'ann', 'messagepack'],
      ['d', 2, 'bob', 'json'],
    ] as const;
    clients = places.map(([name, at, user, protocol]) => new FarmClient(name, farm[at]?.url ?? '', user, protocol));
    await Promise.all(clients.map(({ connection }) => connection.start()));
    // A call that came back was preceded by everything that makes its client reachable.
    await Promise.all(clients.map(({ connection }) => connection.invoke('process')));
  });
  afterEach(() => Promise.all(clients.map(({ connection }) => connection.stop())));

  const client = (name: string): FarmClient => clients.find((one) => one.name === name) as FarmClient;
  const ids = (names: string): string[] => names.split('').map((name) => client(name).id);

  /** Who hears a message that a client sends: everybody hears the one that all are sent behind it. */
  async function heardBy(sender: string, audience: FarmAudience, expected: string): Promise<string> {
    const { connection } = client(sender);
    await connection.invoke('send', audience, 'm');
    for (const name of expected) await client(name).waitFor('m');
    await connection.invoke('send', { to: 'all' }, 'fence');
    await Promise.all(clients.map((one) => one.waitFor('fence')));
    return clients.flatMap(({ name, heard }) => heard.filter((text) => text === 'm').map(() => name)).join('');
  }

  async function joined(names: string, group: string): Promise<void> {
    for (const name of names) await client(name).connection.invoke('join', group);
  }

  test('are three processes', async () => {
    const pids = await Promise.all(clients.map(({ connection }) => connection.invoke<number>('process')));
    expect(new Set(pids)).toEqual(new Set(farm.map(({ pid }) => pid)));
  });

  test.each([
    ['all', () => ({ to: 'all' }), 'abcd'],
    ['others', () => ({ to: 'others' }), 'bcd'],
    ['all but some', () => ({ to: 'allExcept', names: ids('bd') }), 'ac'],
    ['one connection elsewhere', () => ({ to: 'client', names: ids('d') }), 'd'],
    ['one connection here', () => ({ to: 'client', names: ids('b') }), 'b'],
    ['connections here and elsewhere, one named twice', () => ({ to: 'clients', names: ids('bdcd') }), 'bcd'],
    ['a user', () => ({ to: 'user', names: ['ann'] }), 'ac'],
    ['users', () => ({ to: 'users', names: ['ann', 'bob', 'nobody'] }), 'abcd'],
    ['a group', () => ({ to: 'group', names: ['g'] }), 'acd'],
    ['others in a group', () => ({ to: 'othersInGroup', names: ['g'] }), 'cd'],
    ['groups that overlap', () => ({ to: 'groups', names: ['g', 'h'] }), 'abcd'],
    ['a group but some', () => ({ to: 'groupExcept', names: ['g'], except: ids('ac') }), 'd'],
  ] as const)('%s is who hears it, in both protocols', async (_, audience, expected) => {
    await joined('acd', 'g');
    await joined('bcd', 'h');
    expect(await heardBy('a', audience() as unknown as FarmAudience, expected)).toBe(expected);
  });

  test('a group is joined and left by the id of a connection elsewhere', async () => {
    const change = async (path: string, name: string): Promise<number> =>
      (await fetch(`${farm[0]?.url}/${path}?id=${client(name).id}&group=far`, { method: 'POST' })).status;
    for (const name of 'cd') expect(await change('join', name)).toBe(204);
    expect(await heardBy('a', { to: 'group', names: ['far'] }, 'cd')).toBe('cd');
    for (const { heard } of clients) heard.length = 0;
    expect(await change('leave', 'c')).toBe(204);
    expect(await heardBy('a', { to: 'group', names: ['far'] }, 'd')).toBe('d');
    const unknown = await fetch(`${farm[0]?.url}/join?id=nobody&group=far`, { method: 'POST' });
    expect(unknown.status).toBe(204);
  });

  test.each([
    ['a', 'c'],
    ['b', 'd'],
    ['d', 'a'],
    ['c', 'b'],
  ])('%s asks %s, which is elsewhere, and gets what it answers', async (asker, asked) => {
    const answers: readonly unknown[] = ['text', 42, -1.5, null, [1, [2]], { deep: { er: true } }, '\u001e"✓🚂'];
    let next = 0;
    client(asked).connection.on('ask', () => answers[next]);
    for (; next < answers.length; next++)
      expect(await client(asker).connection.invoke('ask', client(asked).id, '?')).toEqual(answers[next]);
  });

  test('an error of a client elsewhere comes back in its words', async () => {
    client('d').connection.on('ask', () => {
      throw new Error('not today');
    });
    await expect(client('a').connection.invoke('ask', client('d').id, '?')).rejects.toThrow(
      /HubError: .*not today|HubException: .*not today/,
    );
    expect(await client('a').connection.invoke('askInVain', client('c').id)).toBe("none: Client didn't provide a result.");
  });

  test('asking who is not there, or leaves, fails in the words of the reference server', async () => {
    expect(await client('a').connection.invoke('askInVain', 'nobody')).toBe(
      "SIGNALBOX_UNKNOWN_CONNECTION: Connection 'nobody' does not exist.",
    );
    const asked = new Promise<void>((resolve) => {
      client('c').connection.on('ask', () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    const answer = client('a').connection.invoke('askInVain', client('c').id);
    await asked;
    await client('c').connection.stop();
    expect(await answer).toBe('SIGNALBOX_CONNECTION_GONE: Connection disconnected.');
  });

  test('a server that is killed while it owes an answer is missed, and the others go on', async () => {
    const doomed = await build.start(redis.url);
    const lost = new FarmClient('x', doomed.url, 'xena', 'json');
    await lost.connection.start();
    const asked = new Promise<void>((resolve) => {
      lost.connection.on('ask', () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    await lost.connection.invoke('process');
    const answer = client('a').connection.invoke<string>('askInVain', lost.id);
    await asked;
    await doomed.end('SIGKILL');
    expect(await answer).toMatch(/^SIGNALBOX_(CONNECTION_GONE|UNKNOWN_CONNECTION): /);
    expect(await heardBy('a', { to: 'all' }, 'abcd')).toBe('abcd');
    await lost.connection.stop();
  });

  test('a server that is asked to end tells its clients, and leaves nothing behind', async () => {
    const leaving = await build.start(redis.url);
    const guest = new FarmClient('x', leaving.url, 'xena', 'messagepack');
    await guest.connection.start();
    const closed = new Promise((resolve) => guest.connection.onclose(resolve));
    expect(await leaving.end('SIGTERM')).toEqual([0, null]);
    await closed;
    expect(await heardBy('a', { to: 'all' }, 'abcd')).toBe('abcd');
  });
});
