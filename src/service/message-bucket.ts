import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';
import type { MessageRate } from './hub-limits.ts';

/** One message is so much credit: a rate a second is then as much credit a millisecond, and all of it whole numbers. */
const MESSAGE = 1_000;

/** Whoever has messages that wait for a bucket. */
export interface Waiter {
  /** It may take what `available` says, and has to wait again for the rest. */
  turn(): void;
}

/**
 * Lets so many messages through in a second, and some at once when there were few before. Who finds none left waits here, and gets its turn with
 * the others: as many messages as each of them. Time is looked at when somebody takes, and the wheel has it only while somebody waits.
 */
export class MessageBucket extends Alarm {
  readonly rate: MessageRate;
  readonly #wheel: TimerWheel;
  readonly #full: number;
  readonly #waiting = new Set<Waiter>();
  #credit: number;
  #at: number;
  /** Messages that whose turn it is may still take; undefined where it is nobody's. */
  #share: number | undefined;

  constructor(rate: MessageRate, wheel: TimerWheel) {
    super();
    this.rate = rate;
    this.#wheel = wheel;
    this.#full = rate.burst * MESSAGE;
    this.#credit = this.#full;
    this.#at = Math.floor(wheel.now());
  }

  /** How many messages may come now. Nobody overtakes those who wait. */
  get available(): number {
    if (this.#share === undefined && this.#waiting.size > 0) return 0;
    this.#refill();
    const messages = this.#credit < MESSAGE ? 0 : Math.floor(this.#credit / MESSAGE);
    return this.#share === undefined ? messages : Math.min(this.#share, messages);
  }

  /** Who waits. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Milliseconds until as many messages may come at once as ever. */
  get untilFull(): number {
    this.#refill();
    return Math.ceil((this.#full - this.#credit) / this.rate.perSecond);
  }

  /** Messages came. More than are available leave the bucket in debt. */
  take(messages: number): void {
    this.#credit -= messages * MESSAGE;
    if (this.#share !== undefined) this.#share -= messages;
  }

  wait(waiter: Waiter): void {
    // What the time before was good for is lost to the burst, as if nobody had come.
    if (this.#waiting.size === 0) this.#refill();
    this.#waiting.add(waiter);
    if (!this.armed || this.#waiting.size === 1) this.#arm();
  }

  leave(waiter: Waiter): void {
    if (this.#waiting.delete(waiter) && this.#waiting.size === 0) this.#wheel.cancel(this);
  }

  fire(): void {
    this.#refill();
    const waiting = [...this.#waiting];
    const share = Math.max(1, Math.floor(this.#credit / MESSAGE / waiting.length));
    for (const waiter of waiting) {
      if (this.#credit < MESSAGE) break;
      // One may end another.
      if (!this.#waiting.delete(waiter)) continue;
      this.#share = share;
      waiter.turn();
    }
    this.#share = undefined;
    if (this.#waiting.size > 0) this.#arm();
  }

  #arm(): void {
    const lacking = Math.max(0, MESSAGE - this.#credit);
    this.#wheel.arm(this, Math.ceil(lacking / this.rate.perSecond));
  }

  /** The wheel comes late: what came in while somebody waited would have been taken at once, and is not cut to the burst. */
  #refill(): void {
    if (this.#share !== undefined) return;
    const now = Math.floor(this.#wheel.now());
    const credit = this.#credit + (now - this.#at) * this.rate.perSecond;
    this.#at = now;
    this.#credit = this.#waiting.size === 0 ? Math.min(this.#full, credit) : credit;
  }
}
