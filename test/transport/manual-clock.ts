import type { Clock } from '../../src/base/clock.ts';
import { WHEEL_TICK } from '../../src/base/timer-wheel.ts';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  readonly #tasks = new Map<() => void, { readonly interval: number; next: number }>();

  now(): number {
    return this.#now;
  }

  every(interval: number, task: () => void): () => void {
    this.#tasks.set(task, { interval, next: this.#now + interval });
    return () => this.#tasks.delete(task);
  }

  advance(time: number): void {
    const end = this.#now + time;
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + WHEEL_TICK);
      for (const [task, due] of this.#tasks) {
        if (due.next > this.#now) continue;
        due.next += due.interval;
        task();
      }
    }
  }
}
