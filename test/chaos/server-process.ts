import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FromServer, Setup, ToServer } from './messages.ts';

const LONGEST_START = 20_000;
const LONGEST_END = 15_000;

/** A server of the farm in a process of its own. */
export class ServerProcess {
  readonly name: string;
  /** Where it is, once it is ready. */
  url = '';
  /** The state of its backplane, as it last told it. */
  state = '';
  /** How it ended without being told to, if it did. */
  crash: string | undefined;
  readonly #child: ChildProcess;
  #ending = false;

  constructor(setup: Setup, listen: (message: FromServer) => void) {
    this.name = `s${setup.server}.${setup.life}`;
    this.#child = fork(new URL('server.js', import.meta.url), [JSON.stringify(setup)], { execArgv: ['--enable-source-maps'] });
    this.#child.on('message', (message: FromServer) => {
      if (message.kind === 'ready') this.url = message.url;
      else if (message.kind === 'state') this.state = message.state;
      listen(message);
    });
    this.#child.once('exit', (code, signal) => {
      if (!this.#ending) this.crash = `${this.name} ended by itself with ${signal ?? code}`;
    });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && !this.#ending;
  }

  async ready(): Promise<void> {
    const patience = AbortSignal.timeout(LONGEST_START);
    while (this.url === '') await once(this.#child, 'message', { signal: patience });
  }

  tell(message: ToServer): void {
    if (this.alive && this.#child.connected) this.#child.send(message);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended; one that does not end by itself is killed, which is an error. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.alive) return;
    this.#ending = true;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    const stuck = setTimeout(() => {
      this.crash = `${this.name} did not end within ${LONGEST_END / 1_000} s of ${signal}`;
      this.kill();
    }, LONGEST_END);
    await ended;
    clearTimeout(stuck);
  }

  /** Ends it at once. */
  kill(): void {
    this.#ending = true;
    this.#child.kill('SIGKILL');
  }
}
