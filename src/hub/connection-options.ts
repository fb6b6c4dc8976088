import type { MaybePromise } from '../base/promise.ts';
import type { ConnectionRequest, TransportName } from '../transport/connection.ts';
import { defaultEndpointOptions, type EndpointOptions } from '../transport/options.ts';
import type { Claims } from './claims.ts';
import { flag, isCount, lastGiven, milliseconds, type Expectation } from './option-rules.ts';

/** How an endpoint treats its connections. Names and defaults are the reference server's where it has them. */
export interface ConnectionOptions<User = Claims> {
  /** The transports offered. Default: all three, in the order clients try them. */
  readonly transports?: readonly TransportName[];
  /** The lowest negotiate version answered; the highest there is, is 1. With 1, every client keeps a secret connection token. Default 0. */
  readonly minimumProtocolVersion?: number;
  /**
   * Bytes written and not yet taken by a client above which it is not read from and streams to it wait, until half of it is
   * left. Default 65,536.
   */
  readonly transportMaxBufferSize?: number;
  /** Bytes received and not yet processed above which the client is held back. Default 65,536. */
  readonly applicationMaxBufferSize?: number;
  /** Bytes waiting for a client that reads too slowly at which its connection is cut. Default 16,777,216. */
  readonly maximumQueuedBytes?: number;
  /** Milliseconds a connection outlives its client's absence: not taken up after negotiate, not polled any more. Default 15,000. */
  readonly disconnectTimeout?: number;
  readonly webSockets?: WebSocketOptions;
  readonly longPolling?: LongPollingOptions;
  /**
   * Who may use the endpoint. Asked on every request of a connection, negotiate included. Without it, everyone may.
   * An anonymous request that may not is answered with 401, a known one with 403.
   */
  readonly authorize?: (attempt: { readonly user: User | undefined; readonly request: ConnectionRequest }) => boolean | Promise<boolean>;
}

export interface WebSocketOptions {
  /** Milliseconds a client has to answer the close frame. Default 5,000. */
  readonly closeTimeout?: number;
  /**
   * Bytes of the largest WebSocket message read at all; past it the socket is closed with code 1009. A hub's own limit is
   * lower and answered with a close message. Default: 16 times `maximumReceiveMessageSize`, at least 1,048,576.
   */
  readonly maximumMessageSize?: number;
  /** Whether clients may compress: about 220 KB of memory a connection and several times the CPU. Default false. */
  readonly perMessageDeflate?: boolean;
}

export interface LongPollingOptions {
  /** Milliseconds a poll waits before it is answered empty. Clients give up after 100,000. Default 90,000. */
  readonly pollTimeout?: number;
}

/** Every option of an endpoint with its value, but for the hooks. */
export type ConnectionSettings = Omit<EndpointOptions, 'authenticate' | 'authorize'>;

const TRANSPORTS: readonly TransportName[] = ['webSockets', 'serverSentEvents', 'longPolling'];
/** `ws` takes any size up to here for no limit. */
const NO_LIMIT = 0x7fff_ffff;

const bytes: Expectation = {
  expected: 'a whole number of bytes above 0',
  accepts: isCount,
};
const transports: Expectation = {
  expected: `a list of ${TRANSPORTS.map((name) => `'${name}'`).join(', ')}, not empty`,
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every((name) => TRANSPORTS.includes(name as TransportName)),
};
const version: Expectation = {
  expected: 'a whole number, 0 or above',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

/** A WebSocket message may hold many hub messages: this much more than one. */
const MESSAGES_IN_ONE = 16;

/**
 * How an endpoint is served: of the sources that name an option the last counts, else its default.
 *
 * @param messageSize - the hub's largest message, null for no limit, undefined without a hub
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that an option does not take
 */
export function endpointOptions(
  sources: readonly (ConnectionOptions<never> | undefined)[],
  messageSize: number | null | undefined,
): ConnectionSettings {
  const defaults = defaultEndpointOptions;
  const read = <Value>(
    option: string,
    rule: Expectation,
    byDefault: Value,
    pick: (source: ConnectionOptions<never>) => Value | undefined,
  ): Value =>
    lastGiven(
      option,
      rule,
      byDefault,
      sources.map((source) => source && pick(source)),
    );
  return {
    transports: new Set(read('transports', transports, TRANSPORTS, (from) => from.transports)),
    minimumProtocolVersion: read<number>(
      'minimumProtocolVersion',
      version,
      defaults.minimumProtocolVersion,
      (from) => from.minimumProtocolVersion,
    ),
    transportMaxBufferSize: read('transportMaxBufferSize', bytes, defaults.transportMaxBufferSize, (from) => from.transportMaxBufferSize),
    applicationMaxBufferSize: read(
      'applicationMaxBufferSize',
      bytes,
      defaults.applicationMaxBufferSize,
      (from) => from.applicationMaxBufferSize,
    ),
    maximumQueuedBytes: read('maximumQueuedBytes', bytes, defaults.maximumQueuedBytes, (from) => from.maximumQueuedBytes),
    disconnectTimeout: read('disconnectTimeout', milliseconds, defaults.disconnectTimeout, (from) => from.disconnectTimeout),
    webSocketCloseTimeout: read(
      'webSockets.closeTimeout',
      milliseconds,
      defaults.webSocketCloseTimeout,
      (from) => from.webSockets?.closeTimeout,
    ),
    maximumWebSocketMessageSize: read(
      'webSockets.maximumMessageSize',
      bytes,
      largestFrame(messageSize),
      (from) => from.webSockets?.maximumMessageSize,
    ),
    perMessageDeflate: read('webSockets.perMessageDeflate', flag, defaults.perMessageDeflate, (from) => from.webSockets?.perMessageDeflate),
    pollTimeout: read('longPolling.pollTimeout', milliseconds, defaults.pollTimeout, (from) => from.longPolling?.pollTimeout),
  };
}

function largestFrame(messageSize: number | null | undefined): number {
  if (messageSize === null) return NO_LIMIT;
  return Math.max(defaultEndpointOptions.maximumWebSocketMessageSize, (messageSize ?? 0) * MESSAGES_IN_ONE);
}

/** What the transports ask of a request's user, from what the host and the endpoint say. The last source that says something counts. */
export function authorizeWith<User>(
  sources: readonly (ConnectionOptions<User> | undefined)[],
): ((user: unknown, request: ConnectionRequest) => MaybePromise<boolean>) | undefined {
  const authorize = sources.findLast((source) => source?.authorize !== undefined)?.authorize;
  return authorize && ((user, request) => authorize({ user: user as User | undefined, request }));
}
