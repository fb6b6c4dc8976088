import type { Outbox } from './outbox.ts';
import { OutgoingList, type Outgoing } from './outgoing.ts';

/**
 * The last messages that Redis took. A Redis that ends may not have passed them on to everybody, and one that keeps nothing has forgotten them:
 * they are published again then.
 */
export class ResendWindow {
  readonly #messages = new OutgoingList();
  readonly #age: number | null;
  readonly #bytes: number;

  /**
   * @param age - milliseconds that a message is kept; null to keep none
   * @param bytes - of all messages together, at the most
   */
  constructor(age: number | null, bytes: number) {
    this.#age = age;
    this.#bytes = bytes;
  }

  /** Those that are kept, oldest first. */
  get messages(): Iterable<Outgoing> {
    return this.#messages;
  }

  add(message: Outgoing, now: number): void {
    if (this.#age === null || !message.lasting) return;
    this.#messages.push(message);
    this.forget(now);
  }

  /** Lets go of what is too old, or too much. */
  forget(now: number): void {
    const messages = this.#messages;
    const oldest = now - (this.#age ?? 0);
    while (messages.first !== undefined && (messages.first.at < oldest || messages.bytes > this.#bytes)) messages.shift();
  }

  /** Puts them in front of what waits. */
  giveTo(outbox: Outbox, now: number): void {
    this.forget(now);
    outbox.repeat(this.#messages);
  }
}
