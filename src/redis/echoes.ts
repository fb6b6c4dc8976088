import type { Outgoing } from './outgoing.ts';

/** Milliseconds in which Redis brings a server its own message, if at all. */
const EXPECTED = 10_000;

/**
 * Knows this server's own messages when Redis brings them, where they carry no mark: by their bytes. What was served directly meanwhile is not
 * delivered again.
 */
export class Echoes {
  readonly #expected = new Map<string, Outgoing[]>();

  /** A message was given to Redis, on a channel that this server listens to. */
  expect(message: Outgoing): void {
    const expected = this.#expected.get(message.channel);
    if (expected === undefined) this.#expected.set(message.channel, [message]);
    else expected.push(message);
  }

  /** Whether what came is a message of this server's that its clients have heard. */
  isHeard(channel: string, payload: Buffer, now: number): boolean {
    const expected = this.#expected.get(channel);
    if (expected === undefined) return false;
    while (expected[0] !== undefined && now - expected[0].publishedAt > EXPECTED) expected.shift();
    const at = expected.findIndex((message) => message.payload.equals(payload));
    const [own] = at < 0 ? [] : expected.splice(at, 1);
    if (expected.length === 0) this.#expected.delete(channel);
    if (own === undefined) return false;
    if (own.heard !== 'no') return true;
    own.heard = 'through Redis';
    return false;
  }

  /** Those that have not come, in order for each channel. */
  *missing(): Iterable<Outgoing> {
    for (const expected of this.#expected.values()) for (const message of expected) if (message.heard === 'no') yield message;
  }

  end(channel: string): void {
    this.#expected.delete(channel);
  }
}
