import { bytes, count, flag, milliseconds, orNull, readOptions, type Given, type Option, type Settings } from '../base/option-table.ts';

/** Names of hub protocols. */
const protocolNames: Option<readonly string[] | null> = {
  byDefault: null,
  expected: "a list of names such as 'json', not empty, or null",
  accepts: (value) => value === null || (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')),
};

/**
 * How a hub treats its clients. Names and defaults are those of the reference server's `HubOptions`, as far as it has the option. The types
 * of options and settings, the check of what users give, and docs/options.md are made of this table.
 */
export const hubOptions = {
  /** Milliseconds a client has to send its handshake. Default 15,000. */
  handshakeTimeout: milliseconds(15_000),
  /** Milliseconds between two pings to a client. None over long polling, whose polls end in time by themselves. Default 15,000. */
  keepAliveInterval: milliseconds(15_000),
  /**
   * Milliseconds after which a silent client is dropped. It counts from the client's first ping on; a client that never pings
   * is asked by a WebSocket ping instead, and dropped without a pong. Should be twice the client's ping interval. Default 30,000.
   */
  clientTimeoutInterval: milliseconds(30_000),
  /** The hub protocols offered, by name; null for all that the host has. Default null. */
  supportedProtocols: protocolNames,
  /** Bytes of the largest message taken from a client, framing included; null for no limit. Default 32,768. */
  maximumReceiveMessageSize: orNull(bytes(32_768)),
  /** Whether callers see the text of every error, not only of a `HubError`. For development. Default false. */
  enableDetailedErrors: flag(false),
  /** Items of a client's stream that wait for the method to read them before the client is read no further. Default 10. */
  streamBufferCapacity: count(10),
  /** Plain invocations of one client that run at the same time; the others wait, in order. Streams don't count. Default 1. */
  maximumParallelInvocationsPerClient: count(1),
  /**
   * Streams of one client, in both directions together, that may be open at the same time; a call that would open more fails.
   * Default 1,000.
   */
  maximumStreamsPerClient: count(1_000),
  /** Milliseconds to wait for a client result where the call names no time-out; null for no limit. Default 30,000. */
  clientResultTimeout: orNull(milliseconds(30_000)),
  /**
   * Bytes sent to a client with stateful reconnect and not yet acknowledged by it above which streams to it wait. What waits no longer is
   * bounded by `maximumQueuedBytes`. Default 100,000.
   */
  statefulReconnectBufferSize: bytes(100_000),
  /**
   * Bytes of invocations and stream items of one client that may wait to be processed before the client is read no further.
   * A client that owes a client result is read on up to sixteen times as much, because its answer is behind them.
   * Default 65,536.
   */
  maximumReadAhead: bytes(65_536),
};

/** How a hub treats its clients. */
export interface HubOptions extends Given<typeof hubOptions> {}

/** Every option with its value. */
export type HubSettings = Settings<typeof hubOptions>;

/**
 * Every option with its value: of the sources that name it the last, else its default.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that the option does not take
 */
export function hubSettings(...sources: readonly (HubOptions | undefined)[]): HubSettings {
  return readOptions(hubOptions, sources);
}
