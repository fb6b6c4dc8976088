import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import type { RedisOptions } from '../../src/redis.ts';
import { connected, until } from './farm.ts';
import { faults, message, toAll } from './faults.ts';
import { redisIsHere, type RedisServer } from './redis-server.ts';

const named = (count: number): string[] => Array.from({ length: count }, (_, at) => `m${at}`);

describe.skipIf(!redisIsHere)('a server that hears only what is sent while it listens', () => {
  const { redisServer, farmAt, ends } = faults();

  /** Listens as a .NET server does: to group changes as well, but not where those with catch-up meet. */
  async function listener(redis: RedisServer): Promise<{ readonly heard: string[]; readonly end: () => void }> {
    const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: null });
    client.on('error', () => undefined);
    ends(() => client.disconnect());
    const heard: string[] = [];
    client.on('message', (_, payload: string) => heard.push(/"target":"(\w+)"/.exec(payload)?.[1] ?? ''));
    await client.subscribe('Test.Hub:internal:groups', 'Test.Hub:all');
    return { heard, end: () => client.disconnect() };
  }

  /** Resolves when `count` connections are there besides the one that looks. */
  async function connections(redis: RedisServer, count: number): Promise<void> {
    const client = new Redis(redis.port, '127.0.0.1');
    ends(() => client.disconnect());
    for (;;) {
      const list = String(await client.client('LIST'))
        .trim()
        .split('\n');
      if (list.length > count && list.every((line) => !line.includes('cmd=NULL'))) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async function restarted(options: RedisOptions) {
    const redis = await redisServer();
    const before = await listener(redis);
    const { backplane, factory } = farmAt(redis.url, { keepAlive: 300, longestReconnectDelay: 100, ...options }).start();
    await connected(factory);
    const member = new RecordingMember('here', 'u');
    await backplane.attach(member);
    // Redis answers in order: it has said who listens when it takes this.
    await backplane.send(toAll, message('first'));
    await redis.stop();
    before.end();
    for (const target of named(5)) await backplane.send(toAll, message(target));
    await member.waitFor('m4');
    await redis.start();
    return { redis, backplane, factory, member };
  }

  test.each([{}, { catchUp: false }])('is waited for when Redis is back, with %o: it hears what was sent meanwhile', async (options) => {
    const { redis, factory, member } = await restarted({ ...options, listenersTimeout: 60_000 });
    await connections(redis, 2);
    expect(factory.state).toBe('down');
    const { heard } = await listener(redis);
    await connected(factory);
    await until(
      () => heard.includes('m4'),
      () => `It heard ${heard.join()}`,
    );
    expect(heard.filter((target) => target !== 'first')).toEqual(named(5));
    expect(member.targets.filter((target) => target !== 'first')).toEqual(named(5));
  });

  test('is not waited for longer than "listenersTimeout"', async () => {
    const { factory } = await restarted({ listenersTimeout: 300 });
    await connected(factory);
    await until(
      () => factory.figures[0]?.outboxMessages === 0,
      () => 'The outbox still waits.',
    );
    expect(factory.figures[0]?.lost).toBe(0);
  });

  test.each([{ listenersTimeout: null }, { outagePolicy: 'local', listenersTimeout: 60_000 }] as const)(
    'is not waited for with %o',
    async (options) => {
      const { factory } = await restarted(options);
      await connected(factory);
    },
  );

  test('holds up no server that closes', async () => {
    const { redis, backplane, factory } = await restarted({ listenersTimeout: 60_000, asyncTimeout: 5_000 });
    await connections(redis, 2);
    const lost: unknown[] = [];
    factory.events.on('lost', (event) => lost.push(event));
    await backplane.close();
    expect(lost).toEqual([]);
    expect(await redis.publishes(5)).toBeGreaterThanOrEqual(5);
  });
});
