import { randomBytes } from 'node:crypto';
import { freePort } from './daemon.ts';
import type { Endpoint } from './load/link.ts';
import type { Command, FarmKind } from './peers/peer.ts';
import { RedisDaemon } from './redis-daemon.ts';
import { ServerProcess } from './server-process.ts';

const HOST = '127.0.0.1';
const HUB = '/hub';

/** What runs beside the servers, and is counted apart: a Redis between them, or the app server of a service. */
export interface Beside {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A server, and where clients find its hub. */
export interface Reachable {
  readonly server: ServerProcess;
  readonly endpoint: Endpoint;
}

/** What a measurement runs on: one server, or several, and perhaps what they need beside them. */
export class Servers {
  readonly first: Reachable;
  readonly others: readonly Reachable[];
  readonly beside: Beside | undefined;

  private constructor(servers: readonly ServerProcess[], beside: Beside | undefined, path = HUB) {
    const [first, ...others] = servers.map((server) => ({ server, endpoint: { host: HOST, port: server.port, path } }));
    if (first === undefined) throw new RangeError('no servers');
    this.first = first;
    this.others = others;
    this.beside = beside;
  }

  /** Starts as many, and resolves when all listen and hear each other. Rejects, and leaves none, when one does not. */
  static async start(command: Command, count: number, kind: FarmKind | undefined): Promise<Servers> {
    if (command.appServer !== undefined) return Servers.#startService(command, command.appServer);
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

  /** Clients are sent to the service once, here: all of them connect to the address that one is told. */
  static async #startService(command: Command, appServer: Command): Promise<Servers> {
    const key = randomBytes(32).toString('base64');
    const service = await ServerProcess.start(command, { ACCESS_KEY: key });
    let beside: ServerProcess | undefined;
    try {
      const connectionString = `Endpoint=http://${HOST}:${service.port};AccessKey=${key};Version=1.0;`;
      beside = await ServerProcess.start(appServer, { SERVICE: connectionString });
      return new Servers([service], beside, await pathAtService(beside));
    } catch (error) {
      await Promise.all([service.stop(), beside?.stop()]);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.first, ...this.others].map(({ server }) => server.stop()));
    await this.beside?.stop();
  }
}

/** Negotiates with an app server, and returns the path at its service with the token that it gives. */
async function pathAtService({ port }: ServerProcess): Promise<string> {
  const response = await fetch(`http://${HOST}:${port}${HUB}/negotiate?negotiateVersion=1`, { method: 'POST' });
  const { url, accessToken } = (await response.json()) as { readonly url?: string; readonly accessToken?: string };
  if (url === undefined || accessToken === undefined) throw new Error(`the app server sent nobody to the service (${response.status})`);
  const { pathname, search } = new URL(url);
  return `${pathname}${search}&access_token=${encodeURIComponent(accessToken)}`;
}
