import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { OutgoingList, type Outgoing } from './outgoing.ts';

/** Milliseconds between two tries. */
const PAUSE = 200;
/** Milliseconds after which whoever should have heard it is taken for gone. */
const ENOUGH = 10_000;

/** Has messages sent again that one server waits for and that nobody heard: after an outage that server may not listen yet. */
export class Insistence {
  readonly #wheel: TimerWheel;
  readonly #again: (message: Outgoing) => void;
  readonly #unheard = new OutgoingList();
  readonly #pause = new Timer(() => this.#repeat());

  constructor(wheel: TimerWheel, again: (message: Outgoing) => void) {
    this.#wheel = wheel;
    this.#again = again;
  }

  /** Redis took it, and nobody heard it. */
  add(message: Outgoing): void {
    if (this.#wheel.now() - message.at > ENOUGH) return;
    this.#unheard.push(message);
    if (!this.#pause.armed) this.#wheel.arm(this.#pause, PAUSE);
  }

  close(): void {
    this.#wheel.cancel(this.#pause);
  }

  #repeat(): void {
    for (let left = this.#unheard.count; left > 0; left--) {
      const message = this.#unheard.shift();
      if (message !== undefined) this.#again(message);
    }
  }
}
