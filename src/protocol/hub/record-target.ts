import { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { COLON, COMMA, endOfText, endOfValue, isAt, OPENING_BRACE, QUOTE, skipSpace, textOf } from './json-scan.ts';
import { MessageType } from './message.ts';
import { MAX_DEPTH } from './nesting.ts';

/**
 * Reads which method a record calls, its arguments left alone. Undefined where it is no call, or names none.
 *
 * @param start - where its contents begin
 * @param end - the offset behind its contents: of its separator in a text protocol
 */
export type RecordTargetReader = (bytes: Buffer, start: number, end: number) => string | undefined;

const NAME = 'target';

/** The target of a record of JSON. The last of several counts, as for who parses it. */
export const readJsonTarget: RecordTargetReader = (bytes, start, end) => {
  let target: string | undefined;
  let at = skipSpace(bytes, start, end);
  if (at === end || bytes[at] !== OPENING_BRACE) return undefined;
  at = skipSpace(bytes, at + 1, end);
  while (at < end && bytes[at] === QUOTE) {
    const nameEnd = endOfText(bytes, at, end);
    const colon = skipSpace(bytes, nameEnd, end);
    if (colon === end || bytes[colon] !== COLON) return target;
    const value = skipSpace(bytes, colon + 1, end);
    const valueEnd = endOfValue(bytes, value, end);
    if (nameEnd - at === NAME.length + 2 && isAt(bytes, at + 1, NAME)) target = textOf(bytes, value, valueEnd);
    at = skipSpace(bytes, valueEnd, end);
    if (at < end && bytes[at] === COMMA) at = skipSpace(bytes, at + 1, end);
  }
  return target;
};

// Reading calls no code from outside, so nothing can use the cursor meanwhile.
const cursor = new MessagePackCursor();

/** The target of a record of MessagePack: behind type, headers and invocation id. */
export const readMessagePackTarget: RecordTargetReader = (bytes, start, end) => {
  cursor.open(bytes, start, end);
  try {
    const items = cursor.readArrayLength();
    const type = items < 1 ? undefined : cursor.readInteger();
    if (type !== MessageType.invocation && type !== MessageType.streamInvocation) return undefined;
    if (cursor.skip(MAX_DEPTH) === undefined || cursor.skip(MAX_DEPTH) === undefined) return undefined;
    return cursor.readString() || undefined;
  } finally {
    cursor.close();
  }
};
