import { MessageType } from './message.ts';
import type { BindingFailureMessage, CompletionMessage, Headers } from './message.ts';

/** What becomes of a message whose values could not be read although the message around them could: its call or stream fails. */

/** A call whose arguments can't be read. */
export function failedCall(
  streaming: boolean,
  invocationId: string | undefined,
  target: string,
  reason = 'InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.',
): BindingFailureMessage {
  return { type: 'bindingFailure', streaming, invocationId, target, reason };
}

/** To the method that reads the stream it has ended, with the error that the reference server gives it. */
export function failedItem(invocationId: string): CompletionMessage {
  return { type: MessageType.completion, invocationId, error: 'Failed to bind Stream message.', hasResult: false };
}

/** To the method that waits for the result its client has failed. */
export function failedResult(headers: Headers | undefined, invocationId: string): CompletionMessage {
  return { type: MessageType.completion, headers, invocationId, error: 'Error trying to deserialize result.', hasResult: false };
}
