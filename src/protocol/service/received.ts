import { codedError, type SignalboxError } from '../../base/errors.ts';
import type { ServiceMessage } from './messages.ts';

/** A message of a number that is not known, of a later release perhaps: there is nothing to do about it. */
export interface UnknownServiceMessage {
  readonly type: 'unknown';
  readonly number: number;
}

/**
 * What is no message, though it is framed like one. It harms nothing behind it: the official reader leaves it out, and goes on. It is
 * plain data, because a peer can send a great many of them; `malformedMessageError` makes an error of one.
 */
export interface MalformedServiceMessage {
  readonly type: 'malformed';
  /** Its kind, or `unknown`. */
  readonly message: string;
  /** The field that is broken; `array` or `number` where it is the message as a whole. */
  readonly field: string;
  /** What is wrong with it. */
  readonly problem: string;
}

/** What a reader makes of one record. */
export type ReceivedServiceMessage = ServiceMessage | UnknownServiceMessage | MalformedServiceMessage;

export function malformedMessageError({ message, field, problem }: MalformedServiceMessage): SignalboxError {
  return codedError('SIGNALBOX_SERVICE_MESSAGE', { message, field, problem });
}
