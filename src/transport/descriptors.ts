import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { transportEvents } from './log-events.ts';

/** Milliseconds that a count holds, and between two looks while there are too few. */
const FRESH = 100;
const LOOK_AGAIN = 1_000;

/** Where the numbers of this process come from. */
export interface DescriptorSource {
  /** How many the process may have open; undefined where that can't be told, or there is no limit. */
  limit(): number | undefined;
  /** How many it has open; undefined where that can't be told. */
  open(): number | undefined;
}

/** What Linux tells in /proc. */
export const procDescriptors: DescriptorSource = {
  limit() {
    try {
      const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
      return soft === undefined ? undefined : Number(soft);
    } catch {
      return undefined;
    }
  },
  open() {
    try {
      // Linux from 6.2 on has the number as the folder's size, for 5 µs; else the entries are counted, at 2 ms for 5,000.
      return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length - 1;
    } catch (error) {
      // Without a single one left the folder can't be read.
      return (error as NodeJS.ErrnoException).code === 'EMFILE' ? Number.POSITIVE_INFINITY : undefined;
    }
  },
};

/** `unknown` where the platform doesn't tell, or the check is switched off. */
export interface DescriptorState {
  readonly state: 'enough' | 'short' | 'unknown';
  /** How many are open, and may be. */
  readonly open: number | undefined;
  readonly limit: number | undefined;
}

/**
 * Watches how many file descriptors are left to the process. Beyond the last one the kernel would have Node drop connections
 * unanswered, and files could not be opened: new connections are refused before. It is looked when somebody asks, so an idle
 * server does nothing, and the more rarely the more are left.
 */
export class Descriptors {
  readonly #reserve: number;
  readonly #wheel: TimerWheel;
  readonly #log: Log;
  readonly #source: DescriptorSource;
  #limit: number | undefined;
  #open: number | undefined;
  #countedAt = Number.NEGATIVE_INFINITY;
  /** Connections that may come before the next count. */
  #unlooked = 0;
  /** While there are too few, and a little longer: an episode. */
  #episode: Timer | undefined;
  #refused = 0;

  /** @param reserve - how many have to be left; null for no check */
  constructor(reserve: number | null, wheel: TimerWheel, log: Log, source: DescriptorSource = procDescriptors) {
    this.#reserve = reserve ?? 0;
    this.#wheel = wheel;
    this.#log = log;
    this.#source = source;
    if (reserve !== null) this.#limit = source.limit();
  }

  /** How it stands, looked up anew. */
  get state(): DescriptorState {
    const left = this.#count();
    const state = left === undefined ? 'unknown' : left > 0 ? 'enough' : 'short';
    return { state, open: left === undefined ? undefined : this.#open, limit: this.#limit };
  }

  /** Whether a new connection may be taken in. */
  mayAdmit(): boolean {
    if (this.#limit === undefined) return true;
    if (this.#unlooked > 0 && this.#wheel.now() - this.#countedAt < FRESH) {
      this.#unlooked--;
      return true;
    }
    const left = this.#count();
    if (left === undefined || left > 0) return true;
    this.#refuse();
    return false;
  }

  /** How many are left above the reserve. */
  #count(): number | undefined {
    if (this.#limit === undefined) return undefined;
    this.#open = this.#source.open();
    this.#countedAt = this.#wheel.now();
    const left = this.#open === undefined ? undefined : this.#limit - this.#open - this.#reserve;
    // Other things open some, too: never more than a quarter without a look.
    this.#unlooked = left === undefined ? 0 : Math.floor(left / 4);
    return left;
  }

  #refuse(): void {
    this.#refused++;
    if (this.#episode !== undefined) return;
    this.#log(transportEvents.descriptorsShort, { open: this.#open, limit: this.#limit, reserve: this.#reserve });
    this.#episode = new Timer(() => this.#lookAgain());
    this.#wheel.arm(this.#episode, LOOK_AGAIN);
  }

  #lookAgain(): void {
    if (this.#episode === undefined) return;
    // An operator may have raised it.
    this.#limit = this.#source.limit() ?? this.#limit;
    const left = this.#count();
    // Some more than the reserve, or clients that come and go at the limit would begin an episode each.
    if (left !== undefined && left <= this.#reserve / 4) return this.#wheel.arm(this.#episode, LOOK_AGAIN);
    this.#episode = undefined;
    this.#log(transportEvents.descriptorsEnough, { open: this.#open, limit: this.#limit, refused: this.#refused });
    this.#refused = 0;
  }
}
