/** Where the records of a hub protocol go, without their separator or length. Buffers are valid during the call only. */
export type RecordSink = (buffer: Buffer, start: number, end: number) => void;

/** Splits what a transport brings into records, wherever it was cut. */
export interface RecordReader {
  payload(buffer: Buffer, start: number, end: number): void;
  /** A message of the transport has ended: a WebSocket message, an event, a body. */
  messageEnd(): void;
}

/** What a benchmark's server has no reason to send. */
const LONGEST_RECORD = 16 * 1024 * 1024;
const SEPARATOR = 0x1e;

/** The beginning of a record whose end has not come yet. */
class Remainder {
  /** Joined when they are taken: a long record comes in many. */
  #pieces: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError when a record does not end */
  add(buffer: Buffer, start: number, end: number): void {
    if (this.#length + end - start > LONGEST_RECORD) throw new RangeError(`a record of more than ${LONGEST_RECORD} bytes`);
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    this.#length += end - start;
  }

  take(): Buffer {
    const bytes = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return bytes;
  }
}

/** Records that end with the byte 1E. */
export class SeparatedRecords implements RecordReader {
  readonly #sink: RecordSink;
  readonly #remainder = new Remainder();

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  payload(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const separator = buffer.indexOf(SEPARATOR, at);
      // Behind `end` lies what another read left in the buffer.
      if (separator === -1 || separator >= end) {
        this.#remainder.add(buffer, at, end);
        return;
      }
      if (this.#remainder.length === 0) this.#sink(buffer, at, separator);
      else this.#emitJoined(buffer, at, separator);
      at = separator + 1;
    }
  }

  messageEnd(): void {
    // A record may go on in the next message.
  }

  #emitJoined(buffer: Buffer, start: number, end: number): void {
    this.#remainder.add(buffer, start, end);
    const record = this.#remainder.take();
    this.#sink(record, 0, record.length);
  }
}

/** Records with their length in front, seven bits a byte, lowest first; the very first, the answer to the handshake, ends with 1E instead. */
export class MeasuredRecords implements RecordReader {
  readonly #sink: RecordSink;
  readonly #handshake: SeparatedRecords;
  readonly #remainder = new Remainder();
  #greeted = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
    this.#handshake = new SeparatedRecords(sink);
  }

  payload(buffer: Buffer, start: number, end: number): void {
    const from = this.#greeted ? start : this.#greet(buffer, start, end);
    if (this.#remainder.length === 0) {
      const at = this.#emitWhole(buffer, from, end);
      if (at < end) this.#remainder.add(buffer, at, end);
      return;
    }
    this.#remainder.add(buffer, from, end);
    const joined = this.#remainder.take();
    const at = this.#emitWhole(joined, 0, joined.length);
    if (at < joined.length) this.#remainder.add(joined, at, joined.length);
  }

  messageEnd(): void {
    // A record may go on in the next message.
  }

  #greet(buffer: Buffer, start: number, end: number): number {
    const separator = buffer.indexOf(SEPARATOR, start);
    this.#greeted = separator !== -1 && separator < end;
    const from = this.#greeted ? separator + 1 : end;
    this.#handshake.payload(buffer, start, from);
    return from;
  }

  /** Returns where the first record that is not whole begins. */
  #emitWhole(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      let size = 0;
      let length = 0;
      let byte = 0x80;
      while (byte >= 0x80 && at + size < end) {
        byte = buffer[at + size] ?? 0;
        length += (byte & 0x7f) * 2 ** (7 * size);
        size++;
      }
      if (length > LONGEST_RECORD) throw new RangeError(`a record of ${length} bytes`);
      if (byte >= 0x80 || at + size + length > end) return at;
      this.#sink(buffer, at + size, at + size + length);
      at += size + length;
    }
    return at;
  }
}

/** Records that are messages of the transport. */
export class MessageRecords implements RecordReader {
  readonly #sink: RecordSink;
  readonly #remainder = new Remainder();
  #whole: { readonly buffer: Buffer; readonly start: number; readonly end: number } | undefined;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  payload(buffer: Buffer, start: number, end: number): void {
    if (this.#whole) this.#keep();
    if (this.#remainder.length > 0) this.#remainder.add(buffer, start, end);
    else this.#whole = { buffer, start, end };
  }

  messageEnd(): void {
    const whole = this.#whole;
    this.#whole = undefined;
    if (whole) {
      this.#sink(whole.buffer, whole.start, whole.end);
      return;
    }
    const record = this.#remainder.take();
    this.#sink(record, 0, record.length);
  }

  #keep(): void {
    if (this.#whole) this.#remainder.add(this.#whole.buffer, this.#whole.start, this.#whole.end);
    this.#whole = undefined;
  }
}
