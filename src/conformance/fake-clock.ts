import type { Clock } from '../base/clock.ts';

interface Task {
  readonly interval: number;
  readonly run: () => void;
  due: number;
}

/** A clock that stands still until it is told to go on, and then does what would have happened in that time, in order. */
export class FakeClock implements Clock {
  readonly #tasks = new Set<Task>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  every(interval: number, run: () => void): () => void {
    const task = { interval, run, due: this.#now + interval };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** Lets `milliseconds` pass. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let task = this.#next(end); task !== undefined; task = this.#next(end)) {
      this.#now = task.due;
      task.due += task.interval;
      task.run();
    }
    this.#now = end;
  }

  /** What repeats at the moment: 0 when nobody waits for anything. */
  get tasks(): number {
    return this.#tasks.size;
  }

  #next(end: number): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks) if (task.due <= end && (next === undefined || task.due < next.due)) next = task;
    return next;
  }
}
