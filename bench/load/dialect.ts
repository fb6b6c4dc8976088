import type { RecordReader, RecordSink } from './record-reader.ts';
import type { NumberedMessage } from './template.ts';

/** A record from the server, taken apart. */
export type Received =
  | { readonly kind: 'completion'; readonly id: string; readonly result: unknown; readonly error?: string }
  | { readonly kind: 'invocation'; readonly id: string | undefined; readonly target: string; readonly args: readonly unknown[] }
  | { readonly kind: 'item'; readonly id: string; readonly item: unknown }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close'; readonly error: string | undefined };

/** What the server's greeting comes to: `reply` is to be sent, `ready` the connection, or `error` why it is not to be. */
export interface GreetingStep {
  readonly reply?: Buffer;
  readonly ready?: boolean;
  readonly error?: string;
}

/**
 * A protocol of calls and events, raw: how its messages are written, and what those of a server are. Where an id or a text is
 * `PLACEHOLDER`, each sending of the message has its own number there.
 */
export interface Dialect {
  /** Whether WebSocket messages are text or binary. */
  readonly format: 'text' | 'binary';
  /** What the client sends first, if it speaks first. */
  readonly opening?: Buffer;
  /** What is sent for a ping, if that is to be answered. */
  readonly pong?: Buffer;
  /** Added to the path of the endpoint, its query. */
  readonly query: string;

  /** What a record before the first message means. */
  greet(record: Buffer): GreetingStep;
  /** Splits what comes into records, greeting included. */
  records(sink: RecordSink): RecordReader;
  /** @throws SyntaxError, RangeError or TypeError for what is not of the protocol */
  interpret(record: Buffer): Received;

  /** A call that is answered; its id is the number. */
  call(target: string, args: readonly unknown[]): NumberedMessage;
  /** A call that is not answered. */
  send(target: string, args: readonly unknown[]): NumberedMessage;
  /** The answer to a call from the server. */
  answer(id: string, result: unknown): NumberedMessage;
  readonly streams?: StreamCalls;
  /** How what comes is acknowledged, if it is. */
  readonly acknowledgements?: Acknowledgements;
}

/** The part of a dialect for stateful reconnect. */
export interface Acknowledgements {
  /** Whether the record that begins at `start` is one of those that count. */
  counts(buffer: Buffer, start: number): boolean;
  /** The message that so many have come. */
  ack(count: number): Buffer;
}

/** The part of a dialect that only protocols with streams have. */
export interface StreamCalls {
  /** A call that is answered by a stream; its id is the number. */
  call(target: string, args: readonly unknown[]): NumberedMessage;
  /** A call whose only argument is a stream, with the stream itself; the call's id is the number. */
  upload(target: string, items: readonly number[]): readonly NumberedMessage[];
}

export type DialectName = 'signalr-json' | 'signalr-messagepack' | 'socket.io';
