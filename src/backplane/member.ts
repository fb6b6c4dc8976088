import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';

/** A client of this server as a backplane sees it: someone to deliver to. */
export interface Member {
  readonly connectionId: string;
  /** Undefined for a client that belongs to no user. */
  readonly userId: string | undefined;
  /** What it speaks. */
  readonly protocol: HubProtocol;
  /**
   * Queues a message for the client; does nothing once the client is gone.
   *
   * @throws TypeError when the message can't be represented in the client's protocol
   */
  deliver(message: OutboundMessage): void;
  /** A client result was asked of it: it must go on reading, whatever else waits to be processed. */
  asked(): void;
  /** A client result that was asked of it is settled, by an answer or otherwise, as far as its server knows. */
  answered(): void;
}
