import { once } from 'node:events';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { readInvocation } from '../../src/redis/envelope.ts';
import { connected, until } from './farm.ts';
import { FakeRedis } from './fake-redis.ts';
import { faults, message, toAll, toGroup } from './faults.ts';
import { redisIsHere } from './redis-server.ts';

const impatient = { asyncTimeout: 2_000, keepAlive: 300, firstReconnectDelay: 1, longestReconnectDelay: 50 };

describe('a Redis that answers', () => {
  const { farmAt, ends } = faults();

  async function fakeRedis(): Promise<FakeRedis> {
    const fake = await FakeRedis.start();
    ends(() => fake.close());
    return fake;
  }

  const targets = (fake: FakeRedis): readonly (string | undefined)[] =>
    fake.published.map(([, payload]) => {
      const json = readInvocation(Buffer.from(payload, 'latin1'))?.forms.get('json')?.toString();
      return /"target":"(\w+)"/.exec(json ?? '')?.[1];
    });

  test.each(['OOM command not allowed', 'LOADING Redis is loading', "READONLY You can't write", 'NOAUTH Authentication required.'])(
    '%s is asked again, in order, while clients here are served',
    async (reply) => {
      const fake = await fakeRedis();
      const { backplane, factory } = farmAt(fake.url, impatient).start();
      await connected(factory);
      const member = new RecordingMember('c1');
      await backplane.attach(member);
      let refusals = 5;
      fake.script = (command) => (command === 'publish' && refusals-- > 0 ? `-${reply}\r\n` : undefined);
      const failed = once(factory.events, 'failed');
      const restored = once(factory.events, 'restored');
      const sent = ['a', 'b', 'c'].map(async (target) => backplane.send(toAll, message(target)));
      expect(await failed).toMatchObject([{ error: { code: 'SIGNALBOX_REDIS_REFUSED', message: expect.stringContaining(reply) } }]);
      await Promise.all(sent);
      expect(member.targets).toEqual(['a', 'b', 'c']);
      await restored;
      await until(
        () => fake.published.length >= 3,
        () => 'Messages are missing.',
      );
      expect(targets(fake)).toEqual(['a', 'b', 'c']);
    },
  );

  test('with an error to the first of several, has that one follow under a number that is not taken for an old one', async () => {
    const fake = await fakeRedis();
    const { backplane, factory } = farmAt(fake.url, impatient).start();
    await connected(factory);
    let asked = 0;
    fake.script = (command) => (command === 'publish' && asked++ === 0 ? '-OOM\r\n' : undefined);
    await Promise.all(['a', 'b', 'c'].map(async (target) => backplane.send(toAll, message(target))));
    await until(
      () => fake.published.length >= 3,
      () => 'Messages are missing.',
    );
    expect(targets(fake)).toEqual(['b', 'c', 'a']);
    const numbers = fake.published.map(([, payload]) => readInvocation(Buffer.from(payload, 'latin1'))?.mark?.sequence);
    expect(numbers).toEqual([2, 3, 4]);
  });

  test('that it will never take a message: its sender is told, and the others are not held up', async () => {
    const fake = await fakeRedis();
    const { backplane, factory } = farmAt(fake.url, impatient).start();
    await connected(factory);
    fake.script = (command, [channel]) =>
      command === 'publish' && channel?.endsWith(':group:g') ? '-NOPERM No permissions to access a channel\r\n' : undefined;
    const refused = expect(backplane.send(toGroup, message('a'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_REFUSED' });
    await backplane.send(toAll, message('b'));
    await refused;
    expect(factory.state).toBe('connected');
    expect(targets(fake)).toEqual(['b']);
  });

  test.each([
    ['nonsense', 'hello there\r\n'],
    ['half an answer', '$100\r\nx'],
    ['another kind of answer', '*2\r\n+a\r\n:1\r\n'],
  ])('%s ends nothing', async (_, reply) => {
    const fake = await fakeRedis();
    const { backplane, factory } = farmAt(fake.url, impatient).start();
    await connected(factory);
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    let times = 1;
    fake.script = (command) => (command === 'publish' && times-- > 0 ? reply : undefined);
    await backplane.send(toAll, message('a'));
    await backplane.send(toAll, message('b'));
    await until(
      () => targets(fake).includes('b'),
      () => 'The message did not come through.',
    );
    await connected(factory);
  });

  test.each(['info', 'subscribe', 'ping'])('nonsense to %s is asked anew', async (asked) => {
    const fake = await fakeRedis();
    let times = 2;
    fake.script = (command) => (command === asked && times-- > 0 ? '!nonsense\r\n' : undefined);
    const { backplane, factory } = farmAt(fake.url, impatient).start();
    await backplane.send(toAll, message('a'));
    await until(
      () => times < 0 && factory.state === 'connected' && targets(fake).includes('a'),
      () => `Redis is ${factory.state}`,
    );
  });
});

describe.skipIf(!redisIsHere)('a Redis that is changed while it runs', () => {
  const { redisServer, farmAt, ends } = faults();

  test('to want a password is down until it wants none, and nothing is lost', async () => {
    const redis = await redisServer();
    const { backplane, factory } = farmAt(redis.url, impatient).start();
    await connected(factory);
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    const admin = new Redis(redis.url);
    ends(() => admin.disconnect());
    const failed = once(factory.events, 'failed');
    await admin.config('SET', 'requirepass', 'secret');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes');
    await failed;
    await backplane.send(toAll, message('meanwhile'));
    expect(member.targets).toEqual(['meanwhile']);
    await admin.config('SET', 'requirepass', '');
    await connected(factory);
    const other = farmAt(redis.url, impatient).start();
    await connected(other.factory);
    await backplane.send(toAll, message('after'));
    await member.waitFor('after');
    expect(member.targets).toEqual(['meanwhile', 'after']);
  });
});
