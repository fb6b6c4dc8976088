import { codedError } from '../../base/errors.ts';
import { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { findRecord, type RecordSpan } from '../../base/messagepack/length-prefix.ts';
import { layouts, type ServiceMessage } from './messages.ts';
import type { DefaultedField, Field } from './field.ts';
import type { MalformedServiceMessage, ReceivedServiceMessage } from './received.ts';

/** Items that a message may have behind those that are known by their place: one is a byte on the wire, and eight in memory. */
export const MAX_REST = 4_096;

/** Takes a message as it is read, with the bytes it took on the wire, framing included. Returning false stops behind it. */
export type ServiceMessageSink = (message: ReceivedServiceMessage, byteLength: number) => boolean;

interface ReadLayout {
  readonly type: string;
  readonly forms: readonly number[];
  readonly items: readonly (readonly [name: string, field: Field<unknown>])[];
  readonly rest: readonly [name: string, field: Field<unknown>] | undefined;
}

const byNumber = new Map<number, ReadLayout>(
  Object.entries(layouts).map(([type, { number, forms, items, rest = {} }]) => [
    number,
    { type, forms, items: Object.entries(items), rest: Object.entries(rest)[0] },
  ]),
);

// Reading calls no code from outside, so nothing can use the cursor meanwhile.
const cursor = new MessagePackCursor();

/**
 * Reads whole messages from `bytes`, beginning at `start`, and hands each to `sink`. Payloads are views of `bytes`.
 *
 * @param limit - the largest message in bytes, its length prefix included; 0 for none
 * @returns the offset behind the last message read; what follows is the start of one that has not arrived whole
 * @throws SignalboxError SIGNALBOX_SERVICE_STREAM when the bytes can't be messages, or one is larger than `limit`. Messages before it have
 *   been handed to `sink`
 */
export function parseServiceMessages(bytes: Buffer, start: number, limit: number, sink: ServiceMessageSink): number {
  const span: RecordSpan = { start, end: start };
  let position = start;
  for (;;) {
    const state = findRecord(bytes, position, limit, span);
    if (state === 'partial') return position;
    if (state !== 'whole')
      throw brokenStream(state === 'tooLarge' ? tooLarge(span.end - position, limit) : 'a length takes more than 31 bits');
    const message = readServiceMessage(bytes, span.start, span.end);
    const length = span.end - position;
    position = span.end;
    if (!sink(message, length)) return position;
  }
}

const brokenStream = (problem: string): Error => codedError('SIGNALBOX_SERVICE_STREAM', { problem });
const tooLarge = (length: number, limit: number): string => `a message of ${length} bytes is announced, and ${limit} is the limit`;

/** Reads the message between two offsets, which lie behind its length prefix and at its end. Items behind those that are known are not looked at. */
export function readServiceMessage(bytes: Buffer, start: number, end: number): ReceivedServiceMessage {
  cursor.open(bytes, start, end);
  try {
    const length = cursor.readArrayLength();
    if (length < 1) return malformed('unknown', 'array', length === 0 ? 'is empty' : 'is none, or is cut short');
    const number = cursor.readInteger();
    if (number === undefined) return malformed('unknown', 'number', 'is no integer');
    const layout = byNumber.get(number);
    return layout ? readItems(layout, length) : { type: 'unknown', number };
  } finally {
    cursor.close();
  }
}

function readItems({ type, forms, items, rest }: ReadLayout, length: number): ReceivedServiceMessage {
  const form = forms.findLast((known) => known <= length);
  if (form === undefined) return malformed(type, 'array', `has a length of ${length}, and ${forms[0]} is the least`);
  const message: Record<string, unknown> = { type };
  let left = form - 1;
  for (const [name, field] of items) {
    const value = left > 0 ? field.read(cursor) : (field as DefaultedField<unknown>).fallback;
    if (value === undefined) return malformed(type, name, `is not: ${field.kind}`);
    message[name] = value;
    left--;
  }
  if (rest !== undefined) {
    const values = readRest(rest[1], length - form);
    if (values === undefined) return malformed(type, rest[0], `are not all: ${rest[1].kind}`);
    message[rest[0]] = values;
  }
  return message as unknown as ServiceMessage;
}

function readRest(field: Field<unknown>, count: number): readonly unknown[] | undefined {
  if (count > MAX_REST) return undefined;
  const values: unknown[] = [];
  for (let left = count; left > 0; left--) {
    const value = field.read(cursor);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

const malformed = (message: string, field: string, problem: string): MalformedServiceMessage => ({
  type: 'malformed',
  message,
  field,
  problem,
});
