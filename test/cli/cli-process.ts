import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const project = fileURLToPath(new URL('../..', import.meta.url));
const compiler = join(project, 'node_modules/typescript/bin/tsc');

/** The package as it is installed, but for what is compiled without a check. */
export class CliBuild {
  /** Also where its processes run, each test in a folder of its own. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<CliBuild> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-cli-'));
    await copyFile(join(project, 'package.json'), join(folder, 'package.json'));
    for (const name of ['node_modules', 'src']) await symlink(join(project, name), join(folder, name));
    await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'dist')], {
      cwd: project,
    });
    return new CliBuild(folder);
  }

  /** Runs `signalbox` in a folder, with nothing in its environment but this. */
  run(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): CliProcess {
    const program = join(this.folder, 'dist/cli/main.js');
    return new CliProcess(
      spawn(process.execPath, [program, ...args], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** The end of a process. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly error: string;
}

export class CliProcess {
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #output = '';
  #error = '';

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#error += text));
    this.ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output: this.#output, error: this.#error }));
  }

  /** What it prints, once all of it is there. Throws where it ends instead. */
  async announced(): Promise<string> {
    while (!this.#output.includes('stops it.')) {
      const ending = await Promise.race([once(this.#child.stdout, 'data').then(() => undefined), this.ended]);
      if (ending !== undefined && !this.#output.includes('stops it.')) throw new Error(`It ended with ${ending.code}: ${ending.error}`);
    }
    return this.#output;
  }

  /** What it has written to standard error, once that has a text, so many times. Throws where it ends instead. */
  async says(text: string, times = 1): Promise<string> {
    while (this.#error.split(text).length <= times) {
      const ending = await Promise.race([once(this.#child.stderr, 'data').then(() => undefined), this.ended]);
      if (ending !== undefined) throw new Error(`It ended with ${ending.code}, and did not say '${text}': ${ending.error}`);
    }
    return this.#error;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.signal(signal);
    return this.ended;
  }
}
