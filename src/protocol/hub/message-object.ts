import { areFields, fieldFault, missing, notAnObject } from './json-fields.ts';
import type { Fields, RawFields } from './json-fields.ts';
import { HubProtocolError } from './hub-protocol.ts';
import { MessageType } from './message.ts';
import type {
  CompletionMessage,
  HubMessage,
  InvocationMessage,
  ReceivedMessage,
  StreamInvocationMessage,
  StreamItemMessage,
} from './message.ts';
import { MAX_DEPTH, isDeeper } from './nesting.ts';

/**
 * Reads a message from an object that has the properties of the JSON protocol, wherever it came from: for protocols of one's own
 * over a codec of objects. Everything is checked as in JSON, nesting included; values are taken as they are.
 *
 * @returns undefined for a message of an unknown type: skip it
 * @throws HubProtocolError when it is no message, or nested deeper than 64 levels
 */
export function readMessageObject(value: unknown): ReceivedMessage | undefined {
  return messageOf(fieldsOf(value, true));
}

/** A message as the object that `readMessageObject` reads: what is undefined is left out, values are as they are. */
export function writeMessageObject(message: HubMessage): Readonly<Record<string, unknown>> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) if (value !== undefined && name !== 'hasResult') object[name] = value;
  if (message.type === MessageType.streamItem) object['item'] = message.item ?? null;
  if (message.type !== MessageType.completion) return object;
  delete object['result'];
  if (message.hasResult && message.error === undefined) object['result'] = message.result ?? null;
  return object;
}

/**
 * The properties of a message, each of the right type where it is there.
 *
 * @param mayBeDeep - false where the text is too short for that
 */
export function fieldsOf(value: unknown, mayBeDeep: boolean): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value);
  if (mayBeDeep && isDeeper(value, MAX_DEPTH)) throw unreadable();
  const raw: RawFields = value;
  if (!areFields(raw)) throw fieldFault(raw);
  return raw;
}

/** The message that has these properties; undefined for one of an unknown type. */
export function messageOf(fields: Fields): ReceivedMessage | undefined {
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

function requiredId(fields: Fields): string {
  if (fields.invocationId === undefined || fields.invocationId === '') throw missing('invocationId');
  return fields.invocationId;
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw missing(name);
  return value;
}

export function unreadable(): HubProtocolError {
  return new HubProtocolError('Error reading JSON.');
}
