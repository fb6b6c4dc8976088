import type { ReadAhead } from './read-ahead.ts';

/** Something that is to be done in its turn. */
export interface QueuedCall {
  /** What it took on the wire. */
  readonly bytes: number;
  /** Whether it takes one of the places for parallel invocations. */
  readonly counts: boolean;
  /** Runs it. The promise, where there is something to wait for, never rejects. */
  run(): PromiseLike<void> | undefined;
}

/** Starts the calls of one client in the order they came, so many at a time. */
export class InvocationQueue {
  readonly #parallel: number;
  readonly #readAhead: ReadAhead;
  #running = 0;
  #held = true;
  #waiting: QueuedCall[] | undefined;
  /** Made when the first call waits for something: most never do. */
  #ended: (() => void) | undefined;

  /** @param parallel - how many counting calls may run at the same time */
  constructor(parallel: number, readAhead: ReadAhead) {
    this.#parallel = parallel;
    this.#readAhead = readAhead;
  }

  /** The hub has welcomed the client: calls may start. */
  open(): void {
    this.#held = false;
    this.#startWaiting();
  }

  /** The client has gone: what waits is dropped. */
  close(): void {
    this.#held = true;
    this.#waiting = undefined;
  }

  submit(call: QueuedCall): void {
    if (this.#waiting === undefined && this.#mayStart(call)) return this.#start(call);
    (this.#waiting ??= []).push(call);
    this.#readAhead.add(call.bytes);
  }

  #mayStart(call: QueuedCall): boolean {
    return !this.#held && (this.#running < this.#parallel || !call.counts);
  }

  #start(call: QueuedCall): void {
    const { counts } = call;
    if (counts) this.#running++;
    const running = call.run();
    if (!counts) return;
    if (running === undefined) this.#running--;
    else void running.then((this.#ended ??= () => this.#callEnded()));
  }

  #callEnded(): void {
    this.#running--;
    this.#startWaiting();
  }

  #startWaiting(): void {
    for (;;) {
      const call = this.#waiting?.[0];
      if (call === undefined || !this.#mayStart(call)) return;
      this.#waiting?.shift();
      if (this.#waiting?.length === 0) this.#waiting = undefined;
      this.#start(call);
      this.#readAhead.remove(call.bytes);
    }
  }
}
