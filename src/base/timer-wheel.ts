import type { Clock } from './clock.ts';

/** Milliseconds between two turns of the wheel: how late a timer may fire. */
export const WHEEL_TICK = 100;
const SLOTS = 512;

/**
 * One repeating timer for all the time-outs of all connections. Arming, moving and cancelling a timer links and unlinks a
 * node of a list: no allocation, no system timer. A timer fires at most two ticks late and never early.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (Timer | undefined)[] = Array.from({ length: SLOTS });
  #turned: number;
  #armed = 0;
  #stop: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turned = Math.floor(clock.now() / WHEEL_TICK);
  }

  /** Milliseconds on the wheel's clock. */
  now(): number {
    return this.#clock.now();
  }

  /** Arms `timer` to fire once in `delay` milliseconds; one that is armed already is moved. */
  arm(timer: Timer, delay: number): void {
    if (timer.slot >= 0) this.#unlink(timer);
    const due = this.#clock.now() + delay;
    if (this.#armed === 0) this.#start();
    // A slot is emptied at the first turn after it began, so the next one is the first that is never early.
    timer.turn = Math.max(Math.floor(due / WHEEL_TICK) + 1, this.#turned + 1);
    const slot = timer.turn % SLOTS;
    const head = this.#slots[slot];
    timer.slot = slot;
    timer.next = head;
    if (head) head.previous = timer;
    this.#slots[slot] = timer;
    this.#armed++;
  }

  cancel(timer: Timer): void {
    if (timer.slot < 0) return;
    this.#unlink(timer);
    if (this.#armed === 0) this.#halt();
  }

  /** Forgets every timer. */
  close(): void {
    this.#slots.fill(undefined);
    this.#armed = 0;
    this.#halt();
  }

  #start(): void {
    this.#turned = Math.floor(this.#clock.now() / WHEEL_TICK);
    this.#stop ??= this.#clock.every(WHEEL_TICK, () => this.#turn());
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #unlink(timer: Timer): void {
    if (timer.previous) timer.previous.next = timer.next;
    else this.#slots[timer.slot] = timer.next;
    if (timer.next) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    timer.slot = -1;
    this.#armed--;
  }

  #turn(): void {
    const now = Math.floor(this.#clock.now() / WHEEL_TICK);
    // After a long stall every slot is looked at once, not once for each missed round.
    let turn = Math.max(this.#turned + 1, now - SLOTS + 1);
    for (; turn <= now; turn++) this.#fire(turn % SLOTS, now);
    this.#turned = Math.max(now, this.#turned);
    if (this.#armed === 0) this.#halt();
  }

  #fire(slot: number, now: number): void {
    const due: Timer[] = [];
    for (let timer = this.#slots[slot]; timer; timer = timer.next) if (timer.turn <= now) due.push(timer);
    for (const timer of due) {
      // An earlier one of this slot may have cancelled or moved it.
      if (timer.slot !== slot || timer.turn > now) continue;
      this.#unlink(timer);
      timer.fire();
    }
  }
}

/** A time-out that can be armed on a wheel again and again. Its owner makes it once. */
export class Timer {
  readonly fire: () => void;
  /** @internal The links and the place on the wheel. */
  previous: Timer | undefined;
  next: Timer | undefined;
  slot = -1;
  turn = 0;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  get armed(): boolean {
    return this.slot >= 0;
  }
}
