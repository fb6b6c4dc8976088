import type { AtConnectionLimit } from './limit-options.ts';

/** The connections of one user or address, each set in the order of arrival. */
interface Crowd<Member> {
  /** Negotiated, and not connected yet. */
  readonly waiting: Set<Member>;
  readonly connected: Set<Member>;
}

/**
 * Connections by user, or by address, no more than so many of each. Beside the connected ones as many may wait to connect: of more
 * the oldest gives way, because a client whose transport does not get through negotiates again for the next one and never
 * comes back with the first token.
 */
export class Crowds<Member> {
  readonly limit: number;
  readonly #atLimit: AtConnectionLimit;
  readonly #crowds = new Map<string, Crowd<Member>>();

  constructor(limit: number, atLimit: AtConnectionLimit) {
    this.limit = limit;
    this.#atLimit = atLimit;
  }

  /** How many users or addresses there are. */
  get size(): number {
    return this.#crowds.size;
  }

  /** Whether a newcomer has to be refused. `member` is none where it is connected already, and comes back by another transport. */
  refuses(key: string, member: Member | undefined): boolean {
    if (this.#atLimit !== 'refuse') return false;
    const connected = this.#crowds.get(key)?.connected;
    return connected !== undefined && connected.size >= this.limit && !(member !== undefined && connected.has(member));
  }

  /** Adds one that waits. Returns the one that gives way to it. */
  wait(key: string, member: Member): Member | undefined {
    return add(this.#crowd(key).waiting, member, this.limit);
  }

  /** Adds one that is connected. Returns the one that gives way to it. */
  connect(key: string, member: Member): Member | undefined {
    const crowd = this.#crowd(key);
    crowd.waiting.delete(member);
    return add(crowd.connected, member, this.limit);
  }

  leave(key: string, member: Member): void {
    const crowd = this.#crowds.get(key);
    if (crowd === undefined) return;
    crowd.waiting.delete(member);
    crowd.connected.delete(member);
    if (crowd.waiting.size + crowd.connected.size === 0) this.#crowds.delete(key);
  }

  #crowd(key: string): Crowd<Member> {
    const known = this.#crowds.get(key);
    if (known !== undefined) return known;
    const crowd = { waiting: new Set<Member>(), connected: new Set<Member>() };
    this.#crowds.set(key, crowd);
    return crowd;
  }
}

function add<Member>(members: Set<Member>, member: Member, limit: number): Member | undefined {
  members.add(member);
  if (members.size <= limit) return undefined;
  const [oldest] = members;
  if (oldest !== undefined) members.delete(oldest);
  return oldest;
}
