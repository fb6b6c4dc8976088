import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { BusMessage } from './envelope.ts';
import type { BusSettings } from './options.ts';

/** What peers need of their backplane. */
export interface PeerParts {
  readonly server: string;
  readonly wheel: TimerWheel;
  readonly settings: BusSettings;
  tellAll(message: BusMessage): void;
  tell(server: string, message: BusMessage): void;
  /** Time for what is looked after now and then. */
  beat(): void;
  /** A server said that it goes, or has been silent for too long. */
  left(server: string): void;
}

/** The other servers of the farm: each says now and then that it is there. */
export class Peers {
  readonly #parts: PeerParts;
  /** When each was heard of last. */
  readonly #heard = new Map<string, number>();
  readonly #beating = new Timer(() => this.#beat());
  /** When this server heard itself last: what it says comes back to it. */
  #echoed = 0;

  constructor(parts: PeerParts) {
    this.#parts = parts;
  }

  get servers(): Iterable<string> {
    return this.#heard.keys();
  }

  /** Whether this server has not heard itself for so long that the bus must be away. */
  get deaf(): boolean {
    const { wheel, settings } = this.#parts;
    return this.#beating.armed && wheel.now() - this.#echoed > settings.serverTimeout;
  }

  /** Introduces this server, once it hears the others. */
  begin(): void {
    const { server, wheel, settings } = this.#parts;
    this.#echoed = wheel.now();
    this.#parts.tellAll({ kind: 'here', server, asks: true });
    wheel.arm(this.#beating, settings.heartbeatInterval);
  }

  heard(server: string, asks: boolean): void {
    if (server === this.#parts.server) return this.#echo();
    this.#heard.set(server, this.#parts.wheel.now());
    if (asks) this.#parts.tell(server, { kind: 'here', server: this.#parts.server, asks: false });
  }

  gone(server: string): void {
    if (this.#heard.delete(server)) this.#parts.left(server);
  }

  close(): void {
    if (!this.#beating.armed) return;
    this.#parts.wheel.cancel(this.#beating);
    this.#parts.tellAll({ kind: 'gone', server: this.#parts.server });
  }

  #beat(): void {
    const { server, wheel, settings } = this.#parts;
    wheel.arm(this.#beating, settings.heartbeatInterval);
    const longAgo = wheel.now() - settings.serverTimeout;
    if (!this.#waiting) for (const [peer, heard] of this.#heard) if (heard < longAgo) this.gone(peer);
    this.#parts.tellAll({ kind: 'here', server, asks: false });
    this.#parts.beat();
  }

  /** Whether what was said at the last beat has not come back: then the others' silence means nothing. */
  get #waiting(): boolean {
    const { wheel, settings } = this.#parts;
    return wheel.now() - this.#echoed > 1.5 * settings.heartbeatInterval;
  }

  #echo(): void {
    const now = this.#parts.wheel.now();
    // The bus, or this process, was away: the others begin anew.
    if (this.#waiting) for (const peer of this.#heard.keys()) this.#heard.set(peer, now);
    this.#echoed = now;
  }
}
