import { Link } from '../redis/link.ts';
import { pause } from './clock.ts';
import type { Farm } from './farm.ts';
import type { Fault } from './fault.ts';

/** Milliseconds: longer than any time after which a server gives up a Redis that says nothing. */
const LONG = 12_000;
const KEYS = 2_000;
const HEAVY = 32_768;
const LONGEST_WAIT = 15_000;

const ofRedis: readonly Fault[] = [
  {
    name: 'redis-kill',
    title: 'Redis is killed, and is back after {s} s with nothing',
    covered: true,
    quick: true,
    strike: killRedis,
  },
  {
    name: 'redis-kill-aof',
    title: 'Redis is killed, and is back after {s} s with its append-only file',
    covered: true,
    redisArgs: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    strike: killRedis,
  },
  {
    name: 'redis-restart',
    title: 'Redis is shut down, and is back after {s} s with what it saved',
    covered: true,
    redisArgs: ['--save', '3600 1'],
    strike: async ({ redis }, outage) => {
      await redis.stop('SIGTERM');
      await pause(outage);
      await redis.start();
    },
  },
  { name: 'redis-pause', title: 'Redis is stopped for {s} s', covered: true, strike: pauseRedis },
  { name: 'redis-pause-long', title: 'Redis is stopped for {s} s', covered: true, outage: LONG, strike: pauseRedis },
  {
    name: 'redis-loading',
    title: 'Redis is restarted, and answers LOADING for {s} s',
    covered: true,
    redisArgs: ['--save', '3600 1', '--enable-debug-command', 'local', '--loading-process-events-interval-bytes', '1024'],
    strike: async ({ redis }, outage) => {
      await redis.command('DEBUG', 'POPULATE', KEYS);
      await redis.stop('SIGTERM');
      await redis.start('--key-load-delay', `${Math.round((outage * 1_000) / KEYS)}`);
    },
  },
  {
    name: 'redis-oom',
    title: 'Redis has no memory for {s} s, and refuses what takes some',
    covered: true,
    strike: async ({ redis }, outage) => {
      await redis.command('CONFIG', 'SET', 'maxmemory', 1);
      await pause(outage);
      await redis.command('CONFIG', 'SET', 'maxmemory', 0);
    },
  },
];

const ofConnections: readonly Fault[] = [
  {
    name: 'partition-one',
    title: 'Nothing passes between one server and Redis for {s} s, and nobody is told',
    covered: true,
    outage: LONG,
    strike: (farm, outage) => partition(farm, [0], outage),
  },
  {
    name: 'partition-all',
    title: 'Nothing passes between any server and Redis for {s} s, and nobody is told',
    covered: true,
    outage: LONG,
    strike: (farm, outage) => partition(farm, undefined, outage),
  },
  {
    name: 'partition-short',
    title: 'Nothing passes between one server and Redis for {s} s, and then all of it',
    covered: true,
    strike: (farm, outage) => partition(farm, [0], outage),
  },
  {
    name: 'cut-one',
    title: 'The connections of one server are reset, and refused for {s} s',
    covered: true,
    quick: true,
    strike: (farm, outage) => cut(farm, [0], outage),
  },
  {
    name: 'cut-all',
    title: 'The connections of all servers are reset, and refused for {s} s',
    covered: true,
    strike: (farm, outage) => cut(farm, undefined, outage),
  },
  {
    name: 'answers-lost',
    title: 'Redis hears one server for {s} s, whose answers are lost with the connection',
    covered: true,
    strike: async (farm, outage) => {
      for (const link of farm.links([0])) link.become('mute');
      await pause(outage);
      for (const link of farm.links([0])) {
        link.reset();
        link.become('open');
      }
    },
  },
  {
    name: 'client-kill',
    title: 'CLIENT KILL of every connection, three times',
    covered: true,
    quick: true,
    strike: async ({ redis }) => {
      for (let time = 0; time < 3; time++) {
        await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
        await pause(500);
      }
    },
  },
  {
    name: 'output-buffer',
    title: 'Redis cuts a server that reads too slowly',
    covered: true,
    strike: cutByOutputBuffer,
  },
];

const ofServers: readonly Fault[] = [
  {
    name: 'server-sigterm',
    title: 'A server gets SIGTERM, and is started again',
    covered: true,
    quick: true,
    strike: async (farm) => {
      await farm.end(1, 'SIGTERM');
      await farm.restart(1);
    },
  },
  {
    name: 'server-pause',
    title: 'A server is stopped for {s} s',
    covered: true,
    outage: 8_000,
    strike: async (farm, outage) => {
      farm.server(1).signal('SIGSTOP');
      await pause(outage);
      farm.server(1).signal('SIGCONT');
    },
  },
  {
    name: 'server-sigkill',
    title: 'A server is killed, and is started again',
    covered: false,
    strike: async (farm) => {
      await farm.end(1, 'SIGKILL');
      await farm.restart(1);
    },
  },
  {
    name: 'server-sigkill-outbox',
    title: 'A server that Redis is away from for {s} s is killed, and is started again',
    covered: false,
    strike: async (farm, outage) => {
      await cut(farm, [1], outage, () => farm.end(1, 'SIGKILL'));
      await farm.restart(1);
    },
  },
];

