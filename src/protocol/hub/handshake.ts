import { RECORD_END } from './framing.ts';
import { HubProtocolError } from './hub-protocol.ts';
import { int32Fault, notAnObject, stringFault } from './json-fields.ts';
import { decodeRecord, place, readLeniently } from './json-text.ts';

/** A client's first message: the hub protocol it is going to speak. Always JSON text, whatever that protocol. */
export interface HandshakeRequest {
  /** As it was sent: the reference server looks it up without regard to case. */
  readonly protocol: string;
  /** Any integer of 32 bits; whether it is supported is the caller's to say. */
  readonly version: number;
}

/**
 * Reads a handshake request.
 *
 * @param record - the record without its separator, as `readTextRecord` finds it
 * @throws HubProtocolError when it is no handshake request
 */
export function parseHandshakeRequest(record: Buffer): HandshakeRequest {
  const text = decodeRecord(record, 0, record.length, false);
  if (text === undefined) throw readerError('The text is not valid UTF-8.');
  const { protocol, version } = readObject(text);
  const fault = (protocol === undefined ? undefined : stringFault('protocol', protocol)) ?? versionFault(version);
  if (fault !== undefined) throw fault;
  if (typeof protocol !== 'string') throw missing('protocol', text);
  if (typeof version !== 'number') throw missing('version', text);
  return { protocol, version };
}

const ACCEPTED = `{}${RECORD_END}`;

/**
 * Writes the answer to a handshake request.
 *
 * @param error - why the connection is refused; none to accept it
 */
export function writeHandshakeResponse(error?: string): string {
  return error === undefined ? ACCEPTED : `${JSON.stringify({ error })}${RECORD_END}`;
}

interface RawRequest {
  readonly protocol?: unknown;
  readonly version?: unknown;
}

function readObject(text: string): RawRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const lenient = readLeniently(text);
    if (lenient === undefined || lenient.trailingComma >= 0) throw readerError(describe(text));
    value = lenient.value;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value);
  return value;
}

function versionFault(version: unknown): HubProtocolError | undefined {
  return version === undefined || version === null ? undefined : int32Fault('version', version);
}

function missing(name: string, text: string): HubProtocolError {
  return new HubProtocolError(`Missing required property '${name}'. Message content: ${text}`);
}

function readerError(text: string): HubProtocolError {
  return new HubProtocolError(text, 'JsonReaderException');
}

/** What the reference server's JSON reader says of text it can't read, as far as that shows in the first token. */
function describe(text: string): string {
  const at = text.search(/[^ \t\r\n]/);
  if (at < 0) {
    const words =
      'The input does not contain any JSON tokens. Expected the input to start with a valid JSON token, when isFinalBlock is true.';
    return `${words} ${place(text, text.length)}`;
  }
  for (const literal of ['null', 'true', 'false']) {
    if (text[at] === literal[0] && !text.startsWith(literal, at)) return describeLiteral(text, at, literal);
  }
  if (/[^[{"\-0-9ntf]/.test(text.charAt(at))) return `'${firstByte(text, at)}' is an invalid start of a value. ${place(text, at)}`;
  return 'The JSON text is not valid.';
}

function describeLiteral(text: string, at: number, literal: string): string {
  let wrong = at + 1;
  while (text[wrong] === literal[wrong - at]) wrong++;
  return `'${text.slice(at)}' is an invalid JSON literal. Expected the literal '${literal}'. ${place(text, wrong)}`;
}

/** A byte outside of printable ASCII is shown in hexadecimal digits. */
function firstByte(text: string, at: number): string {
  const byte = Buffer.from(text.slice(at, at + 2))[0] ?? 0;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
