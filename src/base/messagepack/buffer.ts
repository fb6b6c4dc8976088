import { MAX_LENGTH_PREFIX, lengthPrefixSize, writeLengthPrefix } from './length-prefix.ts';
import {
  ARRAY_16,
  ARRAY_32,
  BIN_8,
  EXT_8,
  FALSE,
  FIXARRAY,
  FIXEXT_1,
  FIXMAP,
  FIXSTR,
  FLOAT_64,
  INT_16,
  INT_32,
  INT_64,
  INT_8,
  MAP_16,
  MAP_32,
  NIL,
  STR_16,
  STR_32,
  STR_8,
  TRUE,
  UINT_16,
  UINT_32,
  UINT_64,
  UINT_8,
} from './formats.ts';

const INITIAL_BYTES = 2048;
/** A buffer that grew beyond this is not kept for the next message. */
const MAX_KEPT_BYTES = 64 * 1024;
/** Binary data from this length on is copied once, into the message as it leaves, and not through the buffer. */
const LARGE = 16 * 1024;
/** The longest head: a byte and a length of 32 bits, or a number of 64. */
const MAX_HEAD = 9;
const TWO_TO_32 = 2 ** 32;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;
/** The lengths that have formats of their own, from `fixext 1` on. */
const FIXED_EXTENSIONS: readonly number[] = [1, 2, 4, 8, 16];
/** Up to this length, writing each character is quicker than asking for the length of the text in UTF-8. */
const MAX_SHORT_TEXT = 31;

/** Large binary data, and the position in the buffer at which it belongs. */
interface Insertion {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Collects the MessagePack of one message after the other. Binary data must not change before the message ends. */
export class MessagePackBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #position = MAX_LENGTH_PREFIX;
  /** Empty for nearly all messages. */
  readonly #insertions: Insertion[] = [];
  #inserted = 0;

  /** Begins a message. */
  begin(): void {
    this.#position = MAX_LENGTH_PREFIX;
    if (this.#inserted > 0) this.#forgetInsertions();
  }

  /** A copy of the message with its length prefix. */
  end(): Buffer {
    const length = this.#length;
    const size = lengthPrefixSize(length);
    const record = Buffer.allocUnsafe(size + length);
    writeLengthPrefix(record, 0, length);
    this.#copyTo(record, size);
    return record;
  }

  /** A copy of the message alone. */
  endWithoutLength(): Buffer {
    const record = Buffer.allocUnsafe(this.#length);
    this.#copyTo(record, 0);
    return record;
  }

  writeNil(): void {
    this.#writeByte(NIL);
  }

  writeBoolean(value: boolean): void {
    this.#writeByte(value ? TRUE : FALSE);
  }

  writeArrayLength(length: number): void {
    if (length < 16) this.#writeByte(FIXARRAY + length);
    else this.#writeHead(length < 0x10000 ? ARRAY_16 : ARRAY_32, length < 0x10000 ? 2 : 4, length);
  }

  writeMapLength(length: number): void {
    if (length < 16) this.#writeByte(FIXMAP + length);
    else this.#writeHead(length < 0x10000 ? MAP_16 : MAP_32, length < 0x10000 ? 2 : 4, length);
  }

  /** Text in UTF-8; a surrogate without its other half becomes U+FFFD. */
  writeString(text: string): void {
    if (text.length <= MAX_SHORT_TEXT && this.#writeShortAscii(text)) return;
    const length = Buffer.byteLength(text);
    if (length < 32) this.#writeByte(FIXSTR + length);
    else if (length < 0x100) this.#writeHead(STR_8, 1, length);
    else if (length < 0x10000) this.#writeHead(STR_16, 2, length);
    else this.#writeHead(STR_32, 4, length);
    this.#makeRoom(length);
    this.#position += this.#bytes.write(text, this.#position);
  }

  /** An array of texts. */
  writeStrings(texts: readonly string[]): void {
    this.writeArrayLength(texts.length);
    for (const text of texts) this.writeString(text);
  }

  /** A map from texts to binary data. */
  writeBinaryMap(values: ReadonlyMap<string, Uint8Array>): void {
    this.writeMapLength(values.size);
    for (const [name, bytes] of values) {
      this.writeString(name);
      this.writeBinary(bytes);
    }
  }

  /** A safe integer in the shortest encoding, any other number as a float of 64 bits. */
  writeNumber(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#makeRoom(MAX_HEAD);
      this.#bytes[this.#position] = FLOAT_64;
      this.#position = this.#bytes.writeDoubleBE(value, this.#position + 1);
    } else {
      this.writeInteger(value);
    }
  }

  /** An integer from -2^63 to below 2^63 in the shortest encoding, also where a number has rounded it. */
  writeInteger(value: number): void {
    if (value < 0) this.#writeNegative(value);
    else this.#writePositive(value);
  }

  /** An integer of 32 bits in five bytes, where a reader wants no shorter ones. */
  writeInt32(value: number): void {
    this.#makeRoom(MAX_HEAD);
    this.#bytes[this.#position] = INT_32;
    this.#position = this.#bytes.writeInt32BE(value, this.#position + 1);
  }

  /**
   * A bigint in 64 bits.
   *
   * @throws RangeError when it does not fit
   */
  writeBigInt(value: bigint): void {
    if (value < MIN_INT64 || value > MAX_UINT64) throw new RangeError('A bigint is beyond 64 bits');
    this.#makeRoom(MAX_HEAD);
    this.#bytes[this.#position] = value < 0n ? INT_64 : UINT_64;
    this.#position = this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), this.#position + 1);
  }

  writeBinary(bytes: Uint8Array): void {
    this.#writeLength(BIN_8, bytes.length);
    this.writeBytes(bytes);
  }

  /** @param type - from -128 to 127 */
  writeExtension(type: number, data: Uint8Array): void {
    const fixed = FIXED_EXTENSIONS.indexOf(data.length);
    if (fixed < 0) this.#writeLength(EXT_8, data.length);
    else this.#writeByte(FIXEXT_1 + fixed);
    this.#writeByte(type & 0xff);
    this.writeBytes(data);
  }

  /** MessagePack that was made elsewhere. */
  writeBytes(bytes: Uint8Array): void {
    if (bytes.length >= LARGE) return this.#insert(bytes);
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  #copyTo(record: Buffer, start: number): void {
    if (this.#inserted > 0) this.#copyWithInsertions(record, start);
    else this.#bytes.copy(record, start, MAX_LENGTH_PREFIX, this.#position);
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  get #length(): number {
    return this.#position - MAX_LENGTH_PREFIX + this.#inserted;
  }

  #insert(bytes: Uint8Array): void {
    this.#insertions.push({ at: this.#position, bytes });
    this.#inserted += bytes.length;
  }

  #copyWithInsertions(record: Buffer, start: number): void {
    let from = MAX_LENGTH_PREFIX;
    let to = start;
    for (const { at, bytes } of this.#insertions) {
      to += this.#bytes.copy(record, to, from, at);
      record.set(bytes, to);
      to += bytes.length;
      from = at;
    }
    this.#bytes.copy(record, to, from, this.#position);
    this.#forgetInsertions();
  }

  #forgetInsertions(): void {
    this.#insertions.length = 0;
    this.#inserted = 0;
  }

