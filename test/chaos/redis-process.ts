import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../bench/daemon.ts';
import { RedisDaemon } from '../../bench/redis-daemon.ts';
import type { Leftovers } from './leftovers.ts';

/** A `redis-server` with a port and a folder of its own, which it has again when it is started again. */
export class RedisProcess extends RedisDaemon {
  /** `args`: what it is told besides its place; without any it keeps nothing. */
  static async start(args: readonly string[], leftovers: Leftovers): Promise<RedisProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-redis-'));
    leftovers.add(() => rmSync(folder, { recursive: true, force: true }));
    const redis = new RedisProcess(await freePort(), ['--dir', folder, ...args]);
    leftovers.add(() => redis.signal('SIGKILL'));
    await redis.start();
    return redis;
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Gives one command, past all links. */
  async command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis({ host: '127.0.0.1', port: this.port, lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  }
}
