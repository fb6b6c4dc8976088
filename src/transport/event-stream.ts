import type { Framing } from '../base/payload.ts';

const FIELD = 'data: ';
const LINE_END = '\r\n';
const EVENT_END = '\r\n\r\n';
const LINE_BREAKS = /\r\n|\n|\r/g;
const LF = 0x0a;
const CR = 0x0d;

/** Sent first: a comment, so that the head and something behind it leave at once. */
export const EVENT_STREAM_START = `:${LINE_END}`;

/** One event. Every line of the text becomes a `data` field of its own; what ends a line is not kept apart. */
export function eventText(text: string): string {
  const lines = text.includes('\n') || text.includes('\r') ? text.replaceAll(LINE_BREAKS, LINE_END + FIELD) : text;
  return FIELD + lines + EVENT_END;
}

/** One event around UTF-8. */
export const eventBytes: Framing = (bytes) => {
  if (bytes.includes(LF) || bytes.includes(CR)) return Buffer.from(eventText(bytes.toString()));
  const event = Buffer.allocUnsafe(FIELD.length + bytes.length + EVENT_END.length);
  event.write(FIELD, 'latin1');
  event.set(bytes, FIELD.length);
  event.write(EVENT_END, FIELD.length + bytes.length, 'latin1');
  return event;
};
