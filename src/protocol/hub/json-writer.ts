import { RECORD_END } from './framing.ts';
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
export function writeJsonMessage(message: HubMessage): string {
  switch (message.type) {
    case MessageType.invocation:
    case MessageType.streamInvocation:
      return writeInvocation(message);
    case MessageType.streamItem:
      return `${start(message)},"item":${writeValue(message.item)}}${RECORD_END}`;
    case MessageType.completion:
      return writeCompletion(message);
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

function writeInvocation(message: InvocationMessage | StreamInvocationMessage): string {
  const { streamIds } = message;
  const streams = streamIds !== undefined && streamIds.length > 0 ? `,"streamIds":${JSON.stringify(streamIds)}` : '';
  return `${start(message)},"target":${quote(message.target)},"arguments":${writeArguments(message.arguments)}${streams}}${RECORD_END}`;
}

function writeCompletion(message: CompletionMessage): string {
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

function writeArguments(values: readonly unknown[]): string {
  let text = '';
  // Not by map and join: they pass over holes, and an argument that is missing is null.
  for (const value of values) text += text === '' ? writeValue(value) : `,${writeValue(value)}`;
  return `[${text}]`;
}

function writeValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return value === undefined || value === null ? 'null' : stringify(value);
}

/** How bytes come out of `JSON.stringify` by themselves: a `Buffer`, a `Uint8Array`, an empty one. */
const SIGNS_OF_BYTES = ['{"type":"Buffer","data":[', '{"0":', '{}'];

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    // The declared type leaves out what functions and symbols give.
    text = JSON.stringify(value) as string | undefined;
    // A replacer makes it several times slower, so it is only called where the text gives a reason to.
    if (SIGNS_OF_BYTES.some((sign) => text?.includes(sign))) text = JSON.stringify(value, bytesAsBase64);
  } catch (error) {
    throw new TypeError(explain(error), { cause: error });
  }
  if (text === undefined) throw new TypeError(`A value of type ${typeof value} can't be sent as JSON.`);
  return text;
}

/** Bytes are base64 text, which is what clients of the reference server read into a byte array. */
function bytesAsBase64(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Uint8Array ? Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString('base64') : value;
}

function explain(error: unknown): string {
  if (error instanceof RangeError) return 'A value is nested too deeply to be sent as JSON.';
  const reason = error instanceof Error ? error.message : String(error);
  const advice = /BigInt/.test(reason) ? ' Send it as a string, or as a number if it is small enough.' : '';
  return `A value can't be sent as JSON: ${reason}${advice}`;
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
