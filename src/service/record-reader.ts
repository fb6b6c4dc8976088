import { ReceiveBuffer } from '../base/receive-buffer.ts';
import type { RecordHead } from '../protocol/hub/record-head.ts';
import type { RecordEnds } from './record-ends.ts';
import type { RelayedProtocol } from './relayed-protocol.ts';

/** Bytes that are kept of a message in pieces; what a longer one is has to be told from its beginning. */
const KEPT = 65_536;

/** Reads what each hub message is that goes one way between a client and its app server, in bytes that are cut anywhere. */
export class RecordReader {
  readonly ends: RecordEnds;
  /** Of the message that `next` ended with. */
  head: RecordHead | undefined;
  readonly #relayed: RelayedProtocol;
  /** What has come of a message that comes in pieces. */
  #begun: ReceiveBuffer | undefined;
  #kept = 0;

  constructor(relayed: RelayedProtocol, ends: RecordEnds) {
    this.#relayed = relayed;
    this.ends = ends;
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
    if (this.#begun === undefined) {
      this.head = wanted ? this.#relayed.head?.(chunk, start, end) : undefined;
      return end;
    }
    const bytes = this.#keep(chunk, start, end);
    this.head = wanted ? this.#relayed.head?.(bytes, 0, bytes.length) : undefined;
    this.#begun = undefined;
    this.#kept = 0;
    return end;
  }

  /** Returns what is kept. */
  #keep(chunk: Buffer, start: number, end: number): Buffer {
    const piece = chunk.subarray(start, Math.min(end, start + KEPT - this.#kept));
    this.#kept += piece.length;
    if (this.#begun !== undefined) return this.#begun.join(piece);
    this.#begun = new ReceiveBuffer(piece);
    return piece;
  }
}
