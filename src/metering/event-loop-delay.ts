import { monitorEventLoopDelay } from 'node:perf_hooks';

const SECONDS = 60;
/** Milliseconds between two looks. They are Node's own: no JavaScript runs for them. */
const RESOLUTION = 20;
const NANOSECONDS = 1e9;

/** How late the event loop was in the last minute, in seconds. */
export interface Delay {
  readonly mean: number;
  readonly longest: number;
}

/** Watches how late the event loop of this process is, until it is closed. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  /** Of each second, the last one last. */
  readonly #seconds: Delay[] = [];

  constructor() {
    this.#histogram.enable();
  }

  secondOver(): void {
    this.#seconds.push(this.#second());
    if (this.#seconds.length > SECONDS) this.#seconds.shift();
    this.#histogram.reset();
  }

  get minute(): Delay {
    const seconds = [...this.#seconds, this.#second()];
    return {
      mean: seconds.reduce((sum, { mean }) => sum + mean, 0) / seconds.length,
      longest: Math.max(...seconds.map(({ longest }) => longest)),
    };
  }

  close(): void {
    this.#histogram.disable();
  }

  #second(): Delay {
    const { count, mean, max } = this.#histogram;
    // What it holds are the times between two looks.
    return count === 0 ? { mean: 0, longest: 0 } : { mean: late(mean), longest: late(max) };
  }
}

const late = (between: number): number => Math.max(0, between / NANOSECONDS - RESOLUTION / 1_000);
