import type { Clock } from './clock.ts';

/** Milliseconds between two turns of the wheel: how late an alarm may fire. */
export const WHEEL_TICK = 100;
const SLOTS = 512;

/**
 * One repeating timer for all the time-outs of all connections. Arming, moving and cancelling an alarm links and unlinks a
 * node of a list: no allocation, no system timer. An alarm fires at most two ticks late and never early.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (Alarm | undefined)[] = Array.from({ length: SLOTS });
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

  /** Resolves after so many milliseconds; never, where the wheel is closed before. */
  pause(time: number): Promise<void> {
    return new Promise((resolve) => this.arm(new Timer(resolve), time));
  }

  /** Arms `alarm` to fire once in `delay` milliseconds; one that is armed already is moved. */
  arm(alarm: Alarm, delay: number): void {
    if (alarm.slot >= 0) this.#unlink(alarm);
    const due = this.#clock.now() + delay;
    if (this.#armed === 0) this.#start();
    // A slot is emptied at the first turn after it began, so the next one is the first that is never early.
    alarm.turn = Math.max(Math.floor(due / WHEEL_TICK) + 1, this.#turned + 1);
    const slot = alarm.turn % SLOTS;
    const head = this.#slots[slot];
    alarm.slot = slot;
    alarm.next = head;
    if (head) head.previous = alarm;
    this.#slots[slot] = alarm;
    this.#armed++;
  }

  cancel(alarm: Alarm): void {
    if (alarm.slot < 0) return;
    this.#unlink(alarm);
    if (this.#armed === 0) this.#halt();
  }

  /** Forgets every alarm. */
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

  #unlink(alarm: Alarm): void {
    if (alarm.previous) alarm.previous.next = alarm.next;
    else this.#slots[alarm.slot] = alarm.next;
    if (alarm.next) alarm.next.previous = alarm.previous;
    alarm.previous = undefined;
    alarm.next = undefined;
    alarm.slot = -1;
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
    const due: Alarm[] = [];
    for (let alarm = this.#slots[slot]; alarm; alarm = alarm.next) if (alarm.turn <= now) due.push(alarm);
    for (const alarm of due) {
      // An earlier one of this slot may have cancelled or moved it.
      if (alarm.slot !== slot || alarm.turn > now) continue;
      this.#unlink(alarm);
      alarm.fire();
    }
  }
}

/**
 * Something with a time-out, which can be armed on a wheel again and again. What every connection has is an alarm itself; a
 * `Timer` would cost it two objects more.
 */
export abstract class Alarm {
  /** @internal The links and the place on the wheel. */
  previous: Alarm | undefined = undefined;
  next: Alarm | undefined = undefined;
  slot = -1;
  turn = 0;

  get armed(): boolean {
    return this.slot >= 0;
  }

  /** The time is over. */
  abstract fire(): void;
}

/** An alarm that runs a function. Its owner makes it once. */
export class Timer extends Alarm {
  readonly #run: () => void;

  constructor(run: () => void) {
    super();
    this.#run = run;
  }

  fire(): void {
    this.#run();
  }
}