const beyond: readonly Fault[] = [
  {
    name: 'arrivals',
    title: 'Redis is killed, and is back after {s} s; meanwhile all clients of one server go and come, and join groups',
    covered: false,
    strike: async (farm, outage) => {
      await farm.redis.stop('SIGKILL');
      await pause(outage / 2);
      await farm.changeGuests(2);
      await pause(outage / 2);
      await farm.redis.start();
    },
  },
  {
    name: 'outbox-full',
    title: 'Redis is killed, and is back after {s} s; an outbox takes 64 kB',
    covered: false,
    backplane: { maximumOutboxBytes: 65_536 },
    strike: killRedis,
  },
  {
    name: 'outbox-old',
    title: 'Redis is killed, and is back after {s} s; a message waits 1 s at the most',
    covered: false,
    backplane: { maximumOutboxAge: 1_000 },
    strike: killRedis,
  },
  {
    name: 'failover-lag',
    title: 'One server is cut off, and Redis is killed; a replica takes over that has heard nothing for {s} s',
    covered: false,
    strike: failOver,
  },
  {
    name: 'trimmed-stream',
    title: 'What Redis keeps is trimmed while one server is cut off for {s} s',
    covered: false,
    strike: (farm, outage) => cut(farm, [0], outage, () => trimStreams(farm)),
  },
];

/** Every fault there is, covered or not. */
export const faults: readonly Fault[] = [...ofRedis, ...ofConnections, ...ofServers, ...beyond];

async function killRedis({ redis }: Farm, outage: number): Promise<void> {
  await redis.stop('SIGKILL');
  await pause(outage);
  await redis.start();
}

async function pauseRedis({ redis }: Farm, outage: number): Promise<void> {
  redis.freeze();
  await pause(outage);
  redis.thaw();
}

async function partition(farm: Farm, which: readonly number[] | undefined, outage: number): Promise<void> {
  for (const link of farm.links(which)) link.become('silent');
  await pause(outage);
  for (const link of farm.links(which)) link.become('open');
}

/** `meanwhile` is done at the end of the outage. */
async function cut(farm: Farm, which: readonly number[] | undefined, outage: number, meanwhile?: () => Promise<void>): Promise<void> {
  for (const link of farm.links(which)) link.become('cut');
  await pause(outage);
  await meanwhile?.();
  for (const link of farm.links(which)) link.become('open');
}

async function cutByOutputBuffer(farm: Farm): Promise<void> {
  const { redis } = farm;
  const subscribers = async (): Promise<number> =>
    String(await redis.command('CLIENT', 'LIST', 'TYPE', 'pubsub'))
      .split('\n')
      .filter(Boolean).length;
  const before = await subscribers();
  await redis.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 262144 0 0');
  farm.load(true, HEAVY);
  for (const link of farm.links([0])) link.become('mute');
  const end = Date.now() + LONGEST_WAIT;
  while ((await subscribers()) >= before) {
    if (Date.now() > end) throw new Error('Redis has not cut the server that does not read');
    await pause(100);
  }
  farm.load(true);
  await redis.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 33554432 8388608 60');
  for (const link of farm.links([0])) link.become('open');
}

async function failOver(farm: Farm, outage: number): Promise<void> {
  const way = await Link.to(farm.redis.port);
  try {
    const replica = await farm.startRedis('--replicaof', '127.0.0.1', new URL(way.url).port);
    let replication = '';
    while (!replication.includes('master_link_status:up')) {
      await pause(50);
      replication = String(await replica.command('INFO', 'replication'));
    }
    way.become('silent');
    await cut(farm, [0], outage, async () => {
      way.close();
      for (const link of farm.links()) link.redirect(replica.port);
      await farm.redis.stop('SIGKILL');
      await replica.command('REPLICAOF', 'NO', 'ONE');
    });
  } finally {
    way.close();
  }
}

async function trimStreams({ redis }: Farm): Promise<void> {
  const keys = (await redis.command('KEYS', '*')) as readonly string[];
  for (const key of keys) {
    if ((await redis.command('TYPE', key)) === 'stream') await redis.command('XTRIM', key, 'MAXLEN', 0);
  }
}
