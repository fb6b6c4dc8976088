import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { defineHub, silent } from '../../src/index.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { redisEmitter, type RedisEmitter, type RedisEmitterOptions } from '../../src/redis.ts';
import { Farm } from './farm.ts';
import { Observer } from './observer.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';
import { redisVectors, type RedisVector } from './vectors.ts';

interface Client {
  message(text: string): void;
  confirm(question: string): boolean;
}

const chat = defineHub<Client>()({ name: 'Shop.ChatHub', methods: {}, results: { confirm: z.boolean() } });

describe.skipIf(!redisIsHere)('an emitter', () => {
  let server: RedisServer;
  let farm: Farm;
  let backplanes: readonly Backplane[];
  const emitters: RedisEmitter[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    farm = new Farm(server.url);
    backplanes = await farm.servers(2, 'Shop.ChatHub');
  });
  afterEach(async () => {
    await Promise.all(emitters.splice(0).map((emitter) => emitter.close()));
    await farm.close();
  });
  afterAll(() => server.stop());

  function emitterAt(options: RedisEmitterOptions = {}): RedisEmitter {
    const emitter = redisEmitter(server.url, options);
    emitters.push(emitter);
    return emitter;
  }

  async function memberAt(at: number, id: string): Promise<RecordingMember> {
    const member = new RecordingMember(id, 'ann');
    await backplanes[at]?.attach(member);
    return member;
  }

  test('reaches every target of a hub that it knows by its definition or by its name', async () => {
    const [here, there] = [await memberAt(0, 'c1'), await memberAt(1, 'c2')];
    const emitter = emitterAt();
    const { clients, groups } = emitter.hub(chat);
    await groups.join('c2', 'lobby');
    await groups.join('nobody', 'lobby');
    await clients.all.message('to all');
    await clients.group('lobby').message('to the lobby');
    await clients.user('ann').message('to ann');
    await groups.leave('c2', 'lobby');
    await clients.group('lobby').message('to an empty lobby');
    await emitter.hub<Client>('Shop.ChatHub').clients.client('c1').message('to c1');
    await emitter.hub<Client>('Shop.OtherHub').clients.all.message('to others');
    await emitter.hub('Shop.ChatHub').clients.all.send('fence');
    for (const member of [here, there]) await member.waitFor('fence');
    const texts = (member: RecordingMember): unknown[] => member.received.map(({ arguments: args }) => args[0]);
    expect(texts(here)).toEqual(['to all', 'to ann', 'to c1', undefined]);
    expect(texts(there)).toEqual(['to all', 'to the lobby', 'to ann', undefined]);
  });

  test('asks a client, and believes what the validator of the definition lets through', async () => {
    const member = await memberAt(1, 'c1');
    const answered = emitterAt().hub(chat).clients.client('c1').invoke.confirm('Really?');
    const { invocationId = '' } = await member.waitFor('confirm');
    backplanes[1]?.complete(member, { type: MessageType.completion, invocationId, hasResult: true, result: true });
    expect(await answered).toBe(true);
    await expect(emitterAt().hub<Client>('Shop.ChatHub').clients.client('c1').invoke.confirm('?')).rejects.toMatchObject({
      code: 'SIGNALBOX_MISSING_RESULTS_VALIDATOR',
    });
  });

  test('hears only the answers to what it asked, and sends what a .NET server would', async () => {
    const observer = await Observer.at(server.url);
    const emitter = emitterAt({ catchUp: false });
    const vector = redisVectors().find(({ name }) => name === 'string') as RedisVector;
    await emitter.hub('RedisApp.ChatHub').clients.all.send('v', 'hello');
    expect(await observer.heard('RedisApp.ChatHub:all')).toEqual({ channel: vector.channel, payload: vector.payload });
    await expect.poll(() => emitter.state, { timeout: 10_000 }).toBe('connected');
    const channels = (await observer.client.pubsub('CHANNELS', 'RedisApp.ChatHub:*')) as string[];
    expect(new Set(channels.map((channel) => channel.replace(/:[^:]*$/, '')))).toEqual(
      new Set(['RedisApp.ChatHub:internal:ack', 'RedisApp.ChatHub:internal:return']),
    );
    observer.close();
  });

  test('wants a name, sends what it was given before it is closed, and nothing afterwards', async () => {
    const member = await memberAt(0, 'c1');
    const emitter = emitterAt({ log: silent });
    expect(() => emitter.hub(defineHub()({ methods: {} }))).toThrow(expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }));
    const { clients } = emitter.hub<Client>('Shop.ChatHub');
    const sent = clients.all.message('last');
    await sent;
    await emitter.close();
    await member.waitFor('message');
    await expect(clients.all.message('too late')).rejects.toMatchObject({ code: 'SIGNALBOX_BACKPLANE_CLOSED' });
  });
});
