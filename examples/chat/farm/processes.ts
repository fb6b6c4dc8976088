import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { StartError, type FarmSettings } from '../settings.ts';
import type { FromServer } from './process.ts';

const program = fileURLToPath(new URL('process.js', import.meta.url));

/** Told what happens to the servers, in lines for people. */
export interface Watcher {
  says(line: string): void;
  /** What somebody should look at. */
  warns(line: string): void;
}

interface Server {
  readonly child: ChildProcess;
  url: string;
  away: boolean;
}

/** Servers on ports one behind the other, each a process of its own. None is started again: what became of it is said. */
export class ServerProcesses {
  readonly #servers: readonly Server[];
  readonly #redis: string;
  readonly #watcher: Watcher;
  #ending = false;
  #away = false;

  private constructor(settings: FarmSettings, watcher: Watcher) {
    this.#redis = settings.redisUrl === undefined ? '' : new URL(settings.redisUrl).host;
    this.#watcher = watcher;
    this.#servers = Array.from({ length: settings.servers }, (_, index) => ({ child: started(settings, index), url: '', away: false }));
  }

  /**
   * Starts them all.
   *
   * @throws StartError with the code of what went wrong, when one of them did not start; none is left then
   */
  static async start(settings: FarmSettings, watcher: Watcher): Promise<ServerProcesses> {
    const processes = new ServerProcesses(settings, watcher);
    try {
      await Promise.all(processes.#servers.map((server) => processes.#listens(server)));
    } catch (error) {
      await processes.end();
      throw error;
    }
    for (const server of processes.#servers) server.child.once('exit', (code, signal) => processes.#died(server, signal ?? `code ${code}`));
    return processes;
  }

  get addresses(): readonly { readonly url: string; readonly pid: number | undefined }[] {
    return this.#servers.map(({ url, child }) => ({ url, pid: child.pid }));
  }

  /** Lets each tell its pages that they may come back, and resolves when the last one has ended. */
  async end(): Promise<void> {
    this.#ending = true;
    const running = this.#servers.map(({ child }) => child).filter(isRunning);
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) if (child.connected) child.disconnect();
    await Promise.all(ended);
  }

  #listens(server: Server): Promise<void> {
    return new Promise((resolve, reject) => {
      const { child } = server;
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new StartError('CHAT_FAILED', `A server ended with ${signal ?? `code ${code}`}.`)));
      child.on('message', (message: FromServer) => {
        if ('failed' in message) return reject(new StartError(message.failed.code, message.failed.message));
        if ('redis' in message) return this.#redisIs(server, message);
        server.url = message.listens;
        return resolve();
      });
    });
  }

  /** All of them notice the same: it is said once. */
  #redisIs(server: Server, message: Extract<FromServer, { redis: unknown }>): void {
    server.away = message.redis === 'away';
    this.#sayRedis(message.redis === 'away' ? message.reason : '');
  }

  #sayRedis(reason: string): void {
    const away = this.#servers.some((server) => server.away);
    if (away === this.#away || this.#ending) return;
    this.#away = away;
    if (!away) return this.#watcher.says(`The farm's Redis at ${this.#redis} is there again: the servers are one farm.`);
    const meanwhile = 'The servers go on, each for itself, and meet again when it is there.';
    this.#watcher.warns(`CHAT_REDIS_AWAY: The farm's Redis at ${this.#redis} can't be reached: ${reason} ${meanwhile}`);
  }

  #died(server: Server, how: string): void {
    if (this.#ending) return;
    server.away = false;
    const left = this.#servers.filter(({ child }) => isRunning(child)).length;
    const others = left === 0 ? 'It was the last one.' : `${left} of ${this.#servers.length} go on.`;
    this.#watcher.warns(`CHAT_SERVER_ENDED: The server at ${server.url} ended with ${how}, and is not started again. ${others}`);
    this.#sayRedis('');
  }
}

function started({ host, port, redisUrl = '' }: FarmSettings, index: number): ChildProcess {
  const own = { HOST: host, PORT: `${port === 0 ? 0 : port + index}`, REDIS_URL: redisUrl };
  return fork(program, [], { env: { ...process.env, ...own }, execArgv: [] });
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;
