import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';
import type { Connection } from '../transport/connection.ts';
import type { HubSettings } from './options.ts';

/** What is done about a client's life signs. */
export interface KeepAliveActions {
  /** Sends it a ping of the hub protocol. */
  ping(): void;
  /** It has been silent for too long. `answers` tells whether its transport still did, so that a close message may reach it. */
  timedOut(answers: boolean): void;
  /** Whether we do not read from it ourselves: then its silence says nothing. */
  readonly paused: boolean;
}

/**
 * Pings one client and watches its life signs, on one timer. As in the reference server the client's time-out is armed by its
 * first ping; beyond it, a client that never pings is asked by its transport and dropped when it does not answer.
 */
export class KeepAlive extends Alarm {
  readonly #wheel: TimerWheel;
  readonly #connection: Connection;
  readonly #settings: HubSettings;
  readonly #actions: KeepAliveActions;
  #nextPing: number;
  #pings = false;
  #stopped = false;
  #heard = 0;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(wheel: TimerWheel, connection: Connection, settings: HubSettings, actions: KeepAliveActions) {
    super();
    this.#wheel = wheel;
    this.#connection = connection;
    this.#settings = settings;
    this.#actions = actions;
    // A poll that ends empty keeps long polling alive.
    this.#nextPing = connection.transport === 'longPolling' ? Number.POSITIVE_INFINITY : wheel.now() + settings.keepAliveInterval;
    this.#rearm(wheel.now());
  }

  /** The client sent something. */
  heard(): void {
    this.#heard = this.#connection.alive;
  }

  /** The client sent a ping: from now on it is held to it. */
  pinged(): void {
    this.#heard = this.#connection.alive;
    if (this.#pings) return;
    this.#pings = true;
    this.#rearm(this.#wheel.now());
  }

  /** The client is back after an absence, which is not held against it. */
  restart(): void {
    const now = this.#wheel.now();
    this.#stopped = false;
    this.#heard = this.#connection.alive;
    this.#nextPing = now + this.#settings.keepAliveInterval;
    this.#rearm(now);
  }

  stop(): void {
    this.#stopped = true;
    this.#wheel.cancel(this);
  }

  /** Looks what is due. */
  fire(): void {
    const now = this.#wheel.now();
    if (now >= this.#nextPing) {
      this.#nextPing = now + this.#settings.keepAliveInterval;
      this.#actions.ping();
    }
    if (this.#isSilent(now)) return;
    this.#rearm(now);
  }

  /** Whether the client was dropped. */
  #isSilent(now: number): boolean {
    if (now < this.#deadline() || this.#actions.paused) return false;
    if (this.#pings) {
      this.#actions.timedOut(true);
      return true;
    }
    if (this.#probedAt > this.#connection.alive) {
      this.#actions.timedOut(false);
      return true;
    }
    if (this.#connection.probe()) this.#probedAt = now;
    return false;
  }

  #deadline(): number {
    const since = this.#pings ? this.#heard : Math.max(this.#connection.alive, this.#probedAt);
    return since + this.#settings.clientTimeoutInterval;
  }

  #rearm(now: number): void {
    if (this.#stopped) return;
    // A deadline that has passed is one that is not acted on (paused, or no probe): look again when the next one would be.
    const deadline = this.#deadline();
    const next = Math.min(this.#nextPing, deadline > now ? deadline : now + this.#settings.clientTimeoutInterval);
    this.#wheel.arm(this, next - now);
  }
}
