import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../redis/redis-server.ts';
import type { Leftovers } from './leftovers.ts';

const LONGEST_START = 30_000;

/** A `redis-server` with a port and a folder of its own, which it has again when it is started again. */
export class RedisProcess {
  readonly port: number;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** `args`: what it is told besides its place; without any it keeps nothing. */
  static async start(args: readonly string[], leftovers: Leftovers): Promise<RedisProcess> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'chaos-redis-'));
    leftovers.add(() => rmSync(folder, { recursive: true, force: true }));
    const fixed = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    const redis = new RedisProcess(port, [...fixed, ...args]);
    leftovers.add(() => redis.#child?.kill('SIGKILL'));
    await redis.start();
    return redis;
  }

  /** Starts it where it does not run. Resolves when it has loaded what it has kept, and takes commands. */
  async start(...more: readonly string[]): Promise<void> {
    const child = spawn('redis-server', [...this.#args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`redis-server is not ready: ${output}`)), LONGEST_START);
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (!output.includes('Ready to accept connections')) return;
        output = '';
        clearTimeout(timer);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`redis-server ended with ${code ?? signal}: ${output}`)));
    });
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
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
