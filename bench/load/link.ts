import type { Dialect } from './dialect.ts';
import type { NumberedMessage, Template } from './template.ts';

/** Where a server listens, and its endpoint there. Without TLS: what that costs would hide what the server does. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Of the hub, such as `/hub`. */
  readonly path: string;
}

export type TransportName = 'webSockets' | 'statefulWebSockets' | 'serverSentEvents' | 'longPolling';

/** What a link tells the client above it. All calls but `opened` and `closed` come while a read is passed on. */
export interface LinkListener {
  /** The transport is there: messages can be sent. */
  opened(): void;
  /** A read begins, at this time of `performance.now()`. */
  reading(now: number): void;
  /** A piece of what the server sent, valid during the call. */
  payload(buffer: Buffer, start: number, end: number): void;
  /** A message of the transport has ended: a WebSocket message, an event, a body. */
  messageEnd(): void;
  /** All that the read brought has been passed on. */
  readEnd(): void;
  /** The transport is gone. Called once, and not after `destroy`. */
  closed(reason: string): void;
}

/** A client's transport: raw, over `node:net`, because a library in its place would cost more than the server's work. */
export interface Link {
  /** Makes of a message what goes over the wire each time it is sent. */
  prepare(message: NumberedMessage): Template;
  /** Has a message sent with the next `flush`. */
  add(template: Template, value: number): void;
  flush(): void;
  /** Ends the connection at once, without a goodbye and without leaving the port in TIME_WAIT. */
  destroy(): void;
}

/** Opens a link. Its listener is called later, never from within. */
export type OpenLink = (endpoint: Endpoint, dialect: Dialect, listener: LinkListener) => Link;
