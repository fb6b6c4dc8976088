import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubChannels } from './channels.ts';
import type { RedisCommands } from './commands.ts';
import type { RedisSettings } from './options.ts';
import { countOthers } from './others.ts';

/** Milliseconds between two looks while they are waited for; also what they are given to listen to everything. */
const LOOK = 100;

/**
 * Servers that hear only what is sent while they listen: those of .NET, and those without catch-up. After an outage they come back some time after this
 * one, or before it; what waited for Redis waits for them, too.
 */
export class LiveListeners {
  readonly #channels: HubChannels;
  readonly #commands: RedisCommands;
  readonly #wheel: TimerWheel;
  readonly #interval: number;
  readonly #timeout: number;
  readonly #counting = new Timer(() => void this.#keepCount());
  readonly #pausing = new Timer(() => this.#awake());
  #awake: () => void = () => undefined;
  /** How many there were when they were last counted. */
  #known = 0;
  #turn = 0;
  #closed = false;

  constructor(channels: HubChannels, commands: RedisCommands, wheel: TimerWheel, settings: RedisSettings) {
    this.#channels = channels;
    this.#commands = commands;
    this.#wheel = wheel;
    this.#interval = settings.keepAlive;
    // Where nothing is kept for other servers, nothing is saved by waiting.
    this.#timeout = settings.outagePolicy === 'local' ? 0 : (settings.listenersTimeout ?? 0);
  }

  /**
   * Redis takes commands: resolves when as many listen as before, or `listenersTimeout` has passed. Resolves with false where Redis was lost, and is
   * there again, meanwhile: then another call waits.
   */
  async back(): Promise<boolean> {
    const turn = ++this.#turn;
    if (this.#timeout === 0) return true;
    this.#wheel.cancel(this.#counting);
    this.#wake();
    await this.#wait(turn);
    return turn === this.#turn;
  }

  /** This server takes part in the farm: counts who listens, from now on. It counts itself where it has no catch-up, so not before it listens. */
  watch(): void {
    if (this.#timeout === 0) return;
    this.#wheel.cancel(this.#counting);
    void this.#keepCount();
  }

  /** Lets go on who waits for them. */
  close(): void {
    this.#closed = true;
    this.#wheel.cancel(this.#counting);
    this.#wake();
  }

  async #wait(turn: number): Promise<void> {
    const expected = this.#known;
    const end = this.#wheel.now() + this.#timeout;
    for (let missing = expected > 0, late = false; missing; late = true) {
      const count = await countOthers(this.#channels, this.#commands);
      missing = count !== undefined && count < expected && this.#wheel.now() < end;
      // They subscribe to one channel after the other.
      if (missing || late) await this.#pause();
      if (turn !== this.#turn || this.#closed) return;
    }
  }

  async #keepCount(): Promise<void> {
    const turn = this.#turn;
    const count = await countOthers(this.#channels, this.#commands);
    // Who is away can't tell; and who was, and is back, has asked again.
    if (turn !== this.#turn || this.#closed) return;
    this.#known = count ?? this.#known;
    this.#wheel.arm(this.#counting, this.#interval);
  }

  #pause(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awake = resolve;
      this.#wheel.arm(this.#pausing, LOOK);
    });
  }

  #wake(): void {
    this.#wheel.cancel(this.#pausing);
    this.#awake();
  }
}
