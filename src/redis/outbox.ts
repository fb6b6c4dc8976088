import { codedError } from '../base/errors.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { renumbered } from './envelope.ts';
import { OutgoingList, type Outgoing } from './outgoing.ts';

/** What waits for Redis, in order: what could not be sent yet, and what Redis refused for now. */
export class Outbox {
  readonly #wheel: TimerWheel;
  readonly #maximumAge: number;
  readonly #gaveUp: (messages: number) => void;
  readonly #expiry = new Timer(() => this.#expire());
  readonly #waiting = new OutgoingList();
  readonly #refused = new OutgoingList();
  #overtaken = false;

  /**
   * @param maximumAge - milliseconds that a message waits before it is given up
   * @param gaveUp - is told how many were
   */
  constructor(wheel: TimerWheel, maximumAge: number, gaveUp: (messages: number) => void) {
    this.#wheel = wheel;
    this.#gaveUp = gaveUp;
    this.#maximumAge = maximumAge;
  }

  get count(): number {
    return this.#waiting.count + this.#refused.count;
  }

  get bytes(): number {
    return this.#waiting.bytes + this.#refused.bytes;
  }

  /** Whether Redis refused something that has to be sent before the rest. */
  get refusing(): boolean {
    return this.#refused.count > 0;
  }

  /** When the oldest was sent. */
  get oldest(): number | undefined {
    return (this.#refused.first ?? this.#waiting.first)?.at;
  }

  /** What Redis refused for now. */
  get refused(): Iterable<Outgoing> {
    return this.#refused;
  }

  get waiting(): Iterable<Outgoing> {
    return this.#waiting;
  }

  push(message: Outgoing): void {
    this.#waiting.push(message);
    this.#watch();
  }

  shift(): Outgoing | undefined {
    return this.#waiting.shift();
  }

  /** Redis refused it for now. */
  refuse(message: Outgoing): void {
    this.#refused.push(message);
  }

  /** Redis took another one. One that was refused before it is not the next any more, and must not look like one that comes again. */
  overtake(): void {
    if (this.#refused.count > 0) this.#overtaken = true;
  }

  /** What was refused, and what was sent and not answered, is to be sent before the rest. */
  putBack(unanswered: OutgoingList, nextSequence: () => number): void {
    this.#waiting.prepend(unanswered);
    this.#waiting.prepend(this.#refused);
    if (this.#overtaken) this.#renumber(nextSequence);
    this.#overtaken = false;
    this.#watch();
  }

  /** What was taken once is to be sent again, before the rest. */
  repeat(messages: OutgoingList): void {
    this.#waiting.prepend(messages);
  }

  /** Gives up everything. */
  clear(error?: unknown): number {
    this.#wheel.cancel(this.#expiry);
    let cleared = 0;
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      if (error === undefined) message.waiter?.resolve();
      else message.waiter?.reject(error);
      cleared++;
    }
    return cleared;
  }

  #next(): Outgoing | undefined {
    return this.#refused.shift() ?? this.#waiting.shift();
  }

  #watch(): void {
    const { oldest } = this;
    if (oldest === undefined || this.#expiry.armed) return;
    this.#wheel.arm(this.#expiry, Math.max(oldest + this.#maximumAge - this.#wheel.now(), 1));
  }

  /** Gives up what has waited too long. */
  #expire(): void {
    const now = this.#wheel.now();
    let expired = 0;
    for (let { first } = this.#waiting; first !== undefined && now - first.at >= this.#maximumAge; { first } = this.#waiting) {
      const age = Math.round(now - first.at);
      this.#waiting.shift()?.waiter?.reject(codedError('SIGNALBOX_REDIS_OUTBOX', { problem: `a message has waited for ${age} ms` }));
      expired++;
    }
    if (expired > 0) this.#gaveUp(expired);
    this.#watch();
  }

  #renumber(nextSequence: () => number): void {
    let [from, to]: readonly [Buffer?, Buffer?] = [];
    let sequence = 0;
    for (const message of this.#waiting) {
      if (message.sequence === 0) continue;
      if (message.payload !== from) {
        sequence = nextSequence();
        from = message.payload;
        to = renumbered(from, sequence);
      }
      message.sequence = sequence;
      message.payload = to ?? message.payload;
    }
  }
}
