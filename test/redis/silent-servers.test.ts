import { describe, expect, test } from 'vitest';
import type { Backplane } from '../../src/backplane/backplane.ts';
import type { RedisBackplaneFactory, RedisOptions } from '../../src/redis.ts';
import { writeSignOfLife } from '../../src/redis/sign-of-life.ts';
import { connected, until, type Farm } from './farm.ts';
import { faults } from './faults.ts';
import { Observer } from './observer.ts';
import { redisIsHere } from './redis-server.ts';

/** A beat is up to two ticks of the wheel late: with less it would seem as if Redis were away. */
const soon: RedisOptions = { heartbeatInterval: 500, serverTimeout: 1_500, keepAlive: 1_000, longestReconnectDelay: 100 };
const CHANNEL = 'Test.Hub:internal:catch-up';

interface Server {
  readonly farm: Farm;
  readonly backplane: Backplane;
  readonly factory: RedisBackplaneFactory;
  readonly name: string;
  /** What was told of other servers. */
  readonly told: string[];
}

describe.skipIf(!redisIsHere)('a server that falls silent', () => {
  const { redisServer, farmAt, linkTo, ends } = faults();

  async function serverAt(url: string, options: RedisOptions = {}): Promise<Server> {
    const farm = farmAt(url, { ...soon, ...options });
    const { backplane, factory } = farm.start();
    const told: string[] = [];
    for (const event of ['silent', 'heard'] as const) {
      factory.events.on(event, ({ hub, server }) => {
        expect(hub).toBe('Test.Hub');
        told.push(`${event} ${server}`);
      });
    }
    await connected(factory);
    const name = String(farm.logged.find(({ event }) => event.id === 'redis.connecting-to-endpoints')?.fields['serverName']);
    return { farm, backplane, factory, name, told };
  }

  async function observerAt(url: string): Promise<Observer> {
    const observer = await Observer.at(url);
    ends(() => observer.close());
    return observer;
  }

  const tells = (server: Server, what: string): Promise<void> =>
    until(
      () => server.told.includes(what),
      () => `${what} was not told, but ${server.told.join(', ')}.`,
      20_000,
    );

  /** Waits until it has said so often that it is there. */
  async function beats(observer: Observer, { name }: Server, times: number): Promise<void> {
    const sign = writeSignOfLife({ kind: 'here', server: name });
    const before = observer.signsOfLife.length;
    await until(
      () => observer.signsOfLife.slice(before).filter(({ payload }) => payload.equals(sign)).length >= times,
      () => `${name} is not heard.`,
    );
  }

  test('is told of by all that miss it, is logged once, and is told of when it is back; itself it misses nobody', async () => {
    const redis = await redisServer();
    const link = await linkTo(redis);
    const [a, b, c] = [await serverAt(redis.url), await serverAt(redis.url), await serverAt(link.url)];
    const observer = await observerAt(redis.url);
    await Promise.all([a, b, c].map((server) => beats(observer, server, 1)));
    link.become('cut');
    await Promise.all([a, b].map((server) => tells(server, `silent ${c.name}`)));
    link.become('open');
    await Promise.all([a, b].map((server) => tells(server, `heard ${c.name}`)));
    await beats(observer, c, 5);
    for (const { told, farm } of [a, b]) {
      expect(told).toEqual([`silent ${c.name}`, `heard ${c.name}`]);
      const logged = farm.logged.filter(({ event }) => event.id.startsWith('redis.server-'));
      const fields = { hub: 'Test.Hub', server: c.name };
      expect(logged.map((entry) => [entry.event.id, entry.event.level, entry.fields])).toEqual([
        ['redis.server-silent', 'warn', fields],
        ['redis.server-heard', 'info', fields],
      ]);
    }
    expect(c.told).toEqual([]);
  });

  test('is told of when Redis is back, if it fell silent meanwhile, and those that are back are not', async () => {
    const redis = await redisServer();
    const link = await linkTo(redis);
    const [a, b, c] = [await serverAt(redis.url), await serverAt(redis.url), await serverAt(link.url)];
    const observer = await observerAt(redis.url);
    await Promise.all([a, b, c].map((server) => beats(observer, server, 1)));
    await redis.stop();
    link.become('cut');
    await redis.start();
    await Promise.all([a, b].map((server) => tells(server, `silent ${c.name}`)));
    expect([a.told, b.told, c.told]).toEqual([[`silent ${c.name}`], [`silent ${c.name}`], []]);
  });

  test('is not one that was closed', async () => {
    const redis = await redisServer();
    const link = await linkTo(redis);
    const [a, b, c] = [await serverAt(redis.url), await serverAt(redis.url), await serverAt(link.url)];
    const observer = await observerAt(redis.url);
    await Promise.all([a, b, c].map((server) => beats(observer, server, 1)));
    await b.backplane.close();
    await beats(observer, c, 1);
    link.become('cut');
    await tells(a, `silent ${c.name}`);
    expect(a.told).toEqual([`silent ${c.name}`]);
  });

  test('is neither heard nor missed where there is no catch-up', async () => {
    const redis = await redisServer();
    const observer = await observerAt(redis.url);
    const plain = await serverAt(redis.url, { catchUp: false });
    const one = await serverAt(redis.url);
    await observer.publish(CHANNEL, writeSignOfLife({ kind: 'here', server: 'made up' }));
    await tells(one, 'silent made up');
    expect(observer.published).toEqual([]);
    expect(observer.signsOfLife.some(({ payload }) => payload.includes(one.name))).toBe(true);
    expect(observer.signsOfLife.filter(({ payload }) => payload.includes(plain.name))).toEqual([]);
    expect(plain.told).toEqual([]);
  });

  test('is not announced by what no server would say: that is dropped, and counted', async () => {
    const redis = await redisServer();
    const observer = await observerAt(redis.url);
    const one = await serverAt(redis.url);
    for (const payload of ['', 'hello', '\u0093\u0002\u0001\u00a1x']) await observer.publish(CHANNEL, Buffer.from(payload, 'latin1'));
    await until(
      () => one.factory.foreignPayloads === 3,
      () => `${one.factory.foreignPayloads} of 3 were counted.`,
    );
    const logged = one.farm.logged.filter(({ event }) => event.id === 'redis.foreign-payload');
    expect(logged.map(({ fields }) => fields)).toEqual([{ hub: 'Test.Hub', channel: 'catch-up', bytes: 0 }]);
  });
});
