import { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { MessageType } from './message.ts';
import { BACKSLASH, firstProperty, isAt, nextProperty, OPENING_BRACKET, parsed, textOf, valueOf, type JsonProperty } from './json-scan.ts';
import { MAX_DEPTH } from './nesting.ts';

/** What a hub message is, as whoever passes it on unread has to know it. */
export interface RecordHead {
  /** One of `MessageType`, or any other whole number. */
  readonly type: number;
  /** Left out where it is empty: nobody waits. */
  readonly invocationId?: string | undefined;
  /** Of a call with streams of its caller; left out where there are none. */
  readonly streamIds?: readonly string[] | undefined;
  /** Of an ack or a sequence message. */
  readonly sequenceId?: number | undefined;
}

/**
 * Reads the head of one record, its arguments, items and results left alone.
 *
 * @param start - where its contents begin
 * @param end - the offset behind its contents: of its separator in a text protocol
 * @returns undefined where it has no type. What is broken elsewhere may go unseen
 */
export type RecordHeadReader = (bytes: Buffer, start: number, end: number) => RecordHead | undefined;

/** Each of a length of its own. */
const NAMES = ['type', 'streamIds', 'sequenceId', 'invocationId'];

// Reading calls no code from outside, so nothing can use these meanwhile.
const property: JsonProperty = { name: 0, nameEnd: 0, value: 0, valueEnd: 0 };
const cursor = new MessagePackCursor();

/** The head of a record of JSON: its own properties are looked at, in whatever order, and the last of each name counts. */
export const readJsonHead: RecordHeadReader = (bytes, start, end) => {
  let type: number | undefined;
  let invocationId: string | undefined;
  let streamIds: readonly string[] | undefined;
  let sequenceId: number | undefined;
  for (let at = firstProperty(bytes, start, end); at !== -1;) {
    at = nextProperty(bytes, at, end, property);
    if (property.name === -1) return undefined;
    const { value, valueEnd } = property;
    const name = nameOf(bytes, property.name, property.nameEnd);
    if (name === 'type') type = integerOf(bytes, value, valueEnd);
    else if (name === 'invocationId') invocationId = textOf(bytes, value, valueEnd);
    else if (name === 'streamIds') streamIds = textsOf(bytes, value, valueEnd);
    else if (name === 'sequenceId') sequenceId = integerOf(bytes, value, valueEnd);
  }
  return type === undefined ? undefined : headOf(type, invocationId, sequenceId, streamIds);
};

/** The head of a record of MessagePack: its first items, and the last one of calls. */
export const readMessagePackHead: RecordHeadReader = (bytes, start, end) => {
  cursor.open(bytes, start, end);
  try {
    const items = cursor.readArrayLength();
    if (items < 1) return undefined;
    const type = cursor.readInteger();
    if (type === undefined) return undefined;
    if (type === MessageType.ack || type === MessageType.sequence) return headOf(type, undefined, cursor.readInteger());
    if (!hasInvocationId(type) || cursor.skip(MAX_DEPTH) === undefined) return { type };
    const invocationId = cursor.readString() || undefined;
    return headOf(type, invocationId, undefined, isCall(type) && items > STREAM_IDS_AT ? readStreamIds() : undefined);
  } finally {
    cursor.close();
  }
};

/** Behind type, headers, invocation id, target and arguments. */
const STREAM_IDS_AT = 5;

function readStreamIds(): readonly string[] | undefined {
  return cursor.skip(MAX_DEPTH) === undefined || cursor.skip(MAX_DEPTH) === undefined ? undefined : cursor.readStrings();
}

const isCall = (type: number): boolean => type === MessageType.invocation || type === MessageType.streamInvocation;
const hasInvocationId = (type: number): boolean => type >= MessageType.invocation && type <= MessageType.cancelInvocation;

function headOf(type: number, invocationId: string | undefined, sequenceId: number | undefined, streamIds?: readonly string[]): RecordHead {
  if (streamIds !== undefined && streamIds.length > 0 && isCall(type)) return { type, invocationId, streamIds };
  if (hasInvocationId(type)) return { type, invocationId };
  return type === MessageType.ack || type === MessageType.sequence ? { type, sequenceId } : { type };
}

/** The names that count are told by their lengths first: most names are none of them, and are not decoded. */
function nameOf(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return textOf(bytes, start, end);
  const name = NAMES.find(({ length }) => length === end - start - 2);
  return name !== undefined && isAt(bytes, start + 1, name) ? name : undefined;
}

function integerOf(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start === 1) {
    const digit = (bytes[start] as number) - 0x30;
    return digit >= 0 && digit <= 9 ? digit : undefined;
  }
  const value = valueOf(bytes, start, end);
  return Number.isInteger(value) ? (value as number) : undefined;
}

function textsOf(bytes: Buffer, start: number, end: number): readonly string[] | undefined {
  const values = bytes[start] === OPENING_BRACKET ? parsed(bytes, start, end) : undefined;
  return Array.isArray(values) ? values.filter((value): value is string => typeof value === 'string') : undefined;
}
