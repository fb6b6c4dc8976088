import type { Batch } from './batch.ts';
import type { TransferFormat, TransportName } from './connection.ts';

/**
 * What carries the bytes of one connection: a WebSocket, an event stream, polls. It is told what to do by its connection
 * and tells that what came, and when it has ended.
 */
export interface Wire {
  readonly transport: TransportName;
  readonly binary: boolean;
  /** Bytes that were sent and that the operating system has not taken. */
  readonly queued: number;
  /**
   * Sends a batch, which is not empty, as one message; it is cleared after the call.
   *
   * @param taken - to be called, later, when the operating system has taken this batch and all before it
   */
  send(batch: Batch, format: TransferFormat, taken: (() => void) | undefined): void;
  /** Stops reading from the client. What is under way may still come. */
  hold(): void;
  /** Reads again. */
  release(): void;
  /**
   * Calls `stalled` where the client takes nothing of what was sent for so many milliseconds, until `unwatch`. A wire whose client may
   * stay away for a while does nothing.
   */
  watch(patience: number, stalled: () => void): void;
  unwatch(): void;
  /** Asks the client for a sign of life; false where there is no means to. */
  probe(): boolean;
  /** Ends behind what was sent. */
  end(): void;
  /** Ends at once. Also after `end`. */
  cut(): void;
}
