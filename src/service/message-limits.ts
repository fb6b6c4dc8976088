import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubLimits, MessageRate } from './hub-limits.ts';
import { MessageBucket } from './message-bucket.ts';

/** What limits the messages of one client. */
export interface MessageAllowance {
  /** Those that others take from, too: of all, of the hub. */
  readonly shared: readonly MessageBucket[];
  /** The user's own, whoever's connections it has. */
  readonly own: MessageBucket | undefined;
  /** Bytes of a message. */
  readonly largest: number;
}

/** A user, while it has connections, and until its bucket is full again after that. */
interface User {
  readonly bucket: MessageBucket;
  clients: number;
  readonly forgotten: Timer;
}

/** How many messages the clients of one hub may send. */
export class MessageLimits {
  readonly #limits: HubLimits;
  readonly #wheel: TimerWheel;
  readonly #shared: readonly MessageBucket[];
  readonly #users = new Map<string, User>();
  /** Of clients without a user id. */
  #anonymous: MessageAllowance | undefined;

  private constructor(limits: HubLimits, ofAll: MessageBucket | undefined, wheel: TimerWheel) {
    this.#limits = limits;
    this.#wheel = wheel;
    const ofHub = limits.rate && new MessageBucket(limits.rate, wheel);
    this.#shared = [ofAll, ofHub].filter((bucket) => bucket !== undefined);
  }

  /** Undefined where nothing is limited. */
  static of(limits: HubLimits, ofAll: MessageBucket | undefined, wheel: TimerWheel): MessageLimits | undefined {
    const { rate, userRate, messageSize } = limits;
    const isLimited = ofAll !== undefined || rate !== undefined || userRate !== undefined || Number.isFinite(messageSize);
    return isLimited ? new MessageLimits(limits, ofAll, wheel) : undefined;
  }

  /** Users that are kept in mind. */
  get users(): number {
    return this.#users.size;
  }

  /** A client came. `left` is to follow. */
  came(userId: string | undefined): MessageAllowance {
    const { userRate, messageSize: largest } = this.#limits;
    const shared = this.#shared;
    if (userRate === undefined) return (this.#anonymous ??= { shared, own: undefined, largest });
    if (userId === undefined) return { shared, own: new MessageBucket(userRate, this.#wheel), largest };
    const user = this.#users.get(userId) ?? this.#made(userId, userRate);
    user.clients++;
    this.#wheel.cancel(user.forgotten);
    return { shared, own: user.bucket, largest };
  }

  /** What a user owes when it goes, it still owes when it comes back. */
  left(userId: string | undefined): void {
    const user = userId === undefined ? undefined : this.#users.get(userId);
    if (user === undefined || --user.clients > 0) return;
    this.#wheel.arm(user.forgotten, Math.max(1, user.bucket.untilFull));
  }

  /** The hub is given up. */
  close(): void {
    for (const { forgotten } of this.#users.values()) this.#wheel.cancel(forgotten);
    this.#users.clear();
  }

  #made(userId: string, rate: MessageRate): User {
    const forgotten = new Timer(() => this.#users.delete(userId));
    const user = { bucket: new MessageBucket(rate, this.#wheel), clients: 0, forgotten };
    this.#users.set(userId, user);
    return user;
  }
}
