import type { TransportName } from './connection.ts';

/** How a negotiate request came out. `abandoned`: it was answered, and the client did not come back. */
export type NegotiationStatus = 'answered' | 'refused' | 'abandoned';

/** Why a client that takes too little was cut: more than `maximumQueuedBytes` waited, or nothing left in `transportSendTimeout`. */
export type SlowClientReason = 'queue_limit' | 'send_timeout';

/** A write queue, to be looked at whenever its size is of interest. */
export interface WriteQueue {
  /** Bytes that wait. */
  readonly queued: number;
}

/** What one endpoint tells of its traffic. */
export interface EndpointTelemetry {
  negotiated(status: NegotiationStatus): void;
  /** A transport carries a new connection. */
  opened(transport: TransportName): ConnectionTelemetry;
}

/** What one connection tells of itself, until `closed`. Sizes leave out what HTTP and WebSocket frames add. */
export interface ConnectionTelemetry {
  /** Bytes came from the client, cut anywhere. */
  received(bytes: number): void;
  /** A message, of a hub or of a raw connection's handler, joined the write queue. */
  wrote(): void;
  /** Bytes left the write queue. */
  sent(bytes: number): void;
  /** The write queue went over `transportMaxBufferSize`. */
  filled(queue: WriteQueue): void;
  /** It is below half of that again, or lost with its WebSocket. Not told of a connection that ends before. */
  drained(): void;
  /** Another WebSocket carries it on, with a write queue of its own. */
  reconnected(): void;
  /** The client is too slow and is cut; `closed` follows, unless it comes back by another WebSocket. */
  cut(reason: SlowClientReason): void;
  /** The client stopped polling, or did not come back by another WebSocket; `closed` follows. */
  timedOut(): void;
  /**
   * Nothing is left of it.
   *
   * @param appShutdown - whether the host is closing
   */
  closed(appShutdown: boolean): void;
}
