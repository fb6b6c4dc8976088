import type { Log } from '../base/log.ts';
import { bytes, flag, hook, milliseconds, orNull, type Option, type Settings } from '../base/option-table.ts';
import type { MaybePromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { EntryLimits } from './connection-limits.ts';
import type { ConnectionRequest, TransportName } from './connection.ts';
import type { Feature } from './features.ts';
import type { Redirect } from './redirection.ts';
import type { EndpointTelemetry } from './telemetry.ts';
import type { TermsOf } from './terms.ts';

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

/**
 * The origins of pages that may use an endpoint, beside its own: as browsers write them, or what decides about one.
 * `https://app.example` has neither a path nor a slash at the end.
 */
export type AllowedOrigins = readonly string[] | ((origin: string) => boolean);

const isOrigin = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;

const allowedOrigins: Option<AllowedOrigins | null> = {
  byDefault: null,
  expected: "a list of origins such as 'https://app.example', without a path or slash behind them, or a function, or null",
  accepts: (value) => value === null || typeof value === 'function' || (Array.isArray(value) && value.every(isOrigin)),
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
   * Whether a client that asks for it may come back to the connection it had when its WebSocket is lost, by another one (stateful reconnect).
   * For hubs only, and in negotiate version 1. Default false.
   */
  allowStatefulReconnects: flag(false),
  /**
   * Bytes written and not yet taken by a client above which it is not read from and streams to it wait, until half of it is
   * left. Default 65,536.
   */
  transportMaxBufferSize: bytes(65_536),
  /** Bytes received and not yet processed above which the client is held back. Default 65,536. */
  applicationMaxBufferSize: bytes(65_536),
  /**
   * Bytes of the largest POST taken, which is how clients send over server-sent events and long polling; null for no limit. A larger one is
   * answered with 413. Nothing of it is taken where it says its length, as those of the official clients do; otherwise what came before the
   * limit was, and the connection is closed. Default 30,000,000.
   */
  maximumRequestBodySize: orNull(bytes(30_000_000)),
  /**
   * Milliseconds in which a client has to take something of what was sent to it, while more than `transportMaxBufferSize` waits; past
   * that its connection is cut. With stateful reconnect also the time it has to acknowledge something, while more than
   * `statefulReconnectBufferSize` is unacknowledged. Not over long polling, where `disconnectTimeout` says how long a client may stay away. Default 10,000.
   */
  transportSendTimeout: milliseconds(10_000),
  /**
   * Bytes waiting for a client that reads too slowly at which its connection is cut; with stateful reconnect, bytes that it has not
   * acknowledged, also while it is away. Default 16,777,216.
   */
  maximumQueuedBytes: bytes(16_777_216),
  /**
   * The origins of pages that may use the endpoint from a browser, beside pages of the endpoint's own host: a list such as
   * `['https://app.example']`, or a function of the origin. Requests of other pages are refused with 403, WebSockets included, and pages that
   * may are told so in CORS headers, credentials allowed. Default null: pages of any origin may open WebSockets, and there are no CORS headers.
   */
  allowedOrigins,
  /**
   * Whether a connection is closed, and its client allowed to reconnect, when the authentication of its user expires: see `expiresAt`.
   * Default false.
   */
  closeOnAuthenticationExpiration: flag(false),
  /**
   * Whether clients may renew the authentication of a connection that lives, by `POST {path}/refresh`; a long poll with a renewed token does
   * so, too, and a WebSocket that comes back by stateful reconnect. Default false.
   */
  enableAuthenticationRefresh: flag(false),
  /**
   * Milliseconds a connection outlives its client's absence: not taken up after negotiate, not polled any more, not back after its WebSocket
   * was lost under stateful reconnect. Default 15,000.
   */
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

/** What has to be known of users. */
export interface UserTraits {
  idOf(user: unknown): string | undefined;
  /** Milliseconds since 1970 when the authentication expires; undefined where it does not. */
  expiryOf(user: unknown): number | undefined;
}

/** A new authentication of a connection's user, to be accepted or rejected. */
export interface AuthenticationRefresh<User = unknown> {
  readonly connectionId: string;
  /** The user as the connection knows it; undefined for an anonymous one. */
  readonly previousUser: User | undefined;
  /** The user as `authenticate` knows it now. It is the same one: a request of another is refused before. */
  readonly user: User | undefined;
  /** When the new authentication expires, where it does. */
  readonly expires: Date | undefined;
  readonly request: ConnectionRequest;
}

/** How one path is served. */
export interface EndpointOptions extends ConnectionSettings {
  /** Checked on every request of a connection. */
  readonly authenticate?: Authenticate | undefined;
  /** Checked on every request of a connection. Everybody may, where it is left out. */
  readonly authorize?: Authorize | undefined;
  /** Left out: users have no id, and their authentication never expires. */
  readonly users?: UserTraits | undefined;
  /** Whether a connection may go on with a new authentication. Where it is left out, it may. */
  readonly onAuthenticationRefresh?: ((refresh: AuthenticationRefresh) => MaybePromise<boolean>) | undefined;
  /** Left out: all connections are as the options say. */
  readonly terms?: TermsOf | undefined;
  /** Left out: all clients are served here. */
  readonly redirect?: Redirect | undefined;
  /**
   * Bytes, a multiple of 4: a WebSocket message that is longer is handed over in pieces of at most so many, as it comes, and none is too large.
   * For those who read one stream of bytes. Left out: messages are handed over whole. Not with compression.
   */
  readonly readInPieces?: number | undefined;
  /** What is kept of each connection's request. */
  readonly features?: readonly Feature<unknown>[] | undefined;
}

/** What all connections of an endpoint share. */
export interface EndpointContext {
  readonly options: EndpointOptions;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Asked before a connection is negotiated or taken up. */
  readonly limits?: EntryLimits | undefined;
  readonly telemetry: EndpointTelemetry | undefined;
}
