import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalR } from 'signalbox';
import { redis, type RedisBackplaneFactory, type RedisOptions } from 'signalbox/redis';
import { connected } from '../../redis/farm.ts';
import { mixedHub } from './hub.ts';

/** A server of ours in a mixed farm. */
export interface MixedServer {
  /** Where its hub is. */
  readonly url: string;
  readonly backplane: RedisBackplaneFactory;
  close(): Promise<void>;
}

/** Starts one in this process, and resolves when it is connected to Redis, where its connections are called `ours`. */
export async function startMixedServer(redisUrl: string, options: RedisOptions): Promise<MixedServer> {
  const backplane = redis(redisUrl, { ...options, clientName: 'ours' });
  const hub = mixedHub(() => signalr.hub(hub).groups);
  const signalr = new SignalR({
    backplane,
    authenticate: ({ url }) => ({ sub: url.searchParams.get('user') ?? 'nobody' }),
    maximumParallelInvocationsPerClient: 10,
    log: () => undefined,
  }).map('/farm', hub);
  const server = createServer();
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await connected(backplane);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/farm`,
    backplane,
    async close() {
      await signalr.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
