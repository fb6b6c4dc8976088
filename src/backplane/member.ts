import type { SharedMessage } from '../protocol/hub/shared-message.ts';

/** A client of this server as a backplane sees it: someone to deliver to. */
export interface Member {
  readonly connectionId: string;
  /** Undefined for a client that belongs to no user. */
  readonly userId: string | undefined;
  /**
   * Queues a message for the client; does nothing once the client is gone.
   *
   * @throws TypeError when the message can't be represented in the client's protocol
   */
  deliver(message: SharedMessage): void;
  /** A client result was asked of it: it must go on reading, whatever else waits to be processed. */
  asked(): void;
  /** A client result that was asked of it is settled, by an answer or otherwise. */
  answered(): void;
}
