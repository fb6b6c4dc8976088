import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { ServiceHub } from './service-hub.ts';

/** Milliseconds between two looks: whoever has just gone may be about to come back. */
const LOOK = 5_000;

/** Gives hubs up of which nothing is left, so that names do not gather: a hub is made again when somebody comes for it. */
export class IdleHubs {
  readonly #wheel: TimerWheel;
  readonly #giveUp: (hub: ServiceHub) => void;
  readonly #deserted = new Set<ServiceHub>();
  readonly #looking = new Timer(() => this.#look());

  /** @param giveUp - nobody needs the hub */
  constructor(wheel: TimerWheel, giveUp: (hub: ServiceHub) => void) {
    this.#wheel = wheel;
    this.#giveUp = giveUp;
  }

  /** Nobody is left in a hub, for now; or what kept it is gone. */
  add(hub: ServiceHub): void {
    this.#deserted.add(hub);
    if (!this.#looking.armed) this.#wheel.arm(this.#looking, LOOK);
  }

  #look(): void {
    for (const hub of this.#deserted) {
      const { remains } = hub;
      // What is there for good goes when somebody says so, who is then the next to leave.
      if (remains !== 'passing') this.#deserted.delete(hub);
      if (remains === 'nothing') this.#giveUp(hub);
    }
    if (this.#deserted.size > 0) this.#wheel.arm(this.#looking, LOOK);
  }
}
