/** The longest length prefix: seven bits of the length a byte, 31 bits in all. */
export const MAX_LENGTH_PREFIX = 5;

/** Where the contents of a length-prefixed record lie. */
export interface RecordSpan {
  start: number;
  /** The offset behind the last byte, where the next record begins. */
  end: number;
}

/** What there is of a record: all of it, not yet all, an announcement of more than the limit, or a prefix that is no length. */
export type RecordState = 'whole' | 'partial' | 'tooLarge' | 'noLength';

/**
 * Finds the record whose length prefix begins at `start`: a VarInt, least significant seven bits first.
 *
 * @param limit - the longest record in bytes, its prefix included; 0 for none
 * @param span - set to where the contents lie, or will lie, once the prefix is there
 */
export function findRecord(bytes: Buffer, start: number, limit: number, span: RecordSpan): RecordState {
  let length = 0;
  let position = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position];
    if (byte === undefined) return 'partial';
    position++;
    // The fifth byte holds the last three of the 31 bits.
    if (shift === 28 && byte > 7) return 'noLength';
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  span.start = position;
  span.end = position + length;
  if (limit > 0 && span.end - start > limit) return 'tooLarge';
  return bytes.length < span.end ? 'partial' : 'whole';
}

/** How many bytes the prefix of a record of `length` bytes takes. */
export function lengthPrefixSize(length: number): number {
  let size = 1;
  for (let rest = length; rest > 0x7f; rest >>>= 7) size++;
  return size;
}

/** Writes the prefix of a record of `length` bytes to `target`, beginning at `start`. There must be room for it. */
export function writeLengthPrefix(target: Uint8Array, start: number, length: number): void {
  let rest = length;
  let position = start;
  for (; rest > 0x7f; rest >>>= 7) target[position++] = (rest & 0x7f) | 0x80;
  target[position] = rest;
}
