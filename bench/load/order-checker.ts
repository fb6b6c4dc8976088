/** What came otherwise than it was sent, in messages. */
export interface Irregularities {
  /** Never came. */
  readonly lost: number;
  /** Came behind a later one. */
  readonly swapped: number;
  /** Came again. */
  readonly repeated: number;
}

/** Gaps that are remembered one by one, to tell a late message from a repeated one. Past it a late one counts as repeated. */
const MOST_REMEMBERED = 10_000;

/** Checks that numbered messages come in order, each of them once. */
export class OrderChecker {
  /** The number that is to come next. */
  next: number;
  #lost = 0;
  #swapped = 0;
  #repeated = 0;
  // Made at the first gap: there should be none.
  #missing: Set<number> | undefined;

  constructor(first: number) {
    this.next = first;
  }

  received(value: number): void {
    if (value === this.next) this.next++;
    else this.#irregular(value);
  }

  /**
   * What was wrong.
   *
   * @param end - the number behind the last one that was sent
   */
  finish(end: number): Irregularities {
    const lost = this.#lost + Math.max(0, end - this.next);
    return { lost, swapped: this.#swapped, repeated: this.#repeated };
  }

  #irregular(value: number): void {
    if (value > this.next) {
      const missing = (this.#missing ??= new Set());
      const gap = value - this.next;
      for (let i = 0; i < Math.min(gap, MOST_REMEMBERED - missing.size); i++) missing.add(this.next + i);
      this.#lost += gap;
      this.next = value + 1;
      return;
    }
    if (this.#missing?.delete(value) === true) {
      this.#lost--;
      this.#swapped++;
      return;
    }
    this.#repeated++;
  }
}
