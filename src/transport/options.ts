import type { Log } from '../base/log.ts';
import type { MaybePromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { ConnectionRequest, TransportName } from './connection.ts';

/**
 * Who a request comes from: the user, or undefined for an anonymous one.
 *
 * @throws AuthenticationError to refuse with a challenge of its own; any other error is answered with 500 and logged
 */
export type Authenticate = (request: ConnectionRequest) => MaybePromise<unknown>;

/** Whether a request may go on. An anonymous one that may not is answered with 401, a known one with 403. */
export type Authorize = (user: unknown, request: ConnectionRequest) => MaybePromise<boolean>;

/** How one path is served. Times are milliseconds, sizes are bytes. */
export interface EndpointOptions {
  readonly transports: ReadonlySet<TransportName>;
  /** The lowest negotiate version that is answered: 0, or 1 for clients that keep id and token apart. */
  readonly minimumProtocolVersion: number;
  /** How long a poll waits for data before it is answered empty. Clients give up after 100 s. */
  readonly pollTimeout: number;
  /** How long a connection outlives its client's absence: not taken up after negotiate, or not polled any more. */
  readonly disconnectTimeout: number;
  /** How long the peer has to answer a WebSocket close frame. */
  readonly webSocketCloseTimeout: number;
  /** The largest WebSocket message that is read; a larger one is answered with close code 1009. */
  readonly maximumWebSocketMessageSize: number;
  /** The mark of the write queue: above it `write` returns false and the client is not read from; `drained` comes below half. */
  readonly transportMaxBufferSize: number;
  /** The end of the write queue: a connection that is written to while this much is waiting is cut. */
  readonly maximumQueuedBytes: number;
  /** How much is received for an application that does not take it before the socket or the POST is held back. */
  readonly applicationMaxBufferSize: number;
  /** Whether WebSockets may be compressed: 220 KB a connection, and several times the work. */
  readonly perMessageDeflate: boolean;
  /** Checked on every request of a connection. */
  readonly authenticate?: Authenticate | undefined;
  /** Checked on every request of a connection. Everybody may, where it is left out. */
  readonly authorize?: Authorize | undefined;
}

export const defaultEndpointOptions: EndpointOptions = {
  transports: new Set<TransportName>(['webSockets', 'serverSentEvents', 'longPolling']),
  minimumProtocolVersion: 0,
  pollTimeout: 90_000,
  disconnectTimeout: 15_000,
  webSocketCloseTimeout: 5_000,
  maximumWebSocketMessageSize: 1_048_576,
  transportMaxBufferSize: 65_536,
  maximumQueuedBytes: 16_777_216,
  applicationMaxBufferSize: 65_536,
  perMessageDeflate: false,
};

/** What all connections of an endpoint share. */
export interface EndpointContext {
  readonly options: EndpointOptions;
  readonly wheel: TimerWheel;
  readonly log: Log;
}
