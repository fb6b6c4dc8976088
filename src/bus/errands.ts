import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { BusMessage, BusMessageOf } from './envelope.ts';

/** How a server says that an errand is done. */
export type Reply = BusMessageOf<'answer'> | BusMessageOf<'done'>;

/** Something that was asked of whichever server has a connection. */
export interface Errand {
  readonly connectionId: string;
  /** Whether some server said that it has the connection. */
  seen: boolean;
  done(reply: Reply): void;
  /** The connection is nobody's: it left, or never was. */
  nobody(): void;
  failed(error: Error): void;
}

/** Servers are asked which of some connections they have. */
interface Look {
  readonly errands: ReadonlySet<string>;
  /** Those that have not answered. */
  readonly waiting: Set<string>;
  readonly found: Set<string>;
}

/** Milliseconds that an errand has before servers are asked who has its connection: most are done by then. */
const LOOK = 250;

/** What errands need of their backplane. */
export interface ErrandParts {
  readonly server: string;
  readonly wheel: TimerWheel;
  /** The other servers. */
  servers(): Iterable<string>;
  tellAll(message: BusMessage): void;
}

/**
 * What this server has asked of others and has no answer to. A bus does not say whether anybody has heard a message, so each server is asked
 * for the connections in question: one that none of them has is nobody's, and the servers that have gone have none.
 */
export class Errands {
  readonly #parts: ErrandParts;
  readonly #pending = new Map<string, Errand>();
  readonly #looks = new Map<number, Look>();
  readonly #looking = new Timer(() => this.look());
  #lastLook = 0;

  constructor(parts: ErrandParts) {
    this.#parts = parts;
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  add(id: string, errand: Errand): void {
    this.#pending.set(id, errand);
    if (!this.#looking.armed) this.#parts.wheel.arm(this.#looking, LOOK);
  }

  /** Takes one that is settled. */
  take(id: string): Errand | undefined {
    const errand = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#parts.wheel.cancel(this.#looking);
    return errand;
  }

  /** Asks who has the connections that something is still asked of. */
  look(): void {
    if (this.#pending.size === 0) return;
    const number = ++this.#lastLook;
    const look: Look = { errands: new Set(this.#pending.keys()), waiting: new Set(this.#parts.servers()), found: new Set() };
    this.#looks.set(number, look);
    const connectionIds = [...new Set([...this.#pending.values()].map(({ connectionId }) => connectionId))];
    if (look.waiting.size > 0) this.#parts.tellAll({ kind: 'look', number, server: this.#parts.server, connectionIds });
    this.#endIfAnswered(number, look);
  }

  /** A server says which connections it has. */
  found(server: string, number: number, connectionIds: readonly string[]): void {
    const look = this.#looks.get(number);
    if (look === undefined) return;
    for (const id of connectionIds) look.found.add(id);
    look.waiting.delete(server);
    this.#endIfAnswered(number, look);
  }

  /** A server has gone, and its connections with it. */
  serverLeft(server: string): void {
    for (const [number, look] of this.#looks) if (look.waiting.delete(server)) this.#endIfAnswered(number, look);
    this.look();
  }

  close(error: Error): void {
    this.#parts.wheel.cancel(this.#looking);
    this.#looks.clear();
    for (const id of this.#pending.keys()) this.take(id)?.failed(error);
  }

  #endIfAnswered(number: number, { errands, waiting, found }: Look): void {
    if (waiting.size > 0) return;
    this.#looks.delete(number);
    for (const id of errands) {
      const errand = this.#pending.get(id);
      if (errand === undefined) continue;
      if (found.has(errand.connectionId)) errand.seen = true;
      else this.take(id)?.nobody();
    }
  }
}
