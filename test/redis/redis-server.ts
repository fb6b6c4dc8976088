import { Redis } from 'ioredis';
import { freePort } from '../../bench/daemon.ts';
import { obstacleToRedis, RedisDaemon } from '../../bench/redis-daemon.ts';

/** Whether Debian's `redis-server`, or another, is on PATH. */
export const redisIsHere = obstacleToRedis() === undefined;

/** A `redis-server` of this test's own, which keeps nothing. */
export class RedisServer extends RedisDaemon {
  /** Starts one on a free port. `args` are further arguments, such as `--requirepass`, `x`. */
  static async start(...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.start();
    return server;
  }

  /** Waits until it has carried out so many `PUBLISH` commands, or more, since it was started; those of scripts are counted too. */
  async publishes(atLeast: number): Promise<number> {
    const client = new Redis(this.port, '127.0.0.1');
    try {
      for (;;) {
        const published = Number(/cmdstat_publish:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
        if (published >= atLeast) return published;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      client.disconnect();
    }
  }
}
