import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

const LONGEST_START = 30_000;

/** A server that is installed on this machine, as Debian's packages bring it. */
export interface DaemonProgram {
  /** Its name on PATH. */
  readonly command: string;
  /** What it says, on one of its outputs, when it takes connections. */
  readonly ready: string;
}

/** Whether it is on PATH. */
export function isInstalled({ command }: DaemonProgram): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

/** A server in a process of its own, which can be started again as it was. */
export class Daemon {
  readonly #program: DaemonProgram;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(program: DaemonProgram, args: readonly string[]) {
    this.#program = program;
    this.#args = args;
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /**
   * Starts it, and resolves when it takes connections. Rejects when it ends instead, or takes longer than 30 s.
   *
   * @param more - what it is told this time only
   */
  async start(...more: readonly string[]): Promise<void> {
    const { command, ready } = this.#program;
    const child = spawn(command, [...this.#args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let output = '';
    let timer: NodeJS.Timeout | undefined;
    const begun = new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${command} is not ready: ${output}`)), LONGEST_START);
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes(ready)) resolve();
      };
      for (const stream of [child.stdout, child.stderr]) stream.on('data', read);
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`${command} ended with ${code ?? signal}: ${output}`)));
    });
    try {
      await begun;
    } finally {
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) stream.removeAllListeners('data').resume();
    }
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Gives it a signal, and waits for nothing: to stop it without ending it, and to let it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#child?.kill(signal);
  }
}

/** A port of 127.0.0.1 that nobody has. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
