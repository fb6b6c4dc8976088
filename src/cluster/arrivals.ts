/** What came of one node. */
interface Arrived {
  /** The number of the last message, by subject. */
  readonly counts: Map<string, number>;
  /** Of a message that comes in pieces. */
  pieces: Buffer[];
}

/** Whether what other nodes publish arrives without gaps, and whole. */
export class Arrivals {
  readonly #own: string;
  readonly #nodes = new Map<string, Arrived>();

  /** @param own - the subject that only this node hears */
  constructor(own: string) {
    this.#own = own;
  }

  /** Returns how many messages of the node are missing before this one. */
  take(node: string, subject: string, count: number): number {
    const { counts } = this.#of(node);
    const last = counts.get(subject);
    counts.set(subject, count);
    return last === undefined ? 0 : Math.abs(count - last - 1);
  }

  /** A node says how many it has published so far. Returns how many of them are missing. */
  compare(node: string, subject: string, count: number): number {
    const { counts } = this.#of(node);
    const last = counts.get(subject);
    counts.set(subject, count);
    return last === undefined ? 0 : Math.abs(count - last);
  }

  /** Takes a piece of a message; returns the message with its last one. */
  join(node: string, piece: Buffer, last: boolean): Buffer | undefined {
    const arrived = this.#of(node);
    arrived.pieces.push(piece);
    if (!last) return undefined;
    const pieces = arrived.pieces;
    arrived.pieces = [];
    return Buffer.concat(pieces);
  }

  /** From here on, whatever was missing before. */
  reset(node: string): void {
    this.#nodes.set(node, { counts: new Map(), pieces: [] });
  }

  /** Nothing of a subject is heard any more. */
  unheard(subject: string): void {
    for (const { counts } of this.#nodes.values()) counts.delete(subject);
  }

  forget(node: string): void {
    this.#nodes.delete(node);
  }

  /** What a node says to this one alone counts from the beginning; what it says to others, from where this one first hears it. */
  #of(node: string): Arrived {
    let arrived = this.#nodes.get(node);
    if (arrived === undefined) {
      arrived = { counts: new Map([[this.#own, 0]]), pieces: [] };
      this.#nodes.set(node, arrived);
    }
    return arrived;
  }
}
