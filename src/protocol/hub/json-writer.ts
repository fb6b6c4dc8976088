import { RECORD_END } from './framing.ts';
import { jsonValueOf, plainReplacer, stringifyBigInts, type BigIntReplacer, type BigIntWriting, type Replace } from './json-replacer.ts';
import { MessageType } from './message.ts';
import type { CloseMessage, CompletionMessage, Headers, HubMessage, InvocationMessage, StreamInvocationMessage } from './message.ts';

/** Up to this length, looking at each character is quicker than `JSON.stringify`. */
const MAX_SHORT_TEXT = 64;

/**
 * Writes one message with its separator, properties in the order of the reference server. Only values go through
 * `JSON.stringify`; the rest is put together from strings.
 *
 * @throws TypeError when a value can't be represented in JSON
 */
export function writeJsonMessage(message: HubMessage, writeValue: ValueWriter = writePlainValue): string {
  switch (message.type) {
    case MessageType.invocation:
    case MessageType.streamInvocation:
      return writeInvocation(message, writeValue);
    case MessageType.streamItem:
      return `${start(message)},"item":${writeValue(message.item)}}${RECORD_END}`;
    case MessageType.completion:
      return writeCompletion(message, writeValue);
    case MessageType.cancelInvocation:
      return `${start(message)}}${RECORD_END}`;
    case MessageType.ping:
      return `{"type":6}${RECORD_END}`;
    case MessageType.close:
      return writeClose(message);
    case MessageType.ack:
    case MessageType.sequence:
      break;
  }
  return `{"type":${message.type},"sequenceId":${message.sequenceId}}${RECORD_END}`;
}

function writeInvocation(message: InvocationMessage | StreamInvocationMessage, writeValue: ValueWriter): string {
  const { streamIds } = message;
  const streams = streamIds !== undefined && streamIds.length > 0 ? `,"streamIds":${JSON.stringify(streamIds)}` : '';
  return `${start(message)},"target":${quote(message.target)},"arguments":${writeArguments(message.arguments, writeValue)}${streams}}${RECORD_END}`;
}

function writeCompletion(message: CompletionMessage, writeValue: ValueWriter): string {
  let outcome = '';
  if (message.error !== undefined) outcome = `,"error":${quote(message.error)}`;
  else if (message.hasResult) outcome = `,"result":${writeValue(message.result)}`;
  return `${start(message)}${outcome}}${RECORD_END}`;
}

function writeClose({ error, allowReconnect }: CloseMessage): string {
  const reason = error === undefined ? '' : `,"error":${quote(error)}`;
  return `{"type":7${reason}${allowReconnect === true ? ',"allowReconnect":true' : ''}}${RECORD_END}`;
}

interface InvocationRelated {
  readonly type: number;
  readonly headers?: Headers | undefined;
  readonly invocationId?: string | undefined;
}

function start({ type, headers, invocationId }: InvocationRelated): string {
  const head = headers === undefined ? `{"type":${type}` : `{"type":${type}${writeHeaders(headers)}`;
  return invocationId === undefined || invocationId === '' ? head : `${head},"invocationId":${quote(invocationId)}`;
}

function writeHeaders(headers: Headers): string {
  const text = JSON.stringify(headers);
  return text === '{}' ? '' : `,"headers":${text}`;
}

function writeArguments(values: readonly unknown[], writeValue: ValueWriter): string {
  let text = '';
  // Not by map and join: they pass over holes, and an argument that is missing is null.
  for (const value of values) text += text === '' ? writeValue(value) : `,${writeValue(value)}`;
  return `[${text}]`;
}

function writePlainValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return value === undefined || value === null ? 'null' : stringify(value);
}

/** How bytes and collections come out of `JSON.stringify` by themselves: a `Buffer`, a `Uint8Array`, an empty one or a `Map`. */
const SIGNS_OF_REPLACEMENTS = ['{"type":"Buffer","data":[', '{"0":', '{}'];

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    // The declared type leaves out what functions and symbols give.
    text = JSON.stringify(value) as string | undefined;
    // A replacer makes it several times slower, so it is only called where the text gives a reason to.
    if (!SIGNS_OF_REPLACEMENTS.some((sign) => text?.includes(sign))) return known(text, value);
  } catch (error) {
    // What a toJSON throws, and a cycle, is thrown again.
    if (!(error instanceof TypeError)) throw refusal(error);
  }
  return stringifyWith(value, 'exact', plainReplacer);
}

function stringifyWith(value: unknown, bigints: BigIntWriting, replacing: (bigint: BigIntReplacer) => Replace): string {
  let text: string | undefined;
  try {
    text = stringifyBigInts(value, bigints, replacing);
  } catch (error) {
    throw refusal(error);
  }
  return known(text, value);
}

function known(text: string | undefined, value: unknown): string {
  if (text === undefined) throw new TypeError(`A value of type ${typeof value} can't be sent as JSON.`);
  return text;
}

/** As for `JSON.stringify`. */
export type Replacer = (this: unknown, key: string, value: unknown) => unknown;

/** Writes the text of one value. */
export type ValueWriter = (value: unknown) => string;

interface ValueWriting {
  readonly bigints: BigIntWriting;
  readonly rename: ((name: string) => string) | undefined;
  readonly custom: Replacer | undefined;
}

/** Writes values in another way than the usual one. */
export function valueWriter({ bigints, rename, custom }: ValueWriting): ValueWriter {
  const replacing = (bigint: BigIntReplacer): Replace =>
    function (key, value) {
      const chosen = custom === undefined ? value : custom.call(this, key, value);
      const replaced = jsonValueOf(chosen === value ? this[key] : chosen, chosen, bigint);
      return rename === undefined || chosen instanceof Map ? replaced : renamed(replaced, rename);
    };
  return (value) => stringifyWith(value ?? null, bigints, replacing);
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), item as unknown]));
}

function refusal(error: unknown): TypeError {
  return new TypeError(explain(error), { cause: error });
}

function explain(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && !reason.includes('BigInt')) return 'A value is nested too deeply to be sent as JSON.';
  return `A value can't be sent as JSON: ${reason}`;
}

/** The text as a JSON string. */
function quote(text: string): string {
  if (text.length > MAX_SHORT_TEXT) return JSON.stringify(text);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Beyond ASCII there may be lone surrogates, which JSON.stringify escapes.
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}
