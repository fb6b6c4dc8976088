import { findRecord } from '../base/messagepack/length-prefix.ts';
import { unitsOf } from '../metering/units.ts';
import { RECORD_SEPARATOR } from '../protocol/hub/framing.ts';
import { MessageType } from '../protocol/hub/message.ts';
import { binaryType, isFreeType, LONGEST_FREE, textType } from './free-messages.ts';
import type { RecordFraming } from './relayed-protocol.ts';

/** Told of each message that is billed, where somebody wants to know which they are. */
export interface RecordListener {
  /**
   * @param bytes - undefined for one that came in pieces
   * @param start - of the message, its framing included
   */
  billed(units: number, bytes: Buffer | undefined, start: number, end: number): void;
}

/** What is made of messages besides finding their ends. */
export interface Billing {
  /** Whether it is found out what they are billed as. Default true. */
  readonly bills?: boolean;
  /** Default: none. */
  readonly listener?: RecordListener | undefined;
}

/** Finds where hub messages end in bytes that go one way between a client and its app server, and counts them. */
export interface RecordEnds {
  /** Messages that have ended so far. */
  readonly records: number;
  /** What they are billed as. */
  readonly billed: number;
  /** Whether the bytes so far end with a message. */
  readonly whole: boolean;
  /** Whether a close message was among them; a long one, or one of a client that may come back, goes unseen. */
  readonly saidGoodbye: boolean;
  /** Whether the ends of messages can't be found any more, because one had a length that is none. */
  readonly lost: boolean;
  /** Takes the bytes from `start` to the end of the next message, and returns the offset behind it; -1 where none ends, and all are taken. */
  next(chunk: Buffer, start: number): number;
  /** Takes the next bytes, and returns the offset behind the last message that ends in them; 0 where none does. */
  take(chunk: Buffer): number;
}

/** @param framing - undefined for a protocol that is not known: every piece counts as a message */
export function recordEnds(framing: RecordFraming | undefined, { bills = true, listener }: Billing = {}): RecordEnds {
  const billing = { bills, listener };
  if (framing === undefined) return new UnknownEnds(billing);
  return framing === 'separator' ? new SeparatedEnds(billing) : new LengthEnds(billing);
}

abstract class Ends implements RecordEnds {
  records = 0;
  billed = 0;
  saidGoodbye = false;
  lost = false;
  abstract readonly whole: boolean;
  readonly #bills: boolean;
  readonly #listener: RecordListener | undefined;
  /** Of a message that comes in pieces: its bytes so far, and these themselves as long as it may be a free one. */
  #length = 0;
  #begun: Buffer | undefined;

  constructor({ bills = true, listener }: Billing) {
    this.#bills = bills;
    this.#listener = listener;
  }

  abstract next(chunk: Buffer, start: number): number;

  take(chunk: Buffer): number {
    let end = 0;
    for (let next = this.next(chunk, 0); next !== -1; next = this.next(chunk, end)) end = next;
    return end;
  }

  /** What a message is, of no more than `LONGEST_FREE` bytes. */
  protected abstract typeOf(bytes: Buffer, start: number, end: number): number | undefined;

  protected ended(chunk: Buffer, start: number, end: number): void {
    this.records++;
    if (!this.#bills) return;
    if (this.#length > 0) return this.#endedInPieces(chunk, start, end);
    const length = end - start;
    if (length <= LONGEST_FREE && this.#isFree(chunk, start, end)) return;
    const units = unitsOf(length);
    this.billed += units;
    if (this.#listener !== undefined) this.#listener.billed(units, chunk, start, end);
  }

  /** The message goes on in the next bytes. */
  protected keep(chunk: Buffer, start: number): void {
    if (!this.#bills) return;
    const length = this.#length + chunk.length - start;
    if (length > LONGEST_FREE) this.#begun = undefined;
    else if (this.#begun === undefined) this.#begun = Buffer.from(chunk.subarray(start));
    else this.#begun = Buffer.concat([this.#begun, chunk.subarray(start)]);
    this.#length = length;
  }

  #isFree(bytes: Buffer, start: number, end: number): boolean {
    const type = this.typeOf(bytes, start, end);
    if (type === MessageType.close) this.saidGoodbye = true;
    return isFreeType(type);
  }

  #endedInPieces(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    const begun = this.#begun;
    this.#length = 0;
    this.#begun = undefined;
    if (begun !== undefined && length <= LONGEST_FREE && this.#isFree(Buffer.concat([begun, chunk.subarray(start, end)]), 0, length))
      return;
    const units = unitsOf(length);
    this.billed += units;
    this.#listener?.billed(units, undefined, 0, 0);
  }
}

class SeparatedEnds extends Ends {
  whole = true;

  override take(chunk: Buffer): number {
    let end = 0;
    // Where the last byte is a separator, nothing is asked for behind it.
    while (end < chunk.length) {
      const next = this.next(chunk, end);
      if (next === -1) return end;
      end = next;
    }
    return end;
  }

  next(chunk: Buffer, start: number): number {
    if (start === chunk.length) return -1;
    const separator = chunk.indexOf(RECORD_SEPARATOR, start);
    this.whole = separator !== -1;
    if (separator === -1) {
      this.keep(chunk, start);
      return -1;
    }
    this.ended(chunk, start, separator + 1);
    return separator + 1;
  }

  protected typeOf(bytes: Buffer, start: number, end: number): number | undefined {
    return textType(bytes, start, end - 1);
  }
}

/** The last shift of a length of 31 bits. */
const LAST_SHIFT = 28;

const span = { start: 0, end: 0 };

/** A length that is none is the app server's to find fault with: from there on, bytes are relayed as they come. */
class LengthEnds extends Ends {
  /** Bytes that the message lacks whose length has been read. */
  #left = 0;
  #length = 0;
  #shift = 0;

  get whole(): boolean {
    return this.lost || (this.#left === 0 && this.#shift === 0);
  }

  next(chunk: Buffer, start: number): number {
    let position = start;
    while (position < chunk.length) {
      if (this.lost) return chunk.length;
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - position);
        this.#left -= taken;
        position += taken;
      } else if (this.#takeLength(chunk[position++] as number)) continue;
      if (this.#left > 0 || this.lost) continue;
      this.ended(chunk, start, position);
      return position;
    }
    if (this.lost) return position > start ? position : -1;
    if (position > start) this.keep(chunk, start);
    return -1;
  }

  protected typeOf(bytes: Buffer, start: number, end: number): number | undefined {
    findRecord(bytes, start, 0, span);
    return binaryType(bytes, span.start, end);
  }

  /** Returns whether more of the length follows. */
  #takeLength(byte: number): boolean {
    this.#length += (byte & 0x7f) * 2 ** this.#shift;
    if (byte >= 0x80) {
      this.lost = this.#shift === LAST_SHIFT;
      this.#shift += 7;
      return !this.lost;
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
    this.ended(chunk, start, chunk.length);
    return chunk.length;
  }

  protected typeOf(): undefined {
    return undefined;
  }
}
