import type { Log } from '../base/log.ts';
import { bytes, flag, hook, milliseconds, orNull, type Option, type Settings } from '../base/option-table.ts';
import type { MaybePromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { ConnectionRequest, TransportName } from './connection.ts';
import type { EndpointTelemetry } from './telemetry.ts';

const TRANSPORTS: readonly TransportName[] = ['webSockets', 'serverSentEvents', 'longPolling'];

const transports: Option<readonly TransportName[]> = {
  byDefault: TRANSPORTS,
  expected: `a list of ${TRANSPORTS.map((name) => `'${name}'`).join(', ')}, not empty`,
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every((name) => TRANSPORTS.includes(name as TransportName)),
};

const negotiateVersion: Option<number> = {
  byDefault: 0,
  expected: 'a whole number, 0 or above',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

/** Chooses among the sub-protocols that a client offers; undefined for none of them. */
export type SubProtocolSelector = (offered: readonly string[]) => string | undefined;

/**
 * How an endpoint treats its connections. Names and defaults are those of the reference server's `HttpConnectionDispatcherOptions`, as far
 * as it has the option. The types of options and settings, the check of what users give, and docs/options.md are made of this table.
 */
export const connectionOptions = {
  /** The transports offered, in the order in which clients try them. Default: all three. */
  transports,
  /** The lowest negotiate version answered; the highest there is, is 1. With 1, every client keeps a secret connection token. Default 0. */
  minimumProtocolVersion: negotiateVersion,
  /**
   * Bytes written and not yet taken by a client above which it is not read from and streams to it wait, until half of it is
   * left. Default 65,536.
   */
  transportMaxBufferSize: bytes(65_536),
  /** Bytes received and not yet processed above which the client is held back. Default 65,536. */
  applicationMaxBufferSize: bytes(65_536),
  /**
   * Milliseconds in which a client has to take something of what was sent to it, while more than `transportMaxBufferSize` waits; past
   * that its connection is cut. Not over long polling, where `disconnectTimeout` says how long a client may stay away. Default 10,000.
   */
  transportSendTimeout: milliseconds(10_000),
  /** Bytes waiting for a client that reads too slowly at which its connection is cut. Default 16,777,216. */
  maximumQueuedBytes: bytes(16_777_216),
  /** Milliseconds a connection outlives its client's absence: not taken up after negotiate, not polled any more. Default 15,000. */
  disconnectTimeout: milliseconds(15_000),
  webSockets: {
    /** Milliseconds a client has to answer the close frame. Default 5,000. */
    closeTimeout: milliseconds(5_000),
    /**
     * Chooses one of the WebSocket sub-protocols that a client offers, or undefined for none of them. Not asked where none is offered. If it
     * throws or chooses what was not offered, the upgrade is refused with 500. Default null: none is ever chosen.
     */
    subProtocol: hook<SubProtocolSelector>(),
    /**
     * Bytes of the largest WebSocket message read at all; past it the socket is closed with code 1009. A hub's own limit is
     * lower and answered with a close message. Default null: 16 times `maximumReceiveMessageSize`, and at least 1,048,576.
     */
    maximumMessageSize: orNull(bytes(1_048_576), null),
    /** Whether clients may compress: about 220 KB of memory a connection and several times the CPU. Default false. */
    perMessageDeflate: flag(false),
  },
  longPolling: {
    /** Milliseconds a poll waits before it is answered empty. Clients give up after 100,000. Default 90,000. */
    pollTimeout: milliseconds(90_000),
  },
};

/** Every option of an endpoint with its value. */
export type ConnectionSettings = Settings<typeof connectionOptions>;

/**
 * Who a request comes from: the user, or undefined for an anonymous one.
 *
 * @throws AuthenticationError to refuse with a challenge of its own; any other error is answered with 500 and logged
 */
export type Authenticate = (request: ConnectionRequest) => MaybePromise<unknown>;

/** Whether a request may go on. An anonymous one that may not is answered with 401, a known one with 403. */
export type Authorize = (user: unknown, request: ConnectionRequest) => MaybePromise<boolean>;

/** How one path is served. */
export interface EndpointOptions extends ConnectionSettings {
  /** Checked on every request of a connection. */
  readonly authenticate?: Authenticate | undefined;
  /** Checked on every request of a connection. Everybody may, where it is left out. */
  readonly authorize?: Authorize | undefined;
}

/** What all connections of an endpoint share. */
export interface EndpointContext {
  readonly options: EndpointOptions;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly telemetry: EndpointTelemetry | undefined;
}
