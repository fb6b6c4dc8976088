import type { Client, Receiver } from '../client.ts';
import type { Dialect } from '../dialect.ts';
import { OrderChecker } from '../order-checker.ts';
import { RecordPattern } from '../record-pattern.ts';
import { FIRST_NUMBER } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { NumberedMessage, Template } from '../template.ts';
import type { Workload } from '../workload.ts';

/** What the clients of an echo have in common. */
interface EchoSetup {
  readonly tally: Tally;
  readonly call: NumberedMessage;
  readonly text: string;
  /** A power of two: calls of one client that may be under way. */
  readonly window: number;
  /** Of the answers; undefined where these have no number, so that they can only be counted. */
  readonly pattern: RecordPattern | undefined;
}

/** One client that has a text echoed. */
export class EchoCaller implements Receiver {
  /** Whether an answer makes it call again. */
  repeating = false;
  readonly #client: Client;
  readonly #setup: EchoSetup;
  readonly #template: Template;
  readonly #sentAt: Float64Array;
  readonly #checker = new OrderChecker(FIRST_NUMBER);
  #next = FIRST_NUMBER;

  constructor(client: Client, setup: EchoSetup) {
    this.#client = client;
    this.#setup = setup;
    this.#template = client.prepare(setup.call);
    this.#sentAt = new Float64Array(setup.window);
    client.receive(this);
  }

  get pending(): number {
    return this.#next - this.#checker.next;
  }

  /** Calls; `flush` sends. The latency counts from `now`. */
  call(now: number): void {
    this.#sentAt[this.#next % this.#setup.window] = now;
    this.#client.send(this.#template, this.#next++);
  }

  flush(): void {
    this.#client.flush();
  }

  record(buffer: Buffer, start: number, end: number): void {
    const { pattern } = this.#setup;
    const known = pattern === undefined ? this.#checker.next : pattern.read(buffer, start, end);
    const value = known === -1 ? this.#readFully(buffer, start, end) : known;
    if (value === -1) return;
    const { tally, window } = this.#setup;
    this.#checker.received(value);
    tally.messages++;
    tally.latency.add(this.#client.now - (this.#sentAt[value % window] ?? 0));
    if (this.repeating) this.call(this.#client.now);
  }

  finish(): void {
    this.#setup.tally.faults.irregular(this.#checker.finish(this.#next));
  }

  #readFully(buffer: Buffer, start: number, end: number): number {
    const received = this.#client.interpret(buffer, start, end);
    if (received === undefined) return -1;
    const { tally, text, pattern } = this.#setup;
    if (received.kind !== 'completion' || received.result !== text) {
      tally.faults.wrong(`no echo: ${buffer.toString('latin1', start, end)}`);
      return -1;
    }
    const value = Number(received.id);
    pattern?.learn(buffer.subarray(start, end), value);
    return value;
  }
}

export interface EchoOptions {
  readonly size: number;
  /** Calls of one client that are under way at a time. */
  readonly depth: number;
  /** Calls a second of all clients together, whether or not answers come; else each answer makes the next call. */
  readonly perSecond?: number | undefined;
  /** False for a server whose answers are all the same. */
  readonly numbered: boolean;
}

/** Of one client at a fixed rate: past it the server does not keep up, and the client leaves turns out. */
const MOST_UNDER_WAY = 64;
const TICK = 1;

/** Every client calls a method that returns its argument. */
export class Echo implements Workload {
  readonly #callers: readonly EchoCaller[];
  readonly #options: EchoOptions;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(clients: readonly Client[], dialect: Dialect, tally: Tally, options: EchoOptions) {
    const text = 'e'.repeat(options.size);
    const window = 2 ** Math.ceil(Math.log2(options.perSecond === undefined ? options.depth : MOST_UNDER_WAY));
    const setup = { tally, text, window, call: dialect.call('echo', [text]), pattern: options.numbered ? new RecordPattern() : undefined };
    this.#callers = clients.map((client) => new EchoCaller(client, setup));
    this.#options = options;
  }

  get pending(): number {
    return this.#callers.reduce((sum, caller) => sum + caller.pending, 0);
  }

  start(): void {
    const { perSecond, depth } = this.#options;
    if (perSecond === undefined) this.#startRepeating(depth);
    else this.#startClock(perSecond);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const caller of this.#callers) caller.repeating = false;
  }

  finish(): void {
    for (const caller of this.#callers) caller.finish();
  }

  #startRepeating(depth: number): void {
    for (const caller of this.#callers) {
      caller.repeating = true;
      const now = performance.now();
      for (let i = 0; i < depth; i++) caller.call(now);
      caller.flush();
    }
  }

  /** Latencies count from when a call was due, so that a server that stops for a moment can't hide it by delaying the calls. */
  #startClock(perSecond: number): void {
    const begin = performance.now();
    const interval = 1000 / perSecond;
    this.#timer = setInterval(() => {
      const due = Math.trunc((performance.now() - begin) / interval);
      for (; this.#turn < due; this.#turn++) {
        const caller = this.#callers[this.#turn % this.#callers.length];
        if (!caller || caller.pending >= MOST_UNDER_WAY) continue;
        caller.call(begin + this.#turn * interval);
        caller.flush();
      }
    }, TICK);
  }
}
