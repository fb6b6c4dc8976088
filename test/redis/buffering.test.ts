import { once } from 'node:events';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import type { RedisOptions } from '../../src/redis.ts';
import { connected, until } from './farm.ts';
import { faults, message, toAll, toGroup } from './faults.ts';
import { redisIsHere } from './redis-server.ts';

const impatient: RedisOptions = { asyncTimeout: 1_000, keepAlive: 300, answerTimeout: 200, longestReconnectDelay: 100 };

describe.skipIf(!redisIsHere)('during an outage', () => {
  const { redisServer, farmAt, linkTo, ends } = faults();

  /** A server behind a link, with a client of user `u`, and another that nothing disturbs. */
  async function pair(options: RedisOptions = {}) {
    const redis = await redisServer();
    const link = await linkTo(redis);
    const all = { ...impatient, ...options };
    const [here, there] = [farmAt(link.url, all), farmAt(redis.url, all)];
    const { backplane, factory } = here.start();
    const other = there.start();
    await Promise.all([connected(factory), connected(other.factory)]);
    const [mine, theirs] = [new RecordingMember('mine', 'u'), new RecordingMember('theirs', 'u')];
    await Promise.all([backplane.attach(mine), other.backplane.attach(theirs)]);
    return { redis, link, farm: here, backplane, factory, other: other.backplane, otherFactory: other.factory, mine, theirs };
  }

  async function cut({ link, factory }: Pick<Awaited<ReturnType<typeof pair>>, 'link' | 'factory'>): Promise<void> {
    const failed = once(factory.events, 'failed');
    link.become('cut');
    await failed;
  }

  async function heal({ link, factory }: Pick<Awaited<ReturnType<typeof pair>>, 'link' | 'factory'>): Promise<void> {
    const restored = once(factory.events, 'restored');
    link.become('open');
    await restored;
  }

  const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `m${from + at}`);

  test.each([{ catchUp: true }, { catchUp: false }])(
    'clients here are served at once and clients elsewhere afterwards, each message once and in order: %j',
    async (options) => {
      const { backplane, mine, theirs, ...rest } = await pair(options);
      for (const target of numbered(0, 50)) void backplane.send(toAll, message(target));
      await cut(rest);
      for (const target of numbered(50, 100)) await backplane.send(toAll, message(target));
      expect(mine.targets).toEqual(numbered(0, 100));
      expect(theirs.targets).not.toContain('m50');
      expect(rest.factory.figures[0]?.outboxMessages).toBeGreaterThanOrEqual(50);
      await heal(rest);
      for (const target of numbered(100, 150)) void backplane.send(toAll, message(target));
      await theirs.waitFor('m149');
      await mine.waitFor('m149');
      expect(mine.targets).toEqual(numbered(0, 150));
      if (options.catchUp) expect(theirs.targets).toEqual(numbered(0, 150));
      await until(
        () => rest.factory.figures[0]?.outboxMessages === 0,
        () => 'The outbox is not empty.',
      );
      expect(rest.factory.figures[0]).toMatchObject({ outboxBytes: 0, lag: 0, lost: 0, cuts: 1 });
    },
  );

  test.each([{ catchUp: true }, { catchUp: false }])('what Redis took without an answer is heard once: %j', async (options) => {
    const { backplane, mine, theirs, link, ...rest } = await pair({ ...options, keepAlive: 60_000, answerTimeout: 60_000 });
    await backplane.join('mine', 'g');
    await rest.other.join('theirs', 'g');
    link.become('mute');
    const sent = backplane.send(toGroup, message('unanswered'));
    await theirs.waitFor('unanswered');
    expect(mine.targets).toEqual([]);
    await cut({ link, ...rest });
    await sent;
    expect(mine.targets).toEqual(['unanswered']);
    await heal({ link, ...rest });
    await backplane.send(toGroup, message('next'));
    await Promise.all([mine.waitFor('next'), theirs.waitFor('next')]);
    expect(mine.targets).toEqual(['unanswered', 'next']);
    // Without a mark nobody elsewhere can know it again.
    expect(theirs.targets).toEqual(options.catchUp ? ['unanswered', 'next'] : ['unanswered', 'unanswered', 'next']);
  });

  test('whoever is in two groups of one send hears it once, directly or not', async () => {
    const { backplane, mine, theirs, other, ...rest } = await pair();
    for (const group of ['g', 'h']) await Promise.all([backplane.join('mine', group), other.join('theirs', group)]);
    await cut(rest);
    await backplane.send({ to: 'groups', names: ['g', 'h'] }, message('both'));
    await heal(rest);
    await backplane.send(toAll, message('fence'));
    await Promise.all([mine.waitFor('fence'), theirs.waitFor('fence')]);
    expect([mine.targets, theirs.targets]).toEqual([
      ['both', 'fence'],
      ['both', 'fence'],
    ]);
  });

  test('clients come, join, leave and go without waiting, and who may have missed something is told', async () => {
    const { backplane, other, mine, theirs, ...rest } = await pair();
    const missed: (readonly string[])[] = [];
    rest.factory.events.on('recovered', ({ recovered, channels }) => missed.push([String(recovered), ...channels]));
    await cut(rest);
    const late = new RecordingMember('late', 'v');
    await backplane.attach(late);
    await backplane.join('late', 'g');
    await backplane.join('mine', 'g');
    expect(missed.flat()).toEqual(expect.arrayContaining(['Test.Hub:connection:late', 'Test.Hub:user:v', 'Test.Hub:group:g']));
    await backplane.send(toGroup, message('here'));
    await backplane.send({ to: 'users', ids: ['v'] }, message('user'));
    await backplane.leave('mine', 'g');
    await backplane.detach(mine);
    const joined = backplane.join('theirs', 'h');
    expect(late.targets).toEqual(['here', 'user']);
    missed.length = 0;
    await heal(rest);
    await joined;
    await until(
      () => missed.length > 0,
      () => 'It was not told.',
    );
    expect(missed).toEqual([expect.arrayContaining(['true', 'Test.Hub:all', 'Test.Hub:group:g'])]);
    await backplane.send({ to: 'groups', names: ['h'] }, message('elsewhere'));
    await theirs.waitFor('elsewhere');
    await other.send(toGroup, message('after'));
    await late.waitFor('after');
    expect(late.targets).toEqual(['here', 'user', 'after']);
    expect(mine.targets).toEqual(['here']);
  });

  test('a client of another server can not be asked, and an answer that is owed waits for Redis', async () => {
    const { backplane, other, mine, theirs, redis, factory } = await pair();
    const asked = other.invoke('mine', 'ask', []);
    const { invocationId = '' } = await mine.waitFor('ask');
    const failed = once(factory.events, 'failed');
    await redis.stop();
    await failed;
    await expect(backplane.invoke('theirs', 'ask', [])).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    const own = backplane.invoke('mine', 'own', []);
    backplane.complete(mine, { type: MessageType.completion, invocationId, hasResult: true, result: 42 });
    const question = await mine.waitFor('own');
    backplane.complete(mine, { type: MessageType.completion, invocationId: question.invocationId ?? '', hasResult: true, result: 1 });
    expect((await own).result).toBe(1);
    await redis.start();
    expect((await asked).result).toBe(42);
    expect(theirs.targets).toEqual([]);
  });

  test('a server that starts takes clients, and is whole when Redis is there', async () => {
    const redis = await redisServer();
    await redis.stop();
    const { backplane, factory } = farmAt(redis.url, impatient).start();
    const failed = once(factory.events, 'failed');
    const early = backplane.send(toAll, message('first'));
    const member = new RecordingMember('c1', 'u');
    const attached = backplane.attach(member);
    await Promise.all([failed, early, attached]);
    await backplane.join('c1', 'g');
    await backplane.send(toGroup, message('early'));
    expect(member.targets).toEqual(['first', 'early']);
    await redis.start();
    await connected(factory);
    const other = farmAt(redis.url, impatient).start();
    await other.backplane.send(toGroup, message('late'));
    await member.waitFor('late');
    expect(member.targets).toEqual(['first', 'early', 'late']);
  });

  test.each([{ catchUp: true }, { catchUp: false }])(
    'a Redis that is stopped is not waited for, and nothing is heard twice when it goes on: %j',
    async (options) => {
      const { backplane, mine, theirs, redis } = await pair({ ...options, keepAlive: 60_000 });
      redis.signal('SIGSTOP');
      const sent = backplane.send(toAll, message('m0'));
      await mine.waitFor('m0');
      for (const target of numbered(1, 20)) await backplane.send(toAll, message(target));
      expect(mine.targets).toEqual(numbered(0, 20));
      redis.signal('SIGCONT');
      await sent;
      await theirs.waitFor('m19');
      await backplane.send(toAll, message('m20'));
      await Promise.all([mine.waitFor('m20'), theirs.waitFor('m20')]);
      expect([mine.targets, theirs.targets]).toEqual([numbered(0, 21), numbered(0, 21)]);
    },
  );

  test('of a Redis that keeps nothing, what it took shortly before is sent again, and heard once', async () => {
    const { backplane, mine, theirs, other, redis, factory, otherFactory } = await pair();
    await other.join('theirs', 'g');
    await backplane.send(toGroup, message('before'));
    await theirs.waitFor('before');
    const failed = once(factory.events, 'failed');
    await redis.stop();
    await failed;
    await redis.start();
    await Promise.all([connected(factory), connected(otherFactory)]);
    await redis.publishes(1);
    const late = new RecordingMember('late');
    await other.attach(late);
    await other.join('late', 'g');
    await backplane.send(toGroup, message('after'));
    await Promise.all([late.waitFor('after'), theirs.waitFor('after')]);
    expect([mine.targets, theirs.targets, late.targets]).toEqual([[], ['before', 'after'], ['after']]);
  });

  test('a message is refused when the outbox is full, and given up when it is too old; both are told', async () => {
    const { backplane, mine, farm, ...rest } = await pair({ maximumOutboxBytes: 100_000, maximumOutboxAge: 300 });
    const lost = once(rest.factory.events, 'lost');
    await cut(rest);
    await backplane.send(toAll, message('kept', 'x'.repeat(40_000)));
    await expect(backplane.send(toAll, message('too much', 'x'.repeat(40_000)))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_OUTBOX' });
    expect(mine.targets).toEqual(['kept']);
    expect(await lost).toEqual([{ hub: 'Test.Hub', messages: 1 }]);
    expect(rest.factory.figures[0]).toMatchObject({ outboxMessages: 0, outboxBytes: 0, lost: 1 });
    expect(farm.logged.map(({ event }) => event.id)).toContain('redis.messages-lost');
    await backplane.send(toAll, message('again'));
    expect(mine.targets).toEqual(['kept', 'again']);
  });

  test('a server that is closed waits for Redis to take what it has, and says what it gave up', async () => {
    const { backplane, theirs, ...rest } = await pair({ asyncTimeout: 10_000 });
    await cut(rest);
    await backplane.send(toAll, message('last'));
    const closed = backplane.close();
    rest.link.become('open');
    await closed;
    await theirs.waitFor('last');
    const second = await pair({ asyncTimeout: 200 });
    await cut(second);
    await second.backplane.send(toAll, message('lost'));
    await second.backplane.close();
    expect(second.farm.logged.find(({ event }) => event.id === 'redis.messages-lost')?.fields).toEqual({ hub: 'Test.Hub', messages: 1 });
  });

  test('with the policy local, clients here are served and the others never hear of it', async () => {
    const { backplane, mine, theirs, ...rest } = await pair({ outagePolicy: 'local' });
    await cut(rest);
    for (const target of numbered(0, 5)) await backplane.send(toAll, message(target));
    await expect(backplane.join('theirs', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    expect(mine.targets).toEqual(numbered(0, 5));
    expect(rest.factory.figures[0]?.outboxMessages).toBe(0);
    await heal(rest);
    await backplane.send(toAll, message('m5'));
    await Promise.all([mine.waitFor('m5'), theirs.waitFor('m5')]);
    expect(mine.targets).toEqual(numbered(0, 6));
    expect(theirs.targets).toEqual(['m5']);
  });

  test('with the policy fail, sends fail and nobody is served', async () => {
    const { backplane, mine, ...rest } = await pair({ outagePolicy: 'fail' });
    await cut(rest);
    await expect(backplane.send(toAll, message('m'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    await expect(backplane.join('mine', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    await heal(rest);
    await backplane.send(toAll, message('after'));
    await mine.waitFor('after');
    expect(mine.targets).toEqual(['after']);
  });

  test.each(['pubsub', 'normal'])('a connection of the two that is cut (%s) costs clients here nothing', async (type) => {
    const { backplane, mine, redis, factory } = await pair();
    const admin = new Redis(redis.url);
    ends(() => admin.disconnect());
    const restored = once(factory.events, 'restored');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 300; sent++) {
        await backplane.send(toAll, message(`m${sent}`));
        if (sent === 100) await admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      }
    })();
    await Promise.all([sending, restored]);
    await backplane.send(toAll, message(`m${sent}`));
    await mine.waitFor('m300');
    expect(mine.targets).toEqual(numbered(0, 301));
  });
});
