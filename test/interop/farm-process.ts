import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(project, 'node_modules/typescript/bin/tsc');

/** A build of its own, to start processes of: other tests may read the project's while they run. */
export class FarmBuild {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<FarmBuild> {
    const folder = await mkdtemp(join(tmpdir(), 'redis-farm-'));
    await copyFile(join(project, 'package.json'), join(folder, 'package.json'));
    for (const name of ['node_modules', 'examples', 'src']) await symlink(join(project, name), join(folder, name));
    for (const [part, out] of [
      ['build', 'dist'],
      ['apps', 'build'],
    ] as const) {
      await run(process.execPath, [tsc, '-p', `tsconfig.${part}.json`, '--noCheck', '--outDir', join(folder, out)], { cwd: project });
    }
    return new FarmBuild(folder);
  }

  /** Starts a server of a farm at a Redis, and resolves when it is connected. */
  start(redisUrl: string, environment: NodeJS.ProcessEnv = {}): Promise<FarmProcess> {
    return this.run('test/redis-farm/server.js', { ...environment, REDIS_URL: redisUrl });
  }

  /** Starts a program that says where it listens, and resolves when it has said so. */
  async run(program: string, environment: NodeJS.ProcessEnv): Promise<FarmProcess> {
    const child = this.spawn(program, [], environment);
    child.stderr.pipe(process.stderr);
    const ended = once(child, 'exit');
    const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as unknown[];
    if (!String(line).startsWith('http')) throw new Error(`A server of the farm ended with ${String(line)}.`);
    return new FarmProcess(child, String(line), ended);
  }

  /** Starts a program of the build. What it prints is for the caller to read. */
  spawn(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcessByStdio<null, Readable, Readable> {
    return spawn(process.execPath, [`build/${program}`, ...args], {
      cwd: this.#folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** A server of a farm in a process of its own. */
export class FarmProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess, url: string, ended: Promise<unknown>) {
    this.#child = child;
    this.url = url;
    this.#ended = ended;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<unknown> {
    this.#child.kill(signal);
    return this.#ended;
  }
}
