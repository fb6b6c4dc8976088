import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FromWorker, ToWorker } from './worker.ts';

/** What a worker said before it died, at most. */
const LONGEST_COMPLAINT = 4_000;

/** A process that tries cases. One that crashes has found something. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #complaint = '';

  constructor() {
    this.#child = fork(new URL('worker.js', import.meta.url), [], {
      // Bytecode that is thrown away and made again would count for memory that comes and goes.
      execArgv: ['--expose-gc', '--no-flush-bytecode', '--enable-source-maps'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#complaint = (this.#complaint + chunk.toString()).slice(-LONGEST_COMPLAINT)));
  }

  /** Rejects where the process ends, or takes longer than `time` milliseconds. */
  async ask<Answer extends FromWorker>(order: ToWorker, time: number): Promise<Answer> {
    const patience = new AbortController();
    const late = setTimeout(() => patience.abort(new Error(`no answer for ${time / 1_000} s`)), time);
    const ended = once(this.#child, 'close', { signal: patience.signal }).then(() => {
      throw new Error(`the process ended:\n${this.#complaint}`);
    });
    const answered = once(this.#child, 'message', { signal: patience.signal });
    this.#child.send(order);
    try {
      const [answer] = (await Promise.race([answered, ended])) as [Answer];
      return answer;
    } finally {
      clearTimeout(late);
      // Whichever of the two is left.
      ended.catch(() => {});
      answered.catch(() => {});
      patience.abort();
    }
  }

  stop(): void {
    this.#child.removeAllListeners('close');
    this.#child.kill('SIGKILL');
  }
}
