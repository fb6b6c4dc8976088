import { redis } from 'signalbox/redis';
import { connected } from '../redis/farm.ts';
import { RedisServer } from '../redis/redis-server.ts';
import { Gates } from './gates.ts';
import { interopHost, serveHost, type InteropHost } from './interop-host.ts';
import type { RunningServer } from './running-server.ts';

interface Place {
  readonly host: InteropHost;
  readonly running: RunningServer;
}

/** Two Signalbox servers at a Redis of their own. */
export async function startBehindRedis(): Promise<RunningServer> {
  const redisServer = await RedisServer.start();
  const gates = new Gates();
  const places = await Promise.all([startServer(redisServer.url, gates), startServer(redisServer.url, gates)]);
  const [first, second] = places;
  let fences = 0;
  return {
    ...first.running,
    others: [second.running.url],
    async stop() {
      await Promise.all(places.map(({ running }) => running.stop()));
      await redisServer.stop();
    },
    fence: async (path) => {
      const texts = places.map((_, place) => `fence ${++fences} of server ${place}`);
      await Promise.all(places.map(({ host }, place) => host.tellAll(path, texts[place] as string)));
      return texts;
    },
  };
}

async function startServer(redisUrl: string, gates: Gates): Promise<Place> {
  const backplane = redis(redisUrl);
  const host = interopHost(gates, { backplane });
  const running = await serveHost(host);
  await connected(backplane);
  return { host, running };
}
