import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';

/** The wheel knows how much time has passed, not what time it is: clocks are set, and machines sleep. */
const LONGEST_LOOK_AWAY = 60_000;

/** Waits for a time of day, however far away it is. */
export class Expiration extends Alarm {
  readonly #wheel: TimerWheel;
  readonly #expired: () => void;
  #at = Number.POSITIVE_INFINITY;

  constructor(wheel: TimerWheel, expired: () => void) {
    super();
    this.#wheel = wheel;
    this.#expired = expired;
  }

  /** @param at - milliseconds since 1970, instead of what was waited for before; undefined for never */
  await(at: number | undefined): void {
    this.#at = at ?? Number.POSITIVE_INFINITY;
    if (at === undefined) this.#wheel.cancel(this);
    else this.#wheel.arm(this, Math.min(Math.max(at - Date.now(), 0), LONGEST_LOOK_AWAY));
  }

  fire(): void {
    if (Date.now() < this.#at) this.await(this.#at);
    else this.#expired();
  }
}
