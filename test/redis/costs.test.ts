import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Audience } from '../../src/backplane/audience.ts';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { Farm } from './farm.ts';
import { Observer } from './observer.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';

/** What the servers do by the clock, and what the test itself asks. */
const BESIDE = new Set(['ping', 'info', 'config|resetstat']);
/** What the script that publishes a message does besides. */
const WITHIN = new Set(['del', 'hmget', 'hset', 'pexpire', 'time', 'xadd', 'xrange']);
const MESSAGES = 10;

/** Counts what it is asked to read. */
class CountingJson extends JsonHubProtocol {
  reads = 0;

  override parse(...given: Parameters<JsonHubProtocol['parse']>): number {
    this.reads++;
    return super.parse(...given);
  }
}

class CountingMessagePack extends MessagePackHubProtocol {
  reads = 0;

  override parse(...given: Parameters<MessagePackHubProtocol['parse']>): number {
    this.reads++;
    return super.parse(...given);
  }
}

const invocation = (target: string): SharedMessage => new SharedMessage({ type: MessageType.invocation, target, arguments: ['x'] });

describe.skipIf(!redisIsHere)('a message over Redis', () => {
  let redis: RedisServer;
  let observer: Observer;
  let farm: Farm;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(async () => {
    observer = await Observer.at(redis.url);
    // What servers say by the clock is no cost of a message.
    farm = new Farm(redis.url, { heartbeatInterval: 600_000 });
  });
  afterEach(async () => {
    await farm.close();
    observer.close();
  });
  afterAll(() => redis.stop());

  /** Every command that Redis has carried out since it was told to count anew. */
  async function commands(): Promise<Record<string, number>> {
    const stats = await observer.client.info('commandstats');
    const all = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', calls]) => [name, Number(calls)] as const);
    return Object.fromEntries(all.filter(([name]) => !BESIDE.has(name) && !WITHIN.has(name)));
  }

  async function populated(connections: number): Promise<{ servers: readonly Backplane[]; members: readonly RecordingMember[] }> {
    const servers = await farm.servers(3);
    const members = Array.from({ length: connections }, (_, index) => new RecordingMember(`c${index}`, 'ann'));
    await Promise.all(
      members.map(async (member, index) => {
        const server = servers[index % servers.length] as Backplane;
        await server.attach(member);
        await server.join(member.connectionId, 'room');
      }),
    );
    return { servers, members };
  }

  test.each<[string, Audience]>([
    ['everybody', { to: 'all' }],
    ['everybody but one', { to: 'all', except: ['c0'] }],
    ['a group', { to: 'groups', names: ['room'] }],
    ['a user', { to: 'users', ids: ['ann'] }],
  ])('to %s is one command, whatever the number of connections', async (_, audience) => {
    for (const connections of [3, 300]) {
      const { servers, members } = await populated(connections);
      await observer.client.config('RESETSTAT');
      for (let i = 0; i < MESSAGES; i++) await servers[0]?.send(audience, invocation(`m${i}`));
      await Promise.all(members.slice(1).map((member) => member.waitFor(`m${MESSAGES - 1}`)));
      expect(await commands()).toEqual({ evalsha: MESSAGES, publish: MESSAGES });
      await farm.close();
    }
  });

  test('is not decoded where it is received, unless its sender writes too few protocols', async () => {
    const [json, messagepack] = [new CountingJson(), new CountingMessagePack()];
    const receiving = new Farm(redis.url, {}, { protocols: [json, messagepack] });
    const jsonOnly = new Farm(redis.url, {}, { protocols: [new JsonHubProtocol()] });
    const [[sender], [receiver], [narrow]] = await Promise.all([farm.servers(1), receiving.servers(1), jsonOnly.servers(1)]);
    const member = new RecordingMember('c1', 'ann');
    await receiver?.attach(member);
    await receiver?.join('c1', 'room');
    const audiences: readonly Audience[] = [
      { to: 'all' },
      { to: 'all', except: ['c2'] },
      { to: 'groups', names: ['room'] },
      { to: 'groups', names: ['room', 'other'] },
      { to: 'users', ids: ['ann'] },
      { to: 'connections', ids: ['c1'] },
    ];
    for (const [index, audience] of audiences.entries()) {
      await sender?.send(audience, invocation(`m${index}`));
      await member.waitFor(`m${index}`);
    }
    expect(member.targets).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
    expect([json.reads, messagepack.reads]).toEqual([0, 0]);

    await narrow?.send({ to: 'all' }, invocation('narrow'));
    await member.waitFor('narrow');
    expect(json.reads + messagepack.reads).toBeGreaterThan(0);
    await Promise.all([receiving.close(), jsonOnly.close()]);
  });
});
