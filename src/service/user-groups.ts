/** Milliseconds between two looks for what has expired, which take as long as there are memberships. */
const SWEEP_INTERVAL = 1_000;
const NONE: readonly string[] = [];

/** The groups that users are in, whose connections are still to come: a user's later connections are put into them, too. */
export class UserGroups {
  readonly #limit: () => number;
  readonly #now: () => number;
  /** When each membership ends, by user and group. */
  readonly #memberships = new Map<string, Map<string, number>>();
  #size = 0;
  #nextSweep = Number.NEGATIVE_INFINITY;

  /**
   * @param limit - memberships that are kept; what is above a lower limit stays
   * @param now - the clock's time in milliseconds
   */
  constructor(limit: () => number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Memberships that are kept, those included that have ended and were not looked for yet. */
  get size(): number {
    return this.#size;
  }

  /**
   * Returns false where there are too many.
   *
   * @param ttl - seconds; Infinity for good
   */
  add(user: string, group: string, ttl: number): boolean {
    const groups = this.#memberships.get(user) ?? new Map<string, number>();
    if (!groups.has(group)) {
      const limit = this.#limit();
      if (this.#size >= limit) this.#sweep();
      if (this.#size >= limit) return false;
      this.#size++;
    }
    groups.set(group, this.#now() + ttl * 1_000);
    this.#memberships.set(user, groups);
    return true;
  }

  /** Takes a user out of one group, or of all. */
  remove(user: string, group: string | null): void {
    const groups = this.#memberships.get(user);
    if (groups === undefined) return;
    if (group === null) this.#size -= groups.size;
    else if (groups.delete(group)) this.#size--;
    if (group === null || groups.size === 0) this.#memberships.delete(user);
  }

  /** All memberships, with the milliseconds that each has left: Infinity for good. */
  *entries(): Iterable<readonly [user: string, group: string, left: number]> {
    const now = this.#now();
    for (const [user, groups] of this.#memberships) for (const [group, ends] of groups) if (ends > now) yield [user, group, ends - now];
  }

  /** Milliseconds until the last of them ends: 0 where there is none, Infinity where one is for good. */
  get longest(): number {
    let longest = 0;
    for (const [, , left] of this.entries()) {
      longest = Math.max(longest, left);
      if (left === Number.POSITIVE_INFINITY) break;
    }
    return longest;
  }

  /** The groups that a connection of a user is to be in. */
  of(user: string): readonly string[] {
    const groups = this.#memberships.get(user);
    if (groups === undefined) return NONE;
    const now = this.#now();
    return [...groups].filter(([, ends]) => ends > now).map(([group]) => group);
  }

  #sweep(): void {
    const now = this.#now();
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + SWEEP_INTERVAL;
    for (const [user, groups] of this.#memberships) for (const [group, ends] of groups) if (ends <= now) this.remove(user, group);
  }
}
