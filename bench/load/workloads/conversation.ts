import type { Client, Receiver } from '../client.ts';
import { FIRST_NUMBER } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { Workload } from '../workload.ts';

/** A client that does one thing after the other: each has a number, begins with `begin` and ends with `ended`. */
export abstract class Conversation implements Receiver {
  protected readonly client: Client;
  protected readonly tally: Tally;
  protected value: number = FIRST_NUMBER - 1;
  #repeating = false;
  #pending = false;
  #begunAt = 0;

  constructor(client: Client, tally: Tally) {
    this.client = client;
    this.tally = tally;
    client.receive(this);
  }

  get pending(): number {
    return this.#pending ? 1 : 0;
  }

  start(): void {
    this.#repeating = true;
    this.#begin();
  }

  stop(): void {
    this.#repeating = false;
  }

  abstract record(buffer: Buffer, start: number, end: number): void;

  /** Sends what begins the next one, whose number is `value`. It is flushed behind. */
  protected abstract begin(): void;

  /** What is lost when it does not end, in messages. */
  abstract get outstanding(): number;

  protected ended(): void {
    this.#pending = false;
    this.tally.latency.add(this.client.now - this.#begunAt);
    if (this.#repeating) this.#begin();
  }

  #begin(): void {
    this.#pending = true;
    this.#begunAt = performance.now();
    this.value++;
    this.begin();
    this.client.flush();
  }
}

/** A workload whose clients have nothing to do with each other. */
export class Conversations implements Workload {
  readonly #all: readonly Conversation[];
  readonly #tally: Tally;

  constructor(all: readonly Conversation[], tally: Tally) {
    this.#all = all;
    this.#tally = tally;
  }

  get pending(): number {
    return this.#all.reduce((sum, one) => sum + one.pending, 0);
  }

  start(): void {
    for (const one of this.#all) one.start();
  }

  stop(): void {
    for (const one of this.#all) one.stop();
  }

  finish(): void {
    for (const one of this.#all) {
      if (one.pending > 0) this.#tally.faults.irregular({ lost: one.outstanding, swapped: 0, repeated: 0 });
    }
  }
}
