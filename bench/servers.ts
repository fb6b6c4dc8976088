import { freePort } from './daemon.ts';
import type { Command, FarmKind } from './peers/peer.ts';
import { RedisDaemon } from './redis-daemon.ts';
import { ServerProcess } from './server-process.ts';

/** What a measurement runs on: one server, or several and perhaps the Redis between them. */
export class Servers {
  readonly first: ServerProcess;
  readonly others: readonly ServerProcess[];
  readonly redis: RedisDaemon | undefined;

  private constructor(servers: readonly ServerProcess[], redis: RedisDaemon | undefined) {
    const [first, ...others] = servers;
    if (first === undefined) throw new RangeError('no servers');
    this.first = first;
    this.others = others;
    this.redis = redis;
  }

  /** Starts as many, and resolves when all listen and hear each other. Rejects, and leaves none, when one does not. */
  static async start(command: Command, count: number, kind: FarmKind | undefined): Promise<Servers> {
    const redis = count > 1 && kind === 'redis' ? new RedisDaemon(await freePort()) : undefined;
    await redis?.start();
    const environment = redis === undefined ? {} : { REDIS_URL: redis.url };
    const started = await Promise.allSettled(Array.from({ length: count }, () => ServerProcess.start(command, environment)));
    const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return new Servers(servers, redis);
    await Promise.all([...servers.map((server) => server.stop()), redis?.stop()]);
    throw failed.reason;
  }

  async stop(): Promise<void> {
    await Promise.all([this.first, ...this.others].map((server) => server.stop()));
    await this.redis?.stop();
  }
}
