import { LatencyHistogram } from './latency-histogram.ts';
import type { Irregularities } from './order-checker.ts';

/** What went wrong in a run. All zero in a good one. */
export interface FaultCounts extends Irregularities {
  /** Messages with another content than they should have, and answers that were errors. */
  readonly wrong: number;
  /** Connections that ended before the run did. */
  readonly closed: number;
}

const MOST_EXAMPLES = 5;
const LONGEST_EXAMPLE = 200;

/** Collects what went wrong, with the first few examples. */
export class Faults {
  #lost = 0;
  #swapped = 0;
  #repeated = 0;
  #wrong = 0;
  #closed = 0;
  readonly examples: string[] = [];

  get counts(): FaultCounts {
    return { lost: this.#lost, swapped: this.#swapped, repeated: this.#repeated, wrong: this.#wrong, closed: this.#closed };
  }

  irregular({ lost, swapped, repeated }: Irregularities): void {
    this.#lost += lost;
    this.#swapped += swapped;
    this.#repeated += repeated;
  }

  wrong(what: string): void {
    this.#wrong++;
    this.#note(what);
  }

  closed(reason: string): void {
    this.#closed++;
    this.#note(`closed: ${reason}`);
  }

  #note(text: string): void {
    const short = text.length > LONGEST_EXAMPLE ? `${text.slice(0, LONGEST_EXAMPLE)}…` : text;
    if (this.examples.length < MOST_EXAMPLES && !this.examples.includes(short)) this.examples.push(short);
  }
}

/** What all clients of a run count together. */
export class Tally {
  /** Messages of the kind that the run is about. */
  messages = 0;
  /** WebSocket messages, events and bodies that brought them. */
  carriers = 0;
  readonly latency: LatencyHistogram = new LatencyHistogram();
  readonly faults: Faults = new Faults();
}
