/** Which id of today stands for which recorded one: of connections, servers and questions. */
export class Ids {
  readonly #pairs = new Map<string, string>();

  learn(recorded: string, live: string): void {
    this.#pairs.set(recorded, live);
  }

  /** The same with today's ids in it. */
  text(recorded: string): string {
    let text = recorded;
    for (const [old, live] of this.#pairs) text = text.replaceAll(old, live);
    return text;
  }

  /** The same with today's ids in every text of it. */
  value(recorded: unknown): unknown {
    if (typeof recorded === 'string') return this.text(recorded);
    if (Array.isArray(recorded)) return recorded.map((item) => this.value(item));
    if (recorded === null || typeof recorded !== 'object' || recorded instanceof Uint8Array) return recorded;
    return Object.fromEntries(Object.entries(recorded).map(([key, item]) => [key, this.value(item)]));
  }

  /** Recorded bytes with today's ids in them, which are as long, so that every length in front of one still holds. */
  bytes(recorded: string): Buffer {
    const bytes = Buffer.from(this.text(recorded), 'latin1');
    if (bytes.length !== recorded.length) throw new Error(`An id is not as long as the recorded one: ${JSON.stringify(recorded)}`);
    return bytes;
  }
}
