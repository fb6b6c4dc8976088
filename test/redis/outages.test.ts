import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { Farm, connected, until } from './farm.ts';
import { Observer } from './observer.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';

function message(target: string): SharedMessage {
  return new SharedMessage({ type: MessageType.invocation, target, arguments: [] });
}

const toAll = { to: 'all' } as const;
const toGroup = { to: 'groups', names: ['g'] } as const;

describe.skipIf(!redisIsHere)('when an outage is an error, and Redis', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function redisServer(...args: readonly string[]): Promise<RedisServer> {
    const server = await RedisServer.start(...args);
    ends.push(() => server.stop());
    return server;
  }

  function farmAt(...args: ConstructorParameters<typeof Farm>): Farm {
    const farm = new Farm(...args);
    ends.push(() => farm.close());
    return farm;
  }

  test('is killed and comes back, sends fail with a code meanwhile, and every subscription stands again', async () => {
    const server = await redisServer();
    const farm = farmAt(server.url, { asyncTimeout: 60_000, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    const other = farm.start();
    const member = new RecordingMember('c1', 'u');
    await backplane.attach(member);
    await backplane.join('c1', 'g');
    await Promise.all([connected(factory), connected(other.factory)]);
    const failed = once(factory.events, 'failed');
    await server.stop();
    expect(await failed).toMatchObject([{ hub: 'Test.Hub', error: expect.any(Error) }]);
    expect(factory.state).toBe('down');
    await expect(backplane.send(toAll, message('lost'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    // Nobody waits for this one: it must not end the process.
    void backplane.send(toAll, message('lost'));
    void backplane.join('elsewhere', 'g');
    expect(() => backplane.send({ to: 'connections', ids: ['c1'] }, message('local'))).not.toThrow();
    const late = new RecordingMember('c2', 'u');
    const attached = backplane.attach(late);
    const joined = backplane.join('c1', 'h');
    const restored = [once(factory.events, 'restored'), once(other.factory.events, 'restored')];
    await server.start();
    await Promise.all([...restored, attached, joined]);
    for (const audience of [
      toAll,
      toGroup,
      { to: 'groups', names: ['h'] },
      { to: 'users', ids: ['u'] },
      { to: 'connections', ids: ['c1'] },
    ] as const)
      await other.backplane.send(audience, message(`${audience.to} again`));
    await member.waitFor('connections again');
    expect(member.targets).toEqual(['local', 'all again', 'groups again', 'groups again', 'users again', 'connections again']);
    await late.waitFor('users again');
    const told = farm.logged.map(({ event }) => event.text);
    expect(told).toContain('Connected to Redis.');
    expect(told).toContain('Connection to Redis failed.');
    expect(told).toContain('Connection to Redis restored.');
    expect(farm.logged.filter(({ event }) => event.id === 'redis.publish-failed')).toHaveLength(1);
  });

  test('is away at the start, the server comes up without it and heals when it is there', async () => {
    const server = await redisServer();
    await server.stop();
    const farm = farmAt(server.url, { asyncTimeout: 30_000, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    const member = new RecordingMember('c1');
    const attached = backplane.attach(member);
    const sent = backplane.send(toAll, message('early'));
    await once(factory.events, 'failed');
    expect(farm.logged.map(({ event }) => event.text)).toContain('Error connecting to Redis.');
    await server.start();
    await Promise.all([attached, sent, connected(factory)]);
    await backplane.send(toAll, message('late'));
    await member.waitFor('late');
  });

  test('stays away, whoever waits for it is told in time, and nothing is left half done', async () => {
    const server = await redisServer();
    const farm = farmAt(server.url, { asyncTimeout: 2_000, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    await connected(factory);
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    await server.stop();
    const unavailable = expect.objectContaining({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    await Promise.all([
      expect(backplane.join('c1', 'g')).rejects.toEqual(unavailable),
      expect(backplane.attach(new RecordingMember('c2'))).rejects.toEqual(unavailable),
      expect(backplane.join('elsewhere', 'g')).rejects.toEqual(unavailable),
      expect(backplane.invoke('elsewhere', 'ask', [])).rejects.toEqual(unavailable),
    ]);
    await server.start();
    await connected(factory);
    const other = new RecordingMember('c3');
    await backplane.attach(other);
    await backplane.join('c3', 'g');
    await backplane.send(toGroup, message('not a member'));
    await other.waitFor('not a member');
    await backplane.join('c1', 'g');
    await backplane.send(toGroup, message('a member'));
    await member.waitFor('a member');
    expect(member.targets).toEqual(['a member']);
  });

  test('stops without closing anything, its silence is noticed', async () => {
    const server = await redisServer();
    const farm = farmAt(server.url, { keepAlive: 200, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    await connected(factory);
    const failed = once(factory.events, 'failed');
    server.signal('SIGSTOP');
    const sent = expect(backplane.send(toAll, message('into silence'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    await failed;
    await sent;
    const restored = once(factory.events, 'restored');
    server.signal('SIGCONT');
    await restored;
    await backplane.send(toAll, message('again'));
    await member.waitFor('again');
  });

  test('takes nothing any more, what waits for it is bounded', async () => {
    const server = await redisServer();
    const farm = farmAt(server.url, { maximumOutboxBytes: 250_000, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    await connected(factory);
    server.signal('SIGSTOP');
    const large = new SharedMessage({ type: MessageType.invocation, target: 'm', arguments: ['x'.repeat(60_000)] });
    // Each is there in both protocols.
    const sent = Promise.all([1, 2].map(async () => backplane.send(toAll, large)));
    await expect(backplane.send(toAll, large)).rejects.toMatchObject({
      code: 'SIGNALBOX_REDIS_OUTBOX',
      message: expect.stringMatching(/: \d+ bytes wait/),
    });
    server.signal('SIGCONT');
    await sent;
    await backplane.send(toAll, large);
  });

  test('cuts one connection of the two, it is made anew', async () => {
    const server = await redisServer();
    const farm = farmAt(server.url);
    const { backplane, factory } = farm.start();
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    await connected(factory);
    const observer = new Redis(server.url);
    ends.push(() => observer.disconnect());
    for (const type of ['pubsub', 'normal']) {
      const restored = once(factory.events, 'restored');
      await observer.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      await restored;
      await backplane.send(toAll, message(type));
      await member.waitFor(type);
    }
  });

  test('wants a password that is not given, or refuses a channel, that is an error with its reply', async () => {
    const server = await redisServer('--requirepass', 'secret');
    const farm = farmAt(server.url, { asyncTimeout: 1_000, outagePolicy: 'fail' });
    const { backplane, factory } = farm.start();
    await expect(backplane.attach(new RecordingMember('c1'))).rejects.toMatchObject({ code: expect.stringMatching(/^SIGNALBOX_REDIS_/) });
    await expect(backplane.send(toAll, message('m'))).rejects.toMatchObject({ message: expect.stringContaining('NOAUTH') });
    expect(factory.state).not.toBe('connected');
    const open = farmAt(`127.0.0.1:${server.port},password=secret`);
    await open.servers(1);
    const admin = new Redis(`redis://:secret@127.0.0.1:${server.port}`);
    ends.push(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '+@all', 'resetchannels', '&shop:*', '&nobody');
    const restricted = farmAt(`redis://ann:pw@127.0.0.1:${server.port}`, { channelPrefix: 'shop:' });
    const [mine] = await restricted.servers(1);
    await mine?.attach(new RecordingMember('c1'));
    await mine?.send(toAll, message('allowed'));
    const refused = farmAt(`redis://ann:pw@127.0.0.1:${server.port}`, { channelPrefix: 'other:' }).start();
    await expect(refused.backplane.send(toAll, message('m'))).rejects.toMatchObject({
      code: 'SIGNALBOX_REDIS_REFUSED',
      message: expect.stringContaining('NOPERM'),
    });
    await expect(refused.backplane.attach(new RecordingMember('c1'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_REFUSED' });
  });

  test('lets a user into its channels later, the server asks until then and is whole', async () => {
    const server = await redisServer();
    const admin = new Redis(server.url);
    ends.push(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '+@all', 'resetchannels', '&Test.Hub:all', '&Test.Hub:connection:*');
    const farm = farmAt(`redis://ann:pw@127.0.0.1:${server.port}`, { longestReconnectDelay: 100 });
    const { backplane, factory } = farm.start();
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    await until(
      () => farm.logged.some(({ event }) => event.id === 'redis.subscribe-refused'),
      () => 'It was not refused.',
    );
    expect(factory.state).not.toBe('connected');
    await admin.call('ACL', 'SETUSER', 'ann', 'allchannels');
    await connected(factory);
    await expect(farmAt(server.url).start().backplane.join('c1', 'g')).resolves.toBeUndefined();
  });

  test('is asked by a client that gives up, another is made', async () => {
    const server = await redisServer();
    const made: Redis[] = [];
    const farm = farmAt(
      () => {
        const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => null });
        made.push(client);
        return client;
      },
      { longestReconnectDelay: 100 },
    );
    const { backplane, factory } = farm.start();
    const member = new RecordingMember('c1');
    await backplane.attach(member);
    await connected(factory);
    const restored = once(factory.events, 'restored');
    for (const client of made.slice(0, 2)) client.disconnect();
    await restored;
    await backplane.send(toAll, message('again'));
    await member.waitFor('again');
    expect(made.length).toBeGreaterThan(2);
  });

  test('is watched by a monitor, who is asked and is not there is found out all the same', async () => {
    const server = await redisServer();
    const observer = await Observer.at(server.url);
    ends.push(() => observer.close());
    const [backplane] = (await farmAt(server.url).servers(1)) as [Backplane];
    await expect(backplane.invoke('nobody', 'ask', [])).rejects.toMatchObject({ code: 'SIGNALBOX_UNKNOWN_CONNECTION' });
  });

  test('has lost a server that owed an answer, the question fails', async () => {
    const server = await redisServer();
    const [backplane] = (await farmAt(server.url).servers(1)) as [Backplane];
    const owner = new Redis(server.url);
    ends.push(() => owner.disconnect());
    await owner.subscribe('Test.Hub:connection:c1');
    const gone = expect(backplane.invoke('c1', 'ask', [])).rejects;
    await once(owner, 'messageBuffer');
    owner.disconnect();
    await gone.toMatchObject({ code: expect.stringMatching(/^SIGNALBOX_(CONNECTION_GONE|UNKNOWN_CONNECTION)$/) });
  });

  test('has a connection whose server does not answer, a change of its groups fails in time', async () => {
    const server = await redisServer();
    const [backplane] = (await farmAt(server.url, { ackTimeout: 300 }).servers(1)) as [Backplane];
    const owner = new Redis(server.url);
    ends.push(() => owner.disconnect());
    await owner.subscribe('Test.Hub:connection:c1');
    await expect(backplane.join('c1', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_GROUP_CHANGE_TIMEOUT' });
  });

  test('is left, nothing is subscribed any more, and nothing sent is cut off', async () => {
    const server = await redisServer();
    const observer = await Observer.at(server.url);
    ends.push(() => observer.close());
    const { backplane, factory } = farmAt(server.url).start();
    await backplane.attach(new RecordingMember('c1'));
    const sent = backplane.send(toAll, message('last'));
    await Promise.all([sent, backplane.close()]);
    expect(() => backplane.send(toAll, message('m'))).toThrow(expect.objectContaining({ code: 'SIGNALBOX_BACKPLANE_CLOSED' }));
    await observer.heard(':all');
    await until(
      () => observer.published.length === 1,
      () => 'Something else was published.',
    );
    // Redis says goodbye before it forgets a client.
    await expect.poll(async () => observer.client.pubsub('CHANNELS', 'Test.Hub:*'), { timeout: 10_000 }).toEqual([]);
    expect(factory.state).toBe('connecting');
  });
});
