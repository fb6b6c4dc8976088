import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import type { RedisBackplaneFactory, RedisOptions } from '../../src/redis.ts';
import { writeForms } from '../../src/redis/envelope.ts';
import { publishScript } from '../../src/redis/lua.ts';
import { streamKeys } from '../../src/redis/stream-keys.ts';
import { connected, until } from './farm.ts';
import { faults, message, toAll } from './faults.ts';
import type { Link } from './link.ts';
import { redisIsHere, type RedisServer } from './redis-server.ts';

const impatient: RedisOptions = { keepAlive: 300, answerTimeout: 200, longestReconnectDelay: 100 };
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `m${from + at}`);

interface Server {
  readonly backplane: Backplane;
  readonly factory: RedisBackplaneFactory;
  readonly member: RecordingMember;
  /** What was told of what was missed, in order. */
  readonly told: { readonly recovered: true | 'node-only' | false; readonly channels: readonly string[] }[];
}

describe.skipIf(!redisIsHere)('what a server could not hear', () => {
  const { redisServer, farmAt, linkTo, ends } = faults();

  async function serverAt(url: string, name: string, options: RedisOptions = {}): Promise<Server> {
    const { backplane, factory } = farmAt(url, { ...impatient, ...options }).start();
    await connected(factory);
    const member = new RecordingMember(name, `user of ${name}`);
    await backplane.attach(member);
    await backplane.join(name, 'g');
    const told: Server['told'] = [];
    factory.events.on('recovered', ({ recovered, channels }) => told.push({ recovered, channels }));
    return { backplane, factory, member, told };
  }

  async function without(link: Link, server: Server, meanwhile: () => Promise<void>): Promise<Server['told'][number]> {
    const failed = once(server.factory.events, 'failed');
    link.become('cut');
    await failed;
    await meanwhile();
    server.told.length = 0;
    link.become('open');
    await until(
      () => server.told.length > 0,
      () => 'Nothing was told.',
    );
    return server.told[0] as Server['told'][number];
  }

  async function pair(options: RedisOptions = {}): Promise<{ redis: RedisServer; link: Link; here: Server; there: Server }> {
    const redis = await redisServer();
    const link = await linkTo(redis);
    const [here, there] = [await serverAt(redis.url, 'here', options), await serverAt(link.url, 'there', options)];
    return { redis, link, here, there };
  }

  const everybody = [
    toAll,
    { to: 'groups', names: ['g'] },
    { to: 'users', ids: ['user of there'] },
    { to: 'connections', ids: ['there'] },
  ] as const;

  test('is delivered when it is back: to all, a group, a user and a connection, each in order and once', async () => {
    const { link, here, there } = await pair();
    const send = async (from: number, to: number): Promise<void> => {
      for (const target of numbered(from, to))
        for (const audience of everybody) await here.backplane.send(audience, message(target, audience.to));
    };
    await send(0, 10);
    await there.member.waitFor('m9');
    const told = await without(link, there, () => send(10, 60));
    expect(told).toEqual({
      recovered: true,
      channels: expect.arrayContaining(['Test.Hub:all', 'Test.Hub:group:g', 'Test.Hub:user:user of there', 'Test.Hub:connection:']),
    });
    await send(60, 70);
    const heard = (kind: string): string[] =>
      there.member.received.filter(({ arguments: [to] }) => to === kind).map(({ target }) => target);
    await until(
      () => everybody.every(({ to }) => heard(to).length >= 70),
      () => `${there.member.received.length} of 280 came.`,
    );
    for (const { to } of everybody) expect(heard(to)).toEqual(numbered(0, 70));
  });

  test('and its groups are changed as they were asked to be', async () => {
    const { link, here, there } = await pair();
    const joins: Promise<void>[] = [];
    await without(link, there, async () => {
      joins.push(Promise.resolve(here.backplane.join('there', 'h')));
      await here.backplane.send(toAll, message('fence'));
    });
    await there.member.waitFor('fence');
    await Promise.all(joins);
    await here.backplane.send({ to: 'groups', names: ['h'] }, message('joined'));
    await there.member.waitFor('joined');
  });

  test('is told to be lost as far as it is kept no longer, and the rest is delivered', async () => {
    const { link, here, there } = await pair({ catchUpEntries: 10 });
    await here.backplane.send(toAll, message('m0'));
    await there.member.waitFor('m0');
    const told = await without(link, there, async () => {
      for (const target of numbered(1, 31)) await here.backplane.send(toAll, message(target));
    });
    expect(told.recovered === false ? told.channels : there.told.find(({ recovered }) => recovered === false)?.channels).toEqual([
      'Test.Hub:all',
    ]);
    await here.backplane.send(toAll, message('m31'));
    await there.member.waitFor('m31');
    expect(there.member.targets).toEqual(['m0', ...numbered(21, 32)]);
  });

  test('is bounded in bytes, too', async () => {
    const { redis, here } = await pair({ catchUpBytes: 10_000 });
    const client = new Redis(redis.url);
    ends(() => client.disconnect());
    const [messages, state] = streamKeys('Test.Hub:all');
    for (let sent = 0; sent < 30; sent++) await here.backplane.send(toAll, message('m', 'x'.repeat(500)));
    const kept = await client.xlen(messages);
    expect(kept).toBeGreaterThan(3);
    const entries = await client.xrange(messages, '-', '+');
    expect(entries.reduce((sum, [, fields]) => sum + (fields[5]?.length ?? 0), 0)).toBeLessThanOrEqual(10_000);
    await here.backplane.send(toAll, message('m', 'x'.repeat(6_000)));
    expect(await client.xlen(messages)).toBe(0);
    expect(await client.pttl(messages)).not.toBe(-1);
    expect(await client.pttl(state)).toBeGreaterThan(100_000);
  });

  test('is found missing by its place, without a cut', async () => {
    const { redis, here, there } = await pair();
    const client = new Redis(redis.url);
    ends(() => client.disconnect());
    await here.backplane.send(toAll, message('first'));
    const dropped = writeForms(new Map([['json', Buffer.from('{"type":1,"target":"dropped","arguments":[]}\u001e')]]), [], undefined, {
      origin: 'somebody',
      sequence: 1,
      several: false,
    });
    const silent = publishScript.replace(/return redis\.call\('PUBLISH'.*/, 'return 0');
    expect(silent).not.toBe(publishScript);
    await client.eval(silent, 2, ...streamKeys('Test.Hub:all'), 'Test.Hub:all', dropped, 'somebody', 1, 1_000, 1_000_000, 60_000);
    for (const target of ['second', 'third']) await here.backplane.send(toAll, message(target));
    await Promise.all([here.member.waitFor('third'), there.member.waitFor('third')]);
    for (const { member, factory, told } of [here, there]) {
      expect(member.targets).toEqual(['first', 'dropped', 'second', 'third']);
      expect(factory.figures[0]?.gaps).toBe(1);
      await until(
        () => told.length > 0,
        () => 'It was not told.',
      );
      expect(told).toEqual([{ recovered: true, channels: ['Test.Hub:all'] }]);
    }
  });

  test.each([
    ['by what it sends', {}],
    ['by where it listens', { catchUp: false }],
  ])('of others is not known, and their presence is: %s', async (_, options) => {
    const { redis, link, there } = await pair();
    const client = new Redis(redis.url);
    ends(() => client.disconnect());
    if ('catchUp' in options) await serverAt(redis.url, 'other', options);
    else await client.publish('Test.Hub:all', writeForms(new Map(), []));
    await there.backplane.send(toAll, message('fence'));
    await there.member.waitFor('fence');
    expect(await without(link, there, async () => {})).toMatchObject({ recovered: 'node-only' });
  });

  test.each(['{ü}:*␞', 'a}b', '{}', 'x{', '}{', 'a{b}c', '{a'])('was sent to a group called %s', async (group) => {
    const { link, here, there } = await pair();
    await there.backplane.join('there', group);
    await without(link, there, async () => here.backplane.send({ to: 'groups', names: [group] }, message('missed')));
    await there.member.waitFor('missed');
  });

  test('because Redis cut it off for reading too slowly is delivered', async () => {
    const redis = await redisServer('--client-output-buffer-limit', 'pubsub 1mb 0 0');
    const link = await linkTo(redis);
    const options = { keepAlive: 60_000, answerTimeout: 60_000, catchUpBytes: 100_000_000 };
    const [here, there] = [await serverAt(redis.url, 'here', options), await serverAt(link.url, 'there', options)];
    link.become('silent');
    for (const target of numbered(0, 200)) await here.backplane.send(toAll, message(target, 'x'.repeat(50_000)));
    const client = new Redis(redis.url);
    ends(() => client.disconnect());
    await until(
      () => here.member.received.length === 200,
      () => 'Not everything was sent.',
    );
    await expect
      .poll(
        async () =>
          String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
            .trim()
            .split('\n').length,
      )
      .toBe(1);
    link.become('open');
    await there.member.waitFor('m199', 10_000);
    expect(there.member.targets).toEqual(numbered(0, 200));
  });

  describe('under load, when Redis', () => {
    async function throughout(redis: RedisServer, fault: (client: Redis) => Promise<void>, url = redis.url): Promise<readonly Server[]> {
      const servers = await Promise.all(
        ['a', 'b', 'c'].map(async (name) =>
          serverAt(name === 'b' ? url : redis.url, name, { catchUpEntries: 100_000, catchUpBytes: 100_000_000 }),
        ),
      );
      const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
      client.on('error', () => undefined);
      ends(() => client.disconnect());
      let over = false;
      const sending = servers.map(async ({ backplane, member }) => {
        let sent = 0;
        for (let left = 100; left > 0; sent++) {
          void backplane.send(toAll, message('m', member.connectionId, sent));
          // Each hears what is sent to it alone, by the server after it.
          const next = { a: 'b', b: 'c', c: 'a' }[member.connectionId] ?? '';
          void backplane.send({ to: 'connections', ids: [next] }, message('own', sent));
          await new Promise((resolve) => setTimeout(resolve, 2));
          if (over) left--;
        }
        return sent;
      });
      await servers[0]?.member.waitFor('m');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await fault(client);
      await Promise.all(servers.map(({ factory }) => connected(factory)));
      over = true;
      const sent = await Promise.all(sending);
      for (const [at, { member }] of servers.entries()) {
        const own = sent[(at + 2) % 3] ?? 0;
        const heard = (): unknown[] => member.received.filter(({ target }) => target === 'own').map(({ arguments: [number] }) => number);
        await until(
          () => heard().length >= own,
          () => `${member.connectionId} heard ${heard().length} of its own ${own} messages`,
        );
        expect(heard()).toEqual(Array.from({ length: own }, (_, number) => number));
      }
      for (const { member } of servers)
        for (const [at, sender] of ['a', 'b', 'c'].entries()) {
          const heard = (): unknown[] =>
            member.received
              .filter(({ target, arguments: [from] }) => target === 'm' && from === sender)
              .map(({ arguments: [, number] }) => number);
          await until(
            () => heard().length >= (sent[at] ?? 0),
            () => `${member.connectionId} heard ${heard().length} of ${sent[at]} messages of ${sender}`,
          );
          expect(heard()).toEqual(Array.from({ length: sent[at] ?? 0 }, (_, number) => number));
        }
      return servers;
    }

    test('is killed and keeps nothing, nobody misses anything', async () => {
      const redis = await redisServer();
      await throughout(redis, async () => {
        await redis.stop();
        await redis.start();
      });
    });

    test('is killed and has kept its data, nobody misses anything', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'signalbox-'));
      ends(() => rm(directory, { recursive: true }));
      const redis = await redisServer('--dir', directory, '--appendonly', 'yes', '--appendfsync', 'always');
      await throughout(redis, async () => {
        await redis.stop();
        await redis.start();
      });
    });

    test('is stopped for a while, nobody misses anything', async () => {
      const redis = await redisServer();
      await throughout(redis, async () => {
        redis.signal('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        redis.signal('SIGCONT');
      });
    });

    test.each(['cut', 'silent', 'mute'] as const)('is out of reach of one server (%s), nobody misses anything', async (mode) => {
      const redis = await redisServer();
      const link = await linkTo(redis);
      const fault = async (): Promise<void> => {
        link.become(mode);
        await new Promise((resolve) => setTimeout(resolve, 800));
        link.become('open');
      };
      await throughout(redis, fault, link.url);
    });

    test.each(['pubsub', 'normal'])('cuts every connection (%s), nobody misses anything', async (type) => {
      const redis = await redisServer();
      await throughout(redis, async (client) => void (await client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')));
    });

    test('has no memory left for a while, nobody misses anything', async () => {
      const redis = await redisServer();
      await throughout(redis, async (client) => {
        await client.config('SET', 'maxmemory', '1');
        await new Promise((resolve) => setTimeout(resolve, 500));
        await client.config('SET', 'maxmemory', '0');
      });
    });

    test('becomes a replica for a while, nobody misses anything', async () => {
      const redis = await redisServer();
      await throughout(redis, async (client) => {
        await client.call('REPLICAOF', '127.0.0.1', '1');
        await new Promise((resolve) => setTimeout(resolve, 500));
        await client.call('REPLICAOF', 'NO', 'ONE');
      });
    });

    test('forgets its scripts, nobody misses anything', async () => {
      const redis = await redisServer();
      await throughout(redis, async (client) => void (await client.script('FLUSH')));
    });
  });

  test('is lost where Redis refuses scripts or their keys, and that is told once', async () => {
    const redis = await redisServer();
    const admin = new Redis(redis.url);
    ends(() => admin.disconnect());
    for (const [name, rules] of [
      ['keyless', ['+@all']],
      ['scriptless', ['+@all', '-@scripting', '~*']],
    ] as const) {
      await admin.call('ACL', 'SETUSER', name, 'on', '>pw', 'allchannels', ...rules);
      const farm = farmAt(`redis://${name}:pw@127.0.0.1:${redis.port}`, impatient);
      const { backplane, factory } = farm.start();
      await connected(factory);
      const member = new RecordingMember('c1');
      await backplane.attach(member);
      for (const target of numbered(0, 5)) await backplane.send(toAll, message(target));
      await member.waitFor('m4');
      expect(member.targets).toEqual(numbered(0, 5));
      expect(factory.figures[0]?.catchUp).toBe(false);
      const restored = once(factory.events, 'recovered');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      expect(await restored).toMatchObject([{ recovered: false }]);
      expect(farm.logged.filter(({ event }) => event.id === 'redis.catch-up-refused')).toHaveLength(1);
      await farm.close();
    }
  });
});

describe.skipIf(!redisIsHere)('the keys of a stream', () => {
  const { redisServer, ends } = faults();

  test('are in the slot of its channel, whatever it is called', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-'));
    ends(() => rm(directory, { recursive: true }));
    const redis = await redisServer('--cluster-enabled', 'yes', '--dir', directory);
    const client = new Redis(redis.url);
    ends(() => client.disconnect());
    const names = ['Hub:all', 'Hub:group:{a}', 'Hub:group:{}', 'a}b', '}{', '{}{a}', 'a{b}{c}', '{', '}', '{{a}}', 'ü{世}', 'ü}世'];
    const slot = (key: string): Promise<unknown> => client.call('CLUSTER', 'KEYSLOT', key);
    for (const name of names) for (const key of streamKeys(name)) expect([name, await slot(key)]).toEqual([name, await slot(name)]);
    expect(new Set(names.flatMap((name) => streamKeys(name))).size).toBe(2 * names.length);
  });
});
