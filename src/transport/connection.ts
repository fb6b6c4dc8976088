import type { Payload } from '../base/payload.ts';
import type { Features } from './features.ts';

export type TransportName = 'webSockets' | 'serverSentEvents' | 'longPolling';

/** `text` connections carry UTF-8 only; `binary` ones any bytes. Decides the WebSocket frame type and nothing else. */
export type TransferFormat = 'text' | 'binary';

/** The HTTP request that opened a connection: the WebSocket upgrade, the event stream's GET or the first poll. */
export interface ConnectionRequest {
  /** Path and query as they were sent. `http://localhost` stands in for the origin where the request named no host. */
  readonly url: URL;
  readonly headers: Headers;
  /** The cookies of the header, by name: decoded where they are percent-encoded, the first of each name. */
  readonly cookies: ReadonlyMap<string, string>;
  /** Who sent it, as the socket has it: behind a proxy that is the proxy. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** What the option `features` has kept of it. */
  readonly features: Features;
}

/** What a connection tells whoever reads it. Called synchronously; must not throw. */
export interface ConnectionListener {
  /** Bytes of the peer, cut anywhere. The buffer is the callee's for the length of the call: copy what is kept. */
  received(chunk: Buffer): void;
  /** The write queue was full (`write` returned false) and is below its mark again. */
  drained(): void;
  /** The connection's `user` is another object: its authentication was renewed. */
  refreshed?(): void;
  /** The authentication of the user has expired, or the client has to go elsewhere: to take leave and close. Where it is left out, the connection is closed. */
  expired?(): void;
  /**
   * The server wants the connection to end, and why: whoever has a protocol of its own tells the peer, and closes. Where this is
   * left out, the connection is closed.
   */
  dismissed?(reason: Error): void;
  /** The last call. `error` is why, where the connection did not simply end. */
  closed(error: Error | undefined): void;
}

/** What a connection tells that outlives its sockets. Called synchronously; must not throw. */
export interface ReconnectListener {
  /** The socket is gone. What is written from now on is dropped, until there is another one. */
  lost(): void;
  /**
   * Another socket carries the connection, whether or not the last one was missed. What was received of the last one is over, and what it
   * had not sent is lost; what is written in this call goes out first.
   */
  reconnected(): void;
}

/** What whoever keeps messages for a client that may come back has to keep to. They are options of the endpoint. */
export interface QueueLimits {
  /** Bytes that may wait for a client. */
  readonly maximumQueuedBytes: number;
  /** Milliseconds in which a client has to take something of what waits. */
  readonly transportSendTimeout: number;
}

/**
 * A duplex stream of bytes to one client, whatever transport carries it.
 *
 * An implementer guarantees: bytes arrive in the order they were sent; nothing is delivered while paused or before
 * `receive`; everything written in one turn of the event loop leaves together, in order; a record (one `write`) is never
 * split over two WebSocket messages, events or poll answers; `closed` is called exactly once, and nothing after it.
 */
export interface Connection {
  /** The public id. Not the connection token, which stays between this client and its transport. */
  readonly id: string;
  readonly transport: TransportName;
  /** Whether the transport can carry any bytes; server-sent events can't. */
  readonly binary: boolean;
  readonly request: ConnectionRequest;
  /** What `authenticate` made of the request, or of a later one that renewed it; undefined for an anonymous one. */
  readonly user: unknown;
  /** The id of its user, null for none, where whoever carries the connection knows it. Left out: the host is asked. */
  readonly userId?: string | null;
  /** `text` until set. */
  format: TransferFormat;
  /** Bytes written and not yet taken by the operating system. */
  readonly queued: number;
  /** Starts delivery. Bytes that came before are delivered in the call. */
  receive(listener: ConnectionListener): void;
  /** Stops and restarts reading from the peer. Each is idempotent. */
  pause(): void;
  resume(): void;
  /**
   * Queues whole records, whose bytes must not change afterwards. Returns false when the queue is over its mark: `drained` follows. Ignored once
   * closing.
   */
  write(payload: Payload): boolean;
  /**
   * Calls `taken` once the operating system has all that is written in this turn, before the call or after it. Not at all where the connection
   * ends before, or another call in the same turn follows. Left out by connections that can't tell.
   */
  whenTaken?(taken: () => void): void;
  /** Asks the peer's transport for a sign of life, which counts as `alive`. False where the transport has no such means. */
  probe(): boolean;
  /** The clock's time when the peer last gave a sign of life: bytes, a WebSocket pong, a poll. */
  readonly alive: number;
  /** Whether the client negotiated that it may come back by another socket: only then is `enableReconnect` called. Left out: it did not. */
  readonly negotiatedReconnect?: boolean;
  /**
   * Lets the connection outlive its socket from now on: when that is lost, the client has the endpoint's `disconnectTimeout` to come back
   * by another one. Undefined, and nothing done, where the client has not negotiated it, its transport can't, or it has ended.
   */
  enableReconnect(listener: ReconnectListener): QueueLimits | undefined;
  /** Sends what is queued, then ends. `error` is what `closed` reports; the peer never sees it. */
  close(error?: Error): void;
  /** Cuts at once; what is queued is lost. */
  abort(error?: Error): void;
}
