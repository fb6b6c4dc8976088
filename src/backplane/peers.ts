import { Timer, type TimerWheel } from '../base/timer-wheel.ts';

/** When servers say that they are there, and how long they are waited for, in milliseconds. */
export interface PeerSettings {
  readonly heartbeatInterval: number;
  readonly serverTimeout: number;
}

/** What peers need of their backplane. */
export interface PeerParts {
  readonly server: string;
  readonly wheel: TimerWheel;
  readonly settings: PeerSettings;
  /** Says to all servers, this one among them, that this one is there; `asks` whether they are. */
  here(asks: boolean): void;
  /** Says the same to one that asked. */
  answer(server: string): void;
  /** Says to all that this server goes. */
  goodbye(): void;
  /** Time for what is looked after now and then. */
  beat(): void;
  /** A server has gone: `true` if it said so, `false` if it has been silent for too long. */
  left(server: string, said: boolean): void;
}

/** Servers that are known at the most: names can be made up by whoever can say something. */
const MOST = 10_000;

/** The other servers of the farm: each says now and then that it is there. */
export class Peers {
  readonly #parts: PeerParts;
  /** When each was heard of last. */
  readonly #heard = new Map<string, number>();
  readonly #beating = new Timer(() => this.#beat());
  /** When this server heard itself last: what it says comes back to it. */
  #echoed = 0;
  #closed = false;

  constructor(parts: PeerParts) {
    this.#parts = parts;
  }

  get servers(): Iterable<string> {
    return this.#heard.keys();
  }

  /** Whether this server has not heard itself for so long that what joins the servers must be away. */
  get deaf(): boolean {
    const { wheel, settings } = this.#parts;
    return this.#beating.armed && wheel.now() - this.#echoed > settings.serverTimeout;
  }

  /** Introduces this server, once it hears the others, or hears them again. */
  begin(): void {
    if (this.#closed) return;
    const { wheel, settings } = this.#parts;
    this.#beginAnew();
    this.#parts.here(true);
    wheel.arm(this.#beating, settings.heartbeatInterval);
  }

  /** The others can't be heard, and are not missed, until it begins again. */
  pause(): void {
    this.#parts.wheel.cancel(this.#beating);
  }

  /** Returns whether it was not known before. */
  heard(server: string, asks: boolean): boolean {
    if (server === this.#parts.server) {
      this.#echo();
      return false;
    }
    const isNew = !this.#heard.has(server);
    if (isNew && this.#heard.size >= MOST) return false;
    this.#heard.set(server, this.#parts.wheel.now());
    if (asks) this.#parts.answer(server);
    return isNew;
  }

  gone(server: string): void {
    this.#leave(server, true);
  }

  close(): void {
    this.#closed = true;
    if (!this.#beating.armed) return;
    this.#parts.wheel.cancel(this.#beating);
    this.#parts.goodbye();
  }

  #beat(): void {
    const { wheel, settings } = this.#parts;
    wheel.arm(this.#beating, settings.heartbeatInterval);
    const longAgo = wheel.now() - settings.serverTimeout;
    if (!this.#waiting) for (const [peer, heard] of this.#heard) if (heard < longAgo) this.#leave(peer, false);
    this.#parts.here(false);
    this.#parts.beat();
  }

  #leave(server: string, said: boolean): void {
    if (this.#heard.delete(server)) this.#parts.left(server, said);
  }

  /** Whether what was said at the last beat has not come back: then the others' silence means nothing. */
  get #waiting(): boolean {
    const { wheel, settings } = this.#parts;
    return wheel.now() - this.#echoed > 1.5 * settings.heartbeatInterval;
  }

  #echo(): void {
    if (this.#waiting) this.#beginAnew();
    this.#echoed = this.#parts.wheel.now();
  }

  /** What joins the servers, or this process, was away: everyone has the whole time again. */
  #beginAnew(): void {
    const now = this.#parts.wheel.now();
    this.#echoed = now;
    for (const peer of this.#heard.keys()) this.#heard.set(peer, now);
  }
}
