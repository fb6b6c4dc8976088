import { flag, isCount, isMilliseconds, lastGiven, milliseconds, type Expectation } from './option-rules.ts';

/** How a hub treats its clients. Names and defaults are the reference server's `HubOptions`; the last three are ours. */
export interface HubOptions {
  /** Milliseconds a client has to send its handshake. Default 15,000. */
  readonly handshakeTimeout?: number;
  /** Milliseconds between two pings to a client. Not over long polling, whose polls end in time by themselves. Default 15,000. */
  readonly keepAliveInterval?: number;
  /**
   * Milliseconds after which a silent client is dropped. It counts from the client's first ping on; a client that never pings
   * is asked by a WebSocket ping instead. Should be twice the client's ping interval. Default 30,000.
   */
  readonly clientTimeoutInterval?: number;
  /** The hub protocols offered, by name; null for all that the host has. Default null. */
  readonly supportedProtocols?: readonly string[] | null;
  /** Bytes of the largest message taken from a client, framing included; null for no limit. Default 32,768. */
  readonly maximumReceiveMessageSize?: number | null;
  /** Whether callers see the text of every error, not only of a `HubError`. For development. Default false. */
  readonly enableDetailedErrors?: boolean;
  /** Items of a client's stream that wait for the method to read them before the client is read no further. Default 10. */
  readonly streamBufferCapacity?: number;
  /** Plain invocations of one client that run at the same time; the others wait, in order. Streams don't count. Default 1. */
  readonly maximumParallelInvocationsPerClient?: number;
  /** Streams of one client, in both directions together, that may be open at the same time; a call that would open more fails. Default 1,000. */
  readonly maximumStreamsPerClient?: number;
  /** Milliseconds to wait for a client result where the call names no time-out; null for no limit. Default 30,000. */
  readonly clientResultTimeout?: number | null;
  /**
   * Bytes of invocations and stream items of one client that may wait to be processed before the client is read no further.
   * A client that owes a client result is read on up to sixteen times as much, because its answer is behind them.
   * Default 65,536.
   */
  readonly maximumReadAhead?: number;
}

/** Every option with its value. */
export type HubSettings = Readonly<Required<HubOptions>>;

interface Rule<Value> extends Expectation {
  readonly default: Value;
}

const time = (byDefault: number): Rule<number> => ({ default: byDefault, ...milliseconds });
const count = (byDefault: number): Rule<number> => ({ default: byDefault, expected: 'a whole number above 0', accepts: isCount });

const rules: { readonly [Name in keyof HubSettings]: Rule<HubSettings[Name]> } = {
  handshakeTimeout: time(15_000),
  keepAliveInterval: time(15_000),
  clientTimeoutInterval: time(30_000),
  supportedProtocols: {
    default: null,
    expected: "a list of names such as 'json', not empty, or null",
    accepts: (value) => value === null || (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')),
  },
  maximumReceiveMessageSize: {
    default: 32_768,
    expected: 'a whole number of bytes above 0, or null',
    accepts: (value) => value === null || isCount(value),
  },
  enableDetailedErrors: { default: false, ...flag },
  streamBufferCapacity: count(10),
  maximumParallelInvocationsPerClient: count(1),
  maximumStreamsPerClient: count(1_000),
  clientResultTimeout: {
    default: 30_000,
    expected: 'a number of milliseconds above 0, or null',
    accepts: (value) => value === null || isMilliseconds(value),
  },
  maximumReadAhead: count(65_536),
};

/**
 * Every option with its value: of the sources that name it the last, else its default.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that the option does not take
 */
export function hubSettings(...sources: readonly (HubOptions | undefined)[]): HubSettings {
  const settings: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) {
    const values = sources.map((source): unknown => source?.[name as keyof HubOptions]);
    settings[name] = lastGiven<unknown>(name, rule, rule.default, values);
  }
  return Object.freeze(settings) as HubSettings;
}
