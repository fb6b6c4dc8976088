import type { Payload } from '../base/payload.ts';

/** Where the messages to a client go that a client which comes back has to have: all but pings, acks, sequence and close messages. */
export interface MessageWriter {
  /**
   * Takes one whole message. Returns false when the client should not be sent more before it has taken what it was sent. Ignored once the
   * connection has ended.
   */
  write(message: Payload): boolean;
}
