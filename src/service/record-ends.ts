import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** Finds where hub messages end in the bytes of one client, without looking into them. */
export interface RecordEnds {
  /** Messages that have ended so far. */
  readonly records: number;
  /** Whether the bytes so far end with a message. */
  readonly whole: boolean;
  /** Takes the next bytes, and returns the offset behind the last message that ends in them; 0 where none does. */
  take(chunk: Buffer): number;
}

export function recordEnds(framing: RecordFraming | undefined): RecordEnds {
  if (framing === undefined) return new UnknownEnds();
  return framing === 'separator' ? new SeparatedEnds() : new LengthEnds();
}

class SeparatedEnds implements RecordEnds {
  records = 0;
  whole = true;

  take(chunk: Buffer): number {
    let end = 0;
    for (let at = chunk.indexOf(RECORD_SEPARATOR); at !== -1; at = chunk.indexOf(RECORD_SEPARATOR, end)) {
      end = at + 1;
      this.records++;
    }
    this.whole = end === chunk.length;
    return end;
  }
}

/** The last shift of a length of 31 bits. */
const LAST_SHIFT = 28;

/** A length that is none is the app server's to find fault with: from there on, bytes are relayed as they come. */
class LengthEnds implements RecordEnds {
  records = 0;
  /** Bytes that the message lacks whose length has been read. */
  #left = 0;
  #length = 0;
  #shift = 0;
  #lost = false;

  get whole(): boolean {
    return this.#lost || (this.#left === 0 && this.#shift === 0);
  }

  take(chunk: Buffer): number {
    let end = 0;
    let position = 0;
    while (position < chunk.length && !this.#lost) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - position);
        this.#left -= taken;
        position += taken;
      } else if (this.#takeLength(chunk[position++] as number)) continue;
      if (this.#left > 0 || this.#lost) continue;
      end = position;
      this.records++;
    }
    return this.#lost ? chunk.length : end;
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
class UnknownEnds implements RecordEnds {
  records = 0;
  readonly whole = true;

  take(chunk: Buffer): number {
    this.records++;
    return chunk.length;
  }
}