  #writePositive(value: number): void {
    if (value < 0x80) this.#writeByte(value);
    else if (value < 0x100) this.#writeHead(UINT_8, 1, value);
    else if (value < 0x10000) this.#writeHead(UINT_16, 2, value);
    else if (value < TWO_TO_32) this.#writeHead(UINT_32, 4, value);
    else this.#writeWide(UINT_64, value);
  }

  #writeNegative(value: number): void {
    if (value >= -0x20) this.#writeByte(0x100 + value);
    else if (value >= -0x80) this.#writeHead(INT_8, 1, value + 0x100);
    else if (value >= -0x8000) this.#writeHead(INT_16, 2, value + 0x10000);
    else if (value >= -0x80000000) this.#writeHead(INT_32, 4, value + TWO_TO_32);
    else this.#writeWide(INT_64, value);
  }

  #writeWide(head: number, value: number): void {
    this.#makeRoom(MAX_HEAD);
    this.#bytes[this.#position] = head;
    this.#bytes.writeInt32BE(Math.floor(value / TWO_TO_32), this.#position + 1);
    this.#position = this.#bytes.writeUInt32BE(value >>> 0, this.#position + 5);
  }

  /** Whether the text was ASCII, and is written. */
  #writeShortAscii(text: string): boolean {
    this.#makeRoom(1 + text.length);
    const bytes = this.#bytes;
    const start = this.#position;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return false;
      bytes[start + 1 + at] = unit;
    }
    bytes[start] = FIXSTR + text.length;
    this.#position = start + 1 + text.length;
    return true;
  }

  #writeByte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#position++] = byte;
  }

  #writeHead(head: number, size: number, value: number): void {
    this.#makeRoom(MAX_HEAD);
    this.#bytes[this.#position] = head;
    this.#position = this.#bytes.writeUIntBE(value, this.#position + 1, size);
  }

  /** A length in the shortest of three formats, the first of which is `head`. */
  #writeLength(head: number, length: number): void {
    if (length < 0x100) this.#writeHead(head, 1, length);
    else if (length < 0x10000) this.#writeHead(head + 1, 2, length);
    else this.#writeHead(head + 2, 4, length);
  }

  #makeRoom(size: number): void {
    const needed = this.#position + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(needed * 2);
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }
}
