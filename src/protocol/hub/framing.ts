import { HubProtocolError } from './hub-protocol.ts';

/** The byte that ends every record of a text protocol. JSON never holds it: it escapes control characters. */
export const RECORD_SEPARATOR = 0x1e;
/** The same as text. */
export const RECORD_END = '\u001e';

/** The longest length prefix: seven bits of the length a byte, 31 bits in all. */
export const MAX_LENGTH_PREFIX = 5;

/** Where the contents of a length-prefixed record lie. */
export interface RecordSpan {
  start: number;
  /** The offset behind the last byte, where the next record begins. */
  end: number;
}

/**
 * Finds the end of the text record that begins at `start`.
 *
 * @param limit - the longest record in bytes, its separator included; 0 for none
 * @returns the offset of the record's separator, or -1 when it has not arrived
 * @throws HubProtocolError when the record is longer than `limit`, or already is without its end
 */
export function readTextRecord(bytes: Buffer, start: number, limit: number): number {
  const end = bytes.indexOf(RECORD_SEPARATOR, start);
  if (limit > 0 && (end < 0 ? bytes.length - start : end + 1 - start) > limit) throw messageTooLarge(limit);
  return end;
}

/**
 * Finds the binary record whose length prefix begins at `start`: a VarInt, least significant seven bits first.
 *
 * @param limit - the longest record in bytes, its prefix included; 0 for none
 * @param span - set to where the contents lie when the answer is true
 * @returns whether the record has arrived whole
 * @throws HubProtocolError when the prefix is no length, or announces more than `limit`
 */
export function readBinaryRecord(bytes: Buffer, start: number, limit: number, span: RecordSpan): boolean {
  let length = 0;
  let position = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position];
    if (byte === undefined) return false;
    position++;
    // The fifth byte holds the last three of the 31 bits.
    if (shift === 28 && byte > 7) throw new HubProtocolError('Messages over 2GB in size are not supported.', 'FormatException');
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (limit > 0 && position - start + length > limit) throw messageTooLarge(limit);
  if (bytes.length - position < length) return false;
  span.start = position;
  span.end = position + length;
  return true;
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

function messageTooLarge(limit: number): HubProtocolError {
  return new HubProtocolError(`The maximum message size of ${limit}B was exceeded. The message size can be configured in AddHubOptions.`);
}
