/* Finds its way in JSON that is not parsed: offsets in, offsets out. What is broken is not found; nothing throws. */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
export const OPENING_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

/** Where a property of an object lies: its name with the quotes, and its value. */
export interface JsonProperty {
  name: number;
  nameEnd: number;
  value: number;
  valueEnd: number;
}

/** Where the first property of an object begins; -1 where there is no object, or nothing in it. */
export function firstProperty(bytes: Buffer, start: number, end: number): number {
  const at = skipSpace(bytes, start, end);
  return at < end && bytes[at] === OPENING_BRACE ? nameAt(bytes, at + 1, end) : -1;
}

/**
 * Finds the property that begins at an offset.
 *
 * @param property - set to where it lies; its `name` to -1 where it has no value
 * @returns where the next one begins; -1 where there is none
 */
export function nextProperty(bytes: Buffer, at: number, end: number, property: JsonProperty): number {
  const nameEnd = endOfText(bytes, at, end);
  const colon = skipSpace(bytes, nameEnd, end);
  const isWhole = colon < end && bytes[colon] === COLON;
  property.name = isWhole ? at : -1;
  if (!isWhole) return -1;
  const value = skipSpace(bytes, colon + 1, end);
  const valueEnd = endOfValue(bytes, value, end);
  property.nameEnd = nameEnd;
  property.value = value;
  property.valueEnd = valueEnd;
  const behind = skipSpace(bytes, valueEnd, end);
  return nameAt(bytes, behind < end && bytes[behind] === COMMA ? behind + 1 : behind, end);
}

function nameAt(bytes: Buffer, start: number, end: number): number {
  const at = skipSpace(bytes, start, end);
  return at < end && bytes[at] === QUOTE ? at : -1;
}

/** Compared where it lies: to decode every name costs more than all the rest. */
export function isAt(bytes: Buffer, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

export function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  if (isPlainText(bytes, start, end)) return bytes.toString('latin1', start + 1, end - 1);
  const value = valueOf(bytes, start, end);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Whether it is a text, not empty, of ASCII without escapes, as ids are. */
function isPlainText(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 3 || bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return false;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte >= 0x80 || byte === BACKSLASH) return false;
  }
  return true;
}

/** The value of a text or a number. */
export function valueOf(bytes: Buffer, start: number, end: number): unknown {
  const first = bytes[start];
  return first === OPENING_BRACE || first === OPENING_BRACKET ? undefined : parsed(bytes, start, end);
}

export function parsed(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}

function skipSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) <= SPACE) at++;
  return at;
}

/** Behind the quote that ends the text that begins at `start`. */
function endOfText(bytes: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, end);
}

/** Behind the value that begins at `start`, whatever it is. */
function endOfValue(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start];
  if (first === QUOTE) return endOfText(bytes, start, end);
  if (first === OPENING_BRACE || first === OPENING_BRACKET) return endOfNested(bytes, start, end);
  let at = start;
  while (at < end && !endsPlainValue(bytes[at] as number)) at++;
  return at;
}

function endOfNested(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end;) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfText(bytes, at, end);
      continue;
    }
    at++;
    if (byte === OPENING_BRACE || byte === OPENING_BRACKET) depth++;
    else if ((byte === CLOSING_BRACE || byte === CLOSING_BRACKET) && --depth === 0) return at;
  }
  return end;
}

const endsPlainValue = (byte: number): boolean => byte <= SPACE || byte === COMMA || byte === CLOSING_BRACE || byte === CLOSING_BRACKET;
