import {
  ARRAY_16,
  ARRAY_32,
  BIN_32,
  BIN_8,
  EXT_32,
  EXT_8,
  FALSE,
  FIXARRAY,
  FIXEXT_1,
  FIXEXT_16,
  FIXMAP,
  FIXSTR,
  FLOAT_32,
  FLOAT_64,
  FORMATS,
  INT_16,
  INT_32,
  INT_64,
  INT_8,
  MAP_16,
  MAP_32,
  NEGATIVE_FIXINT,
  NIL,
  STR_8,
  STR_32,
  TRUE,
  UINT_16,
  UINT_32,
  UINT_64,
  UINT_8,
} from './formats.ts';

const NEVER_USED = 0xc1;
const TWO_TO_32 = 2 ** 32;
const NO_BYTES = Buffer.alloc(0);

/** Most arrays of texts have none. */
const NO_STRINGS: readonly string[] = Object.freeze([]);

/**
 * Reads MessagePack value by value, never behind the end it was given. A method that finds something else than what it
 * reads, or less than all of it, says so by its result; the position is of no use then.
 */
export class MessagePackCursor {
  bytes: Buffer = NO_BYTES;
  position = 0;
  #end = 0;
  /** Values left at each level of what `skip` walks. */
  readonly #left: number[] = [];

  /** Points the cursor at bytes; they are read until `close`. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.open(NO_BYTES, 0, 0);
  }

  /** The byte that begins the next value, or -1 at the end. */
  get head(): number {
    return this.position < this.#end ? (this.bytes[this.position] as number) : -1;
  }

  /** The number of an array's items, or -1. An array can't have more items than there are bytes. */
  readArrayLength(): number {
    const head = this.head;
    if (head >= FIXARRAY && head < FIXSTR) {
      this.position++;
      return this.#atMost(head - FIXARRAY, 1);
    }
    return head === ARRAY_16 || head === ARRAY_32 ? this.#atMost(this.#readLength(head), 1) : -1;
  }

  /** The number of a map's entries, or -1. */
  readMapLength(): number {
    const head = this.head;
    if (head >= FIXMAP && head < FIXARRAY) {
      this.position++;
      return this.#atMost(head - FIXMAP, 2);
    }
    return head === MAP_16 || head === MAP_32 ? this.#atMost(this.#readLength(head), 2) : -1;
  }

  /** Text, null for nil, or undefined. */
  readString(): string | null | undefined {
    const length = this.#readStringLength();
    if (length < 0) return this.skipNil() ? null : undefined;
    const start = this.position;
    if (length > this.#end - start) return undefined;
    this.position = start + length;
    return this.bytes.toString('utf8', start, this.position);
  }

  /**
   * An array of nothing but texts, or undefined.
   *
   * @param most - texts; more than these are undefined, too
   */
  readStrings(most = Number.POSITIVE_INFINITY): readonly string[] | undefined {
    let left = this.readArrayLength();
    if (left <= 0) return left === 0 ? NO_STRINGS : undefined;
    if (left > most) return undefined;
    const texts: string[] = [];
    for (; left > 0; left--) {
      const text = this.readString();
      if (typeof text !== 'string') return undefined;
      texts.push(text);
    }
    return texts;
  }

  /** A map from texts to nothing but binary data, as views of what is read, or undefined. */
  viewBinaryMap(): ReadonlyMap<string, Buffer> | undefined {
    let left = this.readMapLength();
    if (left < 0) return undefined;
    const values = new Map<string, Buffer>();
    for (; left > 0; left--) {
      const name = this.readString();
      const bytes = typeof name === 'string' ? this.viewBinary() : undefined;
      if (typeof name !== 'string' || bytes === undefined) return undefined;
      values.set(name, bytes);
    }
    return values;
  }

  /** Binary data or text as a view of its bytes, or undefined. */
  viewBytes(): Buffer | undefined {
    const head = this.head;
    return this.#view(head >= BIN_8 && head <= BIN_32 ? this.#readLength(head) : this.#readStringLength());
  }

  /** Whether the next value is nil, which it then has moved behind. */
  skipNil(): boolean {
    if (this.head !== NIL) return false;
    this.position++;
    return true;
  }

  readBoolean(): boolean | undefined {
    const head = this.head;
    if (head !== TRUE && head !== FALSE) return undefined;
    this.position++;
    return head === TRUE;
  }

  /** An integer of any encoding, or undefined. Of 64 bits, those beyond 2^53 are rounded. */
  readInteger(): number | undefined {
    const head = this.head;
    if (head < 0) return undefined;
    if (head < FIXMAP || head >= NEGATIVE_FIXINT) {
      this.position++;
      return head < FIXMAP ? head : head - 0x100;
    }
    return head >= UINT_8 && head <= INT_64 ? this.#readWide(head) : undefined;
  }

  /** An integer of an encoding of 64 bits, or undefined. */
  readBigInt(): bigint | undefined {
    const head = this.head;
    if (head !== UINT_64 && head !== INT_64) return undefined;
    const at = this.#take(head);
    if (at < 0) return undefined;
    return head === UINT_64 ? this.bytes.readBigUInt64BE(at) : this.bytes.readBigInt64BE(at);
  }

  /** A copy of binary data, or undefined. */
  readBinary(): Uint8Array | undefined {
    const view = this.viewBinary();
    return view && new Uint8Array(view);
  }

  /** Binary data as a view of what is read, or undefined. */
  viewBinary(): Buffer | undefined {
    const head = this.head;
    return head >= BIN_8 && head <= BIN_32 ? this.#view(this.#readLength(head)) : undefined;
  }

  /** An extension's type and a copy of its data, or undefined. */
  readExtension(): { readonly type: number; readonly data: Uint8Array } | undefined {
    const head = this.head;
    let length: number;
    if (head >= FIXEXT_1 && head <= FIXEXT_16) {
      this.position++;
      length = 1 << (head - FIXEXT_1);
    } else {
      if (head < EXT_8 || head > EXT_32) return undefined;
      length = this.#readLength(head);
    }
    // The type stands before the data, and is not counted.
    const typed = length < 0 ? undefined : this.#view(length + 1);
    return typed && { type: typed.readInt8(0), data: new Uint8Array(typed.subarray(1)) };
  }

  /** A floating point number, or undefined. */
  readFloat(): number | undefined {
    const head = this.head;
    if (head !== FLOAT_32 && head !== FLOAT_64) return undefined;
    const at = this.#take(head);
    if (at < 0) return undefined;
    return head === FLOAT_64 ? this.bytes.readDoubleBE(at) : this.bytes.readFloatBE(at);
  }

  /**
   * Moves behind the next value, whatever it is.
   *
   * @param levels - how deep it may be nested
   * @returns `plain`, or `bytes` where there are binary or extension values in it; undefined when it is broken
   */
  skip(levels: number): 'plain' | 'bytes' | undefined {
    const left = this.#left;
    let kind: 'plain' | 'bytes' = 'plain';
    let level = 0;
    left[0] = 1;
    while (level >= 0) {
      const here = left[level] as number;
      if (here === 0) {
        level--;
        continue;
      }
      left[level] = here - 1;
      const head = this.head;
      const nested = this.#enter(head);
      if (nested < 0) return undefined;
      if (holdsBytes(head)) kind = 'bytes';
      if (isContainer(head)) {
        if (level === levels) return undefined;
        level++;
        left[level] = nested;
      }
    }
    return kind;
  }

  /** Moves behind one value, or to the first value in it; the number of those, or -1. */
  #enter(head: number): number {
    if (head < 0 || head === NEVER_USED) return -1;
    if (head < NIL || head >= NEGATIVE_FIXINT) return this.#enterShort(head);
    const { fixedSize, lengthSize, valuesEach } = FORMATS[head - NIL] as (typeof FORMATS)[number];
    let size = fixedSize;
    let nested = 0;
    if (lengthSize === 0) {
      this.position++;
    } else {
      const length = this.#readLength(head);
      if (length < 0) return -1;
      if (valuesEach === 0) size += length;
      else nested = length * valuesEach;
    }
    if (size > this.#end - this.position) return -1;
    this.position += size;
    return nested;
  }

  /** The length of the text that begins here, or -1. */
  #readStringLength(): number {
    const head = this.head;
    if (head >= FIXSTR && head < NIL) {
      this.position++;
      return head - FIXSTR;
    }
    return head >= STR_8 && head <= STR_32 ? this.#readLength(head) : -1;
  }

