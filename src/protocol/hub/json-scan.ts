/* Finds its way in JSON that is not parsed: offsets in, offsets out. What is broken is not found; nothing throws. */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPENING_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
export const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

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

export function skipSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) <= SPACE) at++;
  return at;
}

/** Behind the quote that ends the text that begins at `start`. */
export function endOfText(bytes: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, end);
}

/** Behind the value that begins at `start`, whatever it is. */
export function endOfValue(bytes: Buffer, start: number, end: number): number {
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
