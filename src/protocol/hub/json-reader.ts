import { failedCall, failedItem, failedResult } from './binding-failures.ts';
import type { Fields } from './json-fields.ts';
import { place, readLeniently } from './json-text.ts';
import type { JsonText } from './json-text.ts';
import { fieldsOf, messageOf, unreadable } from './message-object.ts';
import { MessageType } from './message.ts';
import type { BindingFailureMessage, InvocationMessage, ReceivedMessage, StreamInvocationMessage } from './message.ts';
import { MAX_DEPTH } from './nesting.ts';

/** Text this short can't be nested deeper than `MAX_DEPTH`. */
const MAX_SHALLOW_LENGTH = 2 * MAX_DEPTH;

/**
 * Reads one message.
 *
 * @param parse - how its text is read, throwing where it is no JSON
 * @returns undefined for a message of an unknown type
 * @throws HubProtocolError when the text is no message
 */
export function readJsonMessage(text: string, parse: (text: string) => unknown = JSON.parse): ReceivedMessage | undefined {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return readMended(text, parse);
  }
  return messageOf(fieldsOf(value, text.length > MAX_SHALLOW_LENGTH));
}

function readMended(text: string, parse: (text: string) => unknown): ReceivedMessage | undefined {
  const lenient = readLeniently(text, parse);
  if (lenient === undefined) throw unreadable();
  const fields = fieldsOf(lenient.value, text.length > MAX_SHALLOW_LENGTH);
  return lenient.trailingComma < 0 ? messageOf(fields) : toFailure(fields, text, lenient);
}

/** A call with a trailing comma in its arguments fails; the reference server sees it only where the target came first. */
function toFailure(fields: Fields, text: string, { trailingComma }: JsonText): BindingFailureMessage | undefined {
  const message = messageOf(fields);
  if (message?.type !== MessageType.invocation && message?.type !== MessageType.streamInvocation) throw unreadable();
  const names = Object.keys(fields);
  if (message.target === '' || names.indexOf('target') > names.indexOf('arguments')) throw unreadable();
  const streaming = message.type === MessageType.streamInvocation;
  const reason =
    'JsonReaderException: The JSON array contains a trailing comma at the end which is not supported in this mode. ' +
    `Change the reader options. ${place(text, trailingComma)}`;
  return failedCall(streaming, message.invocationId, message.target, reason);
}

/** The message with its values as `revive` makes them. What that throws fails the call or stream that the message belongs to. */
export function reviveValues(message: ReceivedMessage, revive: (value: unknown) => unknown): ReceivedMessage {
  if (message.type === MessageType.invocation || message.type === MessageType.streamInvocation) return reviveArguments(message, revive);
  if (message.type === MessageType.streamItem) {
    try {
      return { ...message, item: revive(message.item) };
    } catch {
      return failedItem(message.invocationId);
    }
  }
  if (message.type !== MessageType.completion || !message.hasResult) return message;
  try {
    return { ...message, result: revive(message.result) };
  } catch {
    return failedResult(message.headers, message.invocationId);
  }
}

function reviveArguments(message: InvocationMessage | StreamInvocationMessage, revive: (value: unknown) => unknown): ReceivedMessage {
  try {
    return { ...message, arguments: message.arguments.map((value) => revive(value)) };
  } catch {
    return failedCall(message.type === MessageType.streamInvocation, message.invocationId, message.target);
  }
}
