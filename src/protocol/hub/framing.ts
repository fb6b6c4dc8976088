import { findRecord, type RecordSpan } from '../../base/messagepack/length-prefix.ts';
import { HubProtocolError } from './hub-protocol.ts';

/** The byte that ends every record of a text protocol. JSON never holds it: it escapes control characters. */
export const RECORD_SEPARATOR = 0x1e;
/** The same as text. */
export const RECORD_END = '\u001e';

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
  const state = findRecord(bytes, start, limit, span);
  if (state === 'whole') return true;
  if (state === 'partial') return false;
  throw state === 'tooLarge'
    ? messageTooLarge(limit)
    : new HubProtocolError('Messages over 2GB in size are not supported.', 'FormatException');
}

function messageTooLarge(limit: number): HubProtocolError {
  return new HubProtocolError(`The maximum message size of ${limit}B was exceeded. The message size can be configured in AddHubOptions.`);
}
