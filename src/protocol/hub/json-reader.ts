import type { Fields } from './json-fields.ts';
import { place, readLeniently } from './json-text.ts';
import type { JsonText } from './json-text.ts';
import { fieldsOf, messageOf, unreadable } from './message-object.ts';
import { MessageType } from './message.ts';
import type { BindingFailureMessage, ReceivedMessage } from './message.ts';
import { MAX_DEPTH } from './nesting.ts';

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
  return messageOf(fieldsOf(value, text.length > MAX_SHALLOW_LENGTH));
}

function readMended(text: string): ReceivedMessage | undefined {
  const lenient = readLeniently(text);
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
