import { isUtf8 } from 'node:buffer';

/** What JSON text said, and whether it had to be mended to be read. */
export interface JsonText {
  readonly value: unknown;
  /** The offset of the bracket behind a trailing comma in the message's `arguments`, or -1. */
  readonly trailingComma: number;
}

/**
 * Decodes one record.
 *
 * @param ascii - whether the bytes are known to be ASCII, which is quicker to decode
 * @returns undefined when the bytes are not UTF-8
 */
export function decodeRecord(bytes: Buffer, start: number, end: number, ascii: boolean): string | undefined {
  if (ascii) return bytes.toString('latin1', start, end);
  const text = bytes.toString('utf8', start, end);
  // What can't be decoded becomes U+FFFD, which may also have been sent as such.
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}

/**
 * Reads what `JSON.parse` refuses and the reference server's reader takes: it stops behind the closing brace of the first
 * object, whatever follows, and it answers a trailing comma at the end of a message's `arguments` with a failed call.
 *
 * @returns undefined when the text can't be read that way either
 */
export function readLeniently(text: string, parse: (text: string) => unknown = JSON.parse): JsonText | undefined {
  const shape = findShape(text);
  if (shape === undefined) return undefined;
  const { end, comma, bracket } = shape;
  const mended = comma < 0 ? text.slice(0, end) : text.slice(0, comma) + text.slice(comma + 1, end);
  try {
    return { value: parse(mended), trailingComma: bracket };
  } catch {
    return undefined;
  }
}

/** Where in the text something is, in the reference reader's words. */
export function place(text: string, at: number): string {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lines = before.split('\n').length - 1;
  return `LineNumber: ${lines} | BytePositionInLine: ${Buffer.byteLength(before.slice(lineStart))}.`;
}

interface Shape {
  /** Behind the first object's closing brace. */
  readonly end: number;
  /** The trailing comma of the object's `arguments` and the bracket behind it, or -1. */
  readonly comma: number;
  readonly bracket: number;
}

/** Walks strings and brackets up to the end of the text's first object. Whether all else is right, `JSON.parse` will say. */
function findShape(text: string): Shape | undefined {
  let depth = 0;
  let named = false;
  let inArguments = false;
  let comma = -1;
  let bracket = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      if (depth === 1) named = text.startsWith('"arguments"', at);
      at = endOfString(text, at);
    } else if (character === '{' || character === '[') {
      if (depth === 1) inArguments = named && character === '[';
      depth++;
    } else if (character === '}' || character === ']') {
      if (inArguments && depth === 2 && character === ']') {
        comma = trailingComma(text, at);
        bracket = comma < 0 ? -1 : at;
      }
      depth--;
      if (depth <= 0) return { end: at + 1, comma, bracket };
    }
  }
  return undefined;
}

/** The offset of the closing quote of the string that begins at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** The offset of a comma between a value and the closing bracket at `bracket`, or -1. */
function trailingComma(text: string, bracket: number): number {
  const comma = lastVisible(text, bracket);
  if (text[comma] !== ',') return -1;
  const before = text[lastVisible(text, comma)];
  return before === ',' || before === '[' ? -1 : comma;
}

/** The offset of the last character before `end` that is not white space, or -1. */
function lastVisible(text: string, end: number): number {
  let at = end - 1;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at--;
  return at;
}
