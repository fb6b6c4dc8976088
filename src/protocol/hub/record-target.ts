import { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { firstProperty, isAt, nextProperty, textOf, type JsonProperty } from './json-scan.ts';
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

// Reading calls no code from outside, so nothing can use these meanwhile.
const property: JsonProperty = { name: 0, nameEnd: 0, value: 0, valueEnd: 0 };
const cursor = new MessagePackCursor();

/** The target of a record of JSON. The last of several counts, as for who parses it. */
export const readJsonTarget: RecordTargetReader = (bytes, start, end) => {
  let target: string | undefined;
  for (let at = firstProperty(bytes, start, end); at !== -1;) {
    at = nextProperty(bytes, at, end, property);
    const { name, nameEnd, value, valueEnd } = property;
    if (name === -1) return target;
    if (nameEnd - name === NAME.length + 2 && isAt(bytes, name + 1, NAME)) target = textOf(bytes, value, valueEnd);
  }
  return target;
};

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
