import type { RecordHead } from '../protocol/hub/record-head.ts';
import type { RecordEnds } from './record-ends.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';

const NOTHING = Buffer.alloc(0);

/** Reads what each hub message is that goes one way between a client and its app server, in bytes that are cut anywhere. */
export class RecordReader {
  readonly ends: RecordEnds;
  /** Of the message that `next` ended with. */
  head: RecordHead | undefined;
  readonly #relayed: RelayedProtocol;
  readonly #limit: number;
  /** What has come of a message that came in pieces. */
  #begun: Buffer = NOTHING;

  /** @param limit - bytes of a message in pieces that are kept; of a longer one, what it is has to be told from its beginning */
  constructor(relayed: RelayedProtocol, ends: RecordEnds, limit: number) {
    this.#relayed = relayed;
    this.ends = ends;
    this.#limit = limit;
  }

  /**
   * Takes the bytes from `start` to the end of the next message, and returns the offset behind it; -1 where none ends, and all are taken.
   *
   * @param wanted - whether `head` is wanted
   */
  next(chunk: Buffer, start: number, wanted = true): number {
    const end = this.ends.next(chunk, start);
    if (end === -1) {
      if (start < chunk.length) this.#keep(chunk, start, chunk.length);
      return -1;
    }
    if (this.#begun.length === 0) {
      this.head = wanted ? this.#relayed.head?.(chunk, start, end) : undefined;
      return end;
    }
    this.#keep(chunk, start, end);
    this.head = wanted ? this.#relayed.head?.(this.#begun, 0, this.#begun.length) : undefined;
    this.#begun = NOTHING;
    return end;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const room = this.#limit - this.#begun.length;
    if (room > 0) this.#begun = Buffer.concat([this.#begun, chunk.subarray(start, Math.min(end, start + room))]);
  }
}
