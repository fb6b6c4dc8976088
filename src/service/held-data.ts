import { SharedPayload, type Payload } from '../base/payload.ts';

/** What waits for a client whose app server has not answered the handshake: nothing may come before that answer. */
export class HeldData {
  readonly #limit: number;
  readonly #payloads: Payload[] = [];
  #bytes = 0;

  /** @param limit - bytes that may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false, and keeps nothing more, past the limit. */
  add(payload: Payload): boolean {
    this.#bytes += byteLength(payload);
    if (this.#bytes > this.#limit) return false;
    this.#payloads.push(payload);
    return true;
  }

  /** All of it, in order. */
  take(): readonly Payload[] {
    this.#bytes = 0;
    return this.#payloads.splice(0);
  }
}

export function byteLength(payload: Payload): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof SharedPayload ? payload.bytes.length : payload.length;
}
