import { Timer, type TimerWheel } from '../base/timer-wheel.ts';

/** What is to be done later about hubs, each thing once for each hub. */
export class Delays {
  readonly #wheel: TimerWheel;
  readonly #delay: number;
  readonly #act: (hub: string) => void;
  readonly #timers = new Map<string, Timer>();

  /** @param delay - milliseconds */
  constructor(wheel: TimerWheel, delay: number, act: (hub: string) => void) {
    this.#wheel = wheel;
    this.#delay = delay;
    this.#act = act;
  }

  /** From now on, however often it was begun before. */
  begin(hub: string): void {
    let timer = this.#timers.get(hub);
    if (timer === undefined) {
      timer = new Timer(() => {
        this.#timers.delete(hub);
        this.#act(hub);
      });
      this.#timers.set(hub, timer);
    }
    this.#wheel.arm(timer, this.#delay);
  }

  close(): void {
    for (const timer of this.#timers.values()) this.#wheel.cancel(timer);
    this.#timers.clear();
  }
}
