import { byteLengthOf, type Payload } from '../base/payload.ts';

/** What is counted for a payload beside its bytes, so that a great many empty ones are no way around the limit. */
const OVERHEAD = 64;

/** What waits for a client whose app server has not answered the handshake: nothing may come before that answer. */
export class HeldData {
  readonly #limit: number;
  readonly #payloads: Payload[] = [];
  #bytes = 0;

  /** @param limit - bytes that may wait, 64 for each payload included */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false, and keeps nothing more, past the limit. */
  add(payload: Payload): boolean {
    this.#bytes += byteLengthOf(payload) + OVERHEAD;
    if (this.#bytes > this.#limit) return false;
    // Its own bytes only: a view would keep all that came with it.
    this.#payloads.push(Buffer.isBuffer(payload) ? Buffer.from(payload) : payload);
    return true;
  }

  /** All of it, in order. */
  take(): readonly Payload[] {
    this.#bytes = 0;
    return this.#payloads.splice(0);
  }
}
