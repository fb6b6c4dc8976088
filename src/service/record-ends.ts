import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** Finds where hub messages end in the bytes of one client, without looking into them. */
export interface RecordEnds {
  /** Messages that have ended so far. */
  readonly records: number;
  /** Whether the bytes so far end with a message. */
  readonly whole: boolean;
  /** Takes the bytes from `start` to the end of the next message, and returns the offset behind it; -1 where none ends, and all are taken. */
  next(chunk: Buffer, start: number): number;
  /** Takes the next bytes, and returns the offset behind the last message that ends in them; 0 where none does. */
  take(chunk: Buffer): number;
}

export function recordEnds(framing: RecordFraming | undefined): RecordEnds {
  if (framing === undefined) return new UnknownEnds();
  return framing === 'separator' ? new SeparatedEnds() : new LengthEnds();
}

abstract class Ends implements RecordEnds {
  records = 0;
  abstract readonly whole: boolean;

  abstract next(chunk: Buffer, start: number): number;

  take(chunk: Buffer): number {
    let end = 0;
    for (let next = this.next(chunk, 0); next !== -1; next = this.next(chunk, end)) end = next;
    return end;
  }
}

class SeparatedEnds extends Ends {
  whole = true;

  next(chunk: Buffer, start: number): number {
    if (start === chunk.length) return -1;
    const separator = chunk.indexOf(RECORD_SEPARATOR, start);
    this.whole = separator !== -1;
    if (separator === -1) return -1;
    this.records++;
    return separator + 1;
  }
}

/** The last shift of a length of 31 bits. */
const LAST_SHIFT = 28;

/** A length that is none is the app server's to find fault with: from there on, bytes are relayed as they come. */
class LengthEnds extends Ends {
  /** Bytes that the message lacks whose length has been read. */
  #left = 0;
  #length = 0;
  #shift = 0;
  #lost = false;

  get whole(): boolean {
    return this.#lost || (this.#left === 0 && this.#shift === 0);
  }

  next(chunk: Buffer, start: number): number {
    let position = start;
    while (position < chunk.length) {
      if (this.#lost) return chunk.length;
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - position);
        this.#left -= taken;
        position += taken;
      } else if (this.#takeLength(chunk[position++] as number)) continue;
      if (this.#left > 0 || this.#lost) continue;
      this.records++;
      return position;
    }
    return this.#lost && position > start ? position : -1;
  }

  /** Returns whether more of the length follows. */
  #takeLength(byte: number): boolean {
    this.#length += (byte & 0x7f) * 2 ** this.#shift;
    if (byte >= 0x80) {
      this.#lost = this.#shift === LAST_SHIFT;
      this.#shift += 7;
      return !this.#lost;
    }
    this.#left = this.#length;
    this.#length = 0;
    this.#shift = 0;
    return false;
  }
}

/** Of a protocol that is not known, every piece counts as a message. */
class UnknownEnds extends Ends {
  readonly whole = true;

  next(chunk: Buffer, start: number): number {
    if (start === chunk.length) return -1;
    this.records++;
    return chunk.length;
  }
}
