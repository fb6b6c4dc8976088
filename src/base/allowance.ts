/** What somebody may still spend. Times are those of one clock, in milliseconds. */
export interface Allowance {
  /**
   * Spends `cost`, or puts it down as spent for a time to come.
   *
   * @param patience - milliseconds that may be waited for it
   * @returns milliseconds to wait before it is due: 0 for none. More than `patience` says that nothing was spent;
   *   infinite, that it never can be
   */
  take(cost: number, now: number, patience: number): number;
  /** Whether it is as good as new, and can be forgotten. */
  isWhole(now: number): boolean;
}

/** Sums of times are off by less. */
const ROUNDING = 0.001;

/** How a token bucket is made. */
export interface BucketShape {
  /** Tokens in a full bucket. */
  readonly capacity: number;
  readonly refillPerSecond: number;
}

/** So many tokens at once, and so many a second. One number is all it keeps: the time at which it will be full again. */
export class TokenBucket implements Allowance {
  readonly #shape: BucketShape;
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor(shape: BucketShape) {
    this.#shape = shape;
  }

  take(cost: number, now: number, patience: number): number {
    const { capacity, refillPerSecond } = this.#shape;
    if (cost > capacity) return Number.POSITIVE_INFINITY;
    const fullAt = Math.max(this.#fullAt, now) + (cost / refillPerSecond) * 1_000;
    const wait = fullAt - now - (capacity / refillPerSecond) * 1_000;
    if (wait > Math.max(patience, ROUNDING)) return wait;
    this.#fullAt = fullAt;
    return wait > ROUNDING ? wait : 0;
  }

  isWhole(now: number): boolean {
    return this.#fullAt <= now;
  }
}

/** How a quota is made. */
export interface QuotaShape {
  readonly limit: number;
  /** Milliseconds, from the first use on. */
  readonly window: number;
}

/** So much in each window of time. Nobody waits for the next one: it may be a day away. */
export class WindowQuota implements Allowance {
  readonly #shape: QuotaShape;
  #endsAt = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(shape: QuotaShape) {
    this.#shape = shape;
  }

  take(cost: number, now: number): number {
    const { limit, window } = this.#shape;
    if (cost > limit) return Number.POSITIVE_INFINITY;
    if (now >= this.#endsAt) {
      this.#endsAt = now + window;
      this.#used = 0;
    }
    if (this.#used + cost > limit) return this.#endsAt - now;
    this.#used += cost;
    return 0;
  }

  isWhole(now: number): boolean {
    return now >= this.#endsAt;
  }
}

/** How many are looked at each time one is used: more than come to be, so that none is left behind. */
const SWEPT = 2;

/**
 * Allowances by key, a bounded number. The one that was used last stands last; from the other end those that are whole again are
 * dropped, and, where all places are taken, the one that was not used for the longest time.
 */
export class Allowances {
  readonly #most: number;
  readonly #make: () => Allowance;
  readonly #byKey = new Map<string, Allowance>();

  constructor(most: number, make: () => Allowance) {
    this.#most = most;
    this.#make = make;
  }

  get size(): number {
    return this.#byKey.size;
  }

  of(key: string, now: number): Allowance {
    const known = this.#byKey.get(key);
    if (known !== undefined) this.#byKey.delete(key);
    this.#sweep(now);
    const allowance = known ?? this.#make();
    this.#byKey.set(key, allowance);
    return allowance;
  }

  #sweep(now: number): void {
    let swept = 0;
    for (const [key, allowance] of this.#byKey) {
      if (swept === SWEPT || !(allowance.isWhole(now) || this.#byKey.size >= this.#most)) return;
      this.#byKey.delete(key);
      swept++;
    }
  }
}
