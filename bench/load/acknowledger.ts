import type { Acknowledgements } from './dialect.ts';

/** Milliseconds between two acks, as the official clients have it. */
const INTERVAL = 1_000;

/** Counts what one client was sent, and says when that is to be acknowledged. */
export class Acknowledger {
  readonly #acknowledgements: Acknowledgements;
  #received = 0;
  #acknowledged = 0;
  #next = 0;

  constructor(acknowledgements: Acknowledgements) {
    this.#acknowledgements = acknowledgements;
  }

  received(buffer: Buffer, start: number): void {
    if (this.#acknowledgements.counts(buffer, start)) this.#received++;
  }

  /** The ack that is due, if one is. */
  due(now: number): Buffer | undefined {
    if (now < this.#next || this.#received === this.#acknowledged) return undefined;
    this.#next = now + INTERVAL;
    this.#acknowledged = this.#received;
    return this.#acknowledgements.ack(this.#received);
  }
}