  #view(length: number): Buffer | undefined {
    if (length < 0 || length > this.#end - this.position) return undefined;
    const start = this.position;
    this.position = start + length;
    return this.bytes.subarray(start, this.position);
  }

  #enterShort(head: number): number {
    this.position++;
    if (head < FIXMAP || head >= NEGATIVE_FIXINT) return 0;
    if (head < FIXARRAY) return (head - FIXMAP) * 2;
    if (head < FIXSTR) return head - FIXARRAY;
    const size = head - FIXSTR;
    if (size > this.#end - this.position) return -1;
    this.position += size;
    return 0;
  }

  #readWide(head: number): number | undefined {
    const at = this.#take(head);
    if (at < 0) return undefined;
    const { bytes } = this;
    switch (head) {
      case UINT_8:
        return bytes.readUInt8(at);
      case UINT_16:
        return bytes.readUInt16BE(at);
      case UINT_32:
        return bytes.readUInt32BE(at);
      case UINT_64:
        return bytes.readUInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4);
      case INT_8:
        return bytes.readInt8(at);
      case INT_16:
        return bytes.readInt16BE(at);
      case INT_32:
        return bytes.readInt32BE(at);
      default:
        return bytes.readInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4);
    }
  }

  /** Moves behind a value of fixed size; where its bytes begin, or -1. */
  #take(head: number): number {
    const at = this.position + 1;
    const end = at + (FORMATS[head - NIL]?.fixedSize ?? 0);
    if (end > this.#end) return -1;
    this.position = end;
    return at;
  }

  /** Moves behind the head and the length that follows it; the length, or -1. */
  #readLength(head: number): number {
    const size = FORMATS[head - NIL]?.lengthSize ?? 0;
    const at = this.position + 1;
    if (at + size > this.#end) return -1;
    this.position = at + size;
    return this.bytes.readUIntBE(at, size);
  }

  #atMost(length: number, bytesEach: number): number {
    return length * bytesEach <= this.#end - this.position ? length : -1;
  }
}

function isContainer(head: number): boolean {
  return (head >= FIXMAP && head < FIXSTR) || (head >= ARRAY_16 && head <= MAP_32);
}

function holdsBytes(head: number): boolean {
  return (head >= BIN_8 && head <= EXT_32) || (head >= FIXEXT_1 && head <= FIXEXT_16);
}
