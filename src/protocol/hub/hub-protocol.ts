import type { HubMessage, ReceivedMessage } from './message.ts';

/** The newest hub protocol version that is spoken; 2 added acknowledgements for stateful reconnect. */
export const HUB_PROTOCOL_VERSION = 2;

/**
 * Takes a message as it is read, with the bytes it took on the wire, framing included. `bytes` and `end` say where it lies: it ends
 * before the offset `end`, and lasts as long as `parse` runs; a protocol may leave them out. Returning false stops `parse` behind
 * that message.
 */
export type MessageSink = (message: ReceivedMessage, byteLength: number, bytes?: Buffer, end?: number) => boolean;

/**
 * Translates hub messages from and to bytes. Pure: no I/O, no clock, no state between calls, so one instance serves every
 * connection. `hubProtocolCases` of `signalbox/conformance` is what an implementation is held to.
 */
export interface HubProtocol {
  /** As clients ask for it in the handshake, in lower case. */
  readonly name: string;
  /** The highest version that clients may ask for: 1, or 2 where acks and sequences are written and read, too. */
  readonly version: number;
  /** Whether its bytes can travel where only text can. */
  readonly format: 'text' | 'binary';
  /**
   * Reads whole messages from `bytes`, beginning at `start`, and hands each to `sink`. A message of an unknown type is
   * skipped: the specification asks for it, and newer peers rely on it.
   *
   * @param limit - the largest message in bytes, its separator or length prefix included, as the reference server counts it; 0
   *   for none
   * @returns the offset behind the last message read; what follows is the start of one that has not arrived whole
   * @throws HubProtocolError when the bytes can't be a message, or one is (or grows) larger than `limit`. Messages before
   *   it have been handed to `sink`
   */
  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number;
  /**
   * One message with its framing: a string in a text protocol, bytes in a binary one.
   *
   * @throws TypeError when a value can't be represented, for example a cyclic object
   */
  write(message: HubMessage): string | Uint8Array;
}

/**
 * A peer broke the protocol: its connection ends. `name` and `message` are the reference server's exception and text where
 * it has them, because clients see both when detailed errors are on.
 */
export class HubProtocolError extends Error {
  override readonly name: string;

  constructor(message: string, name = 'InvalidDataException') {
    super(message);
    this.name = name;
  }
}
