import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Command } from './peers/peer.ts';

const START_TIMEOUT = 30_000;
const COMMAND_TIMEOUT = 30_000;
const STOP_TIMEOUT = 3000;
const LONGEST_COMPLAINT = 2000;

/** A server in a process of its own, which obeys lines on its standard input. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: Lines;

  private constructor(child: ChildProcess, lines: Lines, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** Starts one and waits until it listens. Rejects when it does not. */
  static async start({ file, args }: Command, environment: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    const child = spawn(file, args, { env: { ...process.env, NODE_ENV: 'production', ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = new Lines(child);
    try {
      const line = await lines.next(START_TIMEOUT);
      const port = Number(/^listening (\d+)$/.exec(line)?.[1]);
      if (Number.isNaN(port)) throw new Error(`the server said '${line}' instead of where it listens`);
      return new ServerProcess(child, lines, port);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Gives a command and waits until it is carried out. */
  async command(line: string): Promise<void> {
    this.#child.stdin?.write(`${line}\n`);
    const answer = await this.#lines.next(COMMAND_TIMEOUT);
    if (answer !== line) throw new Error(`the server answered '${line}' with '${answer}'`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT);
    await ended;
    clearTimeout(stuck);
  }
}

/** The lines that a process prints, one by one. */
class Lines {
  readonly #ready: string[] = [];
  #waiting: { resolve(line: string): void; reject(error: Error): void } | undefined;
  #ended: Error | undefined;
  #complaint = '';

  constructor(child: ChildProcess) {
    child.stderr?.on('data', (chunk: Buffer) => (this.#complaint = (this.#complaint + chunk.toString()).slice(0, LONGEST_COMPLAINT)));
    // A server that ends while a command is written to it has a broken pipe; that it ended is said below.
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => this.#end(error));
    child.once('close', (code, signal) => this.#end(new Error(`the server ended with ${signal ?? code}: ${this.#complaint}`)));
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#add(line));
  }

  next(timeout: number): Promise<string> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server said nothing for ${timeout / 1000} s`)), timeout);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          this.#waiting = undefined;
          settle(value);
        };
      this.#waiting = { resolve: settled(resolve), reject: settled(reject) };
    });
  }

  #add(line: string): void {
    if (this.#waiting) this.#waiting.resolve(line);
    else this.#ready.push(line);
  }

  #end(error: Error): void {
    this.#ended = error;
    this.#waiting?.reject(error);
  }
}
