import type { ReadMark } from './envelope.ts';

/** Origins that are remembered for a channel, at the most: servers come and go. The first of them is forgotten above it. */
const ORIGINS = 128;

/** Milliseconds by which ages are not exact: they are whole numbers, of other clocks. */
const CLOCKS = 10;

/** What has been heard on the channels that this server listens to: a message that comes again, or was served directly, is not delivered twice. */
export class HeardMessages {
  readonly #channels = new Map<string, Map<string, number>>();
  /** Since when each group and user is listened to; a connection hears nothing that is older than itself. */
  readonly #since = new Map<string, number>();

  /** From now on the channel is listened to. What was sent before is for nobody here. */
  begin(channel: string, now: number): void {
    this.#since.set(channel, now);
  }

  /** Since when it is listened to, as far as that is kept. */
  since(channel: string): number {
    return this.#since.get(channel) ?? Number.NEGATIVE_INFINITY;
  }

  /** It is no longer. */
  end(channel: string): void {
    this.#channels.delete(channel);
    this.#since.delete(channel);
  }

  /** Whether a message is to be delivered, which Redis has kept for so long; it is remembered then. */
  isNew(channel: string, { origin, sequence, age: waited }: ReadMark, now: number, kept: number): boolean {
    const age = waited + kept;
    if (age > 0 && now - age < this.since(channel) - CLOCKS) return false;
    let origins = this.#channels.get(channel);
    if (origins === undefined) this.#channels.set(channel, (origins = new Map<string, number>()));
    const last = origins.get(origin);
    if (last !== undefined && sequence <= last) return false;
    if (last === undefined && origins.size >= ORIGINS) for (const first of origins.keys()) if (origins.delete(first)) break;
    origins.set(origin, sequence);
    return true;
  }
}
