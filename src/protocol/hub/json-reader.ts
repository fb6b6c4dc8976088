import { HubProtocolError } from './hub-protocol.ts';
import { areFields, fieldFault, missing, notAnObject } from './json-fields.ts';
import type { Fields, RawFields } from './json-fields.ts';
import { place, readLeniently } from './json-text.ts';
import type { JsonText } from './json-text.ts';
import { MessageType } from './message.ts';
import type {
  BindingFailureMessage,
  CompletionMessage,
  InvocationMessage,
  ReceivedMessage,
  StreamInvocationMessage,
  StreamItemMessage,
} from './message.ts';
import { MAX_DEPTH, isDeeper } from './nesting.ts';

/** Text this short can't be nested deeper than `MAX_DEPTH`. */
const MAX_SHALLOW_LENGTH = 2 * MAX_DEPTH;

/**
 * Reads one message.
 *
 * @returns undefined for a message of an unknown type
 * @throws HubProtocolError when the text is no message
 */
export function readJsonMessage(text: string): ReceivedMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return readMended(text);
  }
  return toMessage(toFields(value, text));
}

export function unreadable(): HubProtocolError {
  return new HubProtocolError('Error reading JSON.');
}

function readMended(text: string): ReceivedMessage | undefined {
  const lenient = readLeniently(text);
  if (lenient === undefined) throw unreadable();
  const fields = toFields(lenient.value, text);
  return lenient.trailingComma < 0 ? toMessage(fields) : toFailure(fields, text, lenient);
}

function toFields(value: unknown, text: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value);
  if (text.length > MAX_SHALLOW_LENGTH && isDeeper(value, MAX_DEPTH)) throw unreadable();
  const raw: RawFields = value;
  if (!areFields(raw)) throw fieldFault(raw);
  return raw;
}

function toMessage(fields: Fields): ReceivedMessage | undefined {
  switch (fields.type) {
    case MessageType.invocation:
      return toInvocation(fields);
    case MessageType.streamItem:
      return toStreamItem(fields);
    case MessageType.completion:
      return toCompletion(fields);
    case MessageType.streamInvocation:
      return toStreamInvocation(fields);
    case MessageType.cancelInvocation:
      return { type: MessageType.cancelInvocation, headers: fields.headers, invocationId: requiredId(fields) };
    case MessageType.ping:
      return { type: MessageType.ping };
    case MessageType.close:
      return { type: MessageType.close, error: fields.error, allowReconnect: fields.allowReconnect };
    case MessageType.ack:
    case MessageType.sequence:
      return { type: fields.type, sequenceId: required(fields.sequenceId, 'sequenceId') };
    case undefined:
      throw missing('type');
    default:
      return undefined;
  }
}

function toInvocation(fields: Fields): InvocationMessage {
  return {
    type: MessageType.invocation,
    headers: fields.headers,
    // An empty id means as much as none.
    invocationId: fields.invocationId || undefined,
    target: required(fields.target, 'target'),
    arguments: required(fields.arguments, 'arguments'),
    streamIds: fields.streamIds,
  };
}

function toStreamInvocation(fields: Fields): StreamInvocationMessage {
  const target = required(fields.target, 'target');
  return {
    type: MessageType.streamInvocation,
    headers: fields.headers,
    invocationId: requiredId(fields),
    target,
    arguments: required(fields.arguments, 'arguments'),
    streamIds: fields.streamIds,
  };
}

function toStreamItem(fields: Fields): StreamItemMessage {
  const invocationId = requiredId(fields);
  if (fields.item === undefined) throw missing('item');
  return { type: MessageType.streamItem, headers: fields.headers, invocationId, item: fields.item };
}

function toCompletion(fields: Fields): CompletionMessage {
  const invocationId = requiredId(fields);
  const { headers, error, result } = fields;
  // A null beside an error is let pass: the Swift client writes it into every completion.
  const hasResult = result !== undefined && !(error !== undefined && result === null);
  if (hasResult && error !== undefined) throw new HubProtocolError("The 'error' and 'result' properties are mutually exclusive.");
  return { type: MessageType.completion, headers, invocationId, error, hasResult, result: hasResult ? result : undefined };
}

/** A call with a trailing comma in its arguments fails; the reference server sees it only where the target came first. */
function toFailure(fields: Fields, text: string, { trailingComma }: JsonText): BindingFailureMessage | undefined {
  const message = toMessage(fields);
  if (message?.type !== MessageType.invocation && message?.type !== MessageType.streamInvocation) throw unreadable();
  const names = Object.keys(fields);
  if (message.target === '' || names.indexOf('target') > names.indexOf('arguments')) throw unreadable();
  return {
    type: 'bindingFailure',
    streaming: message.type === MessageType.streamInvocation,
    invocationId: message.invocationId,
    target: message.target,
    reason:
      'JsonReaderException: The JSON array contains a trailing comma at the end which is not supported in this mode. ' +
      `Change the reader options. ${place(text, trailingComma)}`,
  };
}

function requiredId(fields: Fields): string {
  if (fields.invocationId === undefined || fields.invocationId === '') throw missing('invocationId');
  return fields.invocationId;
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw missing(name);
  return value;
}
