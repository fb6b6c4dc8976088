import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { bytes, count, flag, milliseconds, orNull, readOptions, type Given, type Option, type Settings } from '../base/option-table.ts';

const text: Option<string> = { byDefault: '', expected: 'text', accepts: (value) => typeof value === 'string' };

const databaseNumber: Option<number> = {
  byDefault: 0,
  expected: 'a whole number from 0 on',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

/** Redis takes no fractions. */
const wholeMilliseconds = (byDefault: number): Option<number> => ({
  ...milliseconds(byDefault),
  expected: 'a whole number of milliseconds above 0',
  accepts: (value) => count(byDefault).accepts(value) && milliseconds(byDefault).accepts(value),
});

const policies = ['buffer', 'local', 'fail'] as const;

const outagePolicy: Option<(typeof policies)[number]> = {
  byDefault: 'buffer',
  expected: "'buffer', 'local' or 'fail'",
  accepts: (value) => policies.some((policy) => policy === value),
};

/**
 * How servers meet over Redis. Names are those of the .NET client's configuration, as far as it has the option. The types of options and
 * settings, the check of what users give, and docs/options.md are made of this table.
 */
export const redisOptions = {
  /**
   * Put in front of every channel, as it is. Farms that share a Redis are told apart by it, and by nothing else: a database number does not
   * separate them. Default null.
   */
  channelPrefix: orNull(text, null),
  /**
   * Whether Redis keeps messages for servers that are cut off. They carry, behind what .NET servers read, what only Node servers need: a mark by which one
   * that comes again is known, so that nobody hears it twice, and its place in what is kept. With false messages are byte for byte what a .NET server
   * sends, and nothing is kept. Default true.
   */
  catchUp: flag(true),
  /** The user to log in as; null for Redis's default user. Default null. */
  user: orNull(text, null),
  /** The password to log in with; null for none. Default null. */
  password: orNull(text, null),
  /** The database to select. It makes no difference to channels; a Redis that lets a user into one database only may ask for it. Default 0. */
  defaultDatabase: databaseNumber,
  /** The name that Redis shows for the connections; null for none. Default null. */
  clientName: orNull(text, null),
  /** Milliseconds to make a connection. Default 5,000. */
  connectTimeout: milliseconds(5_000),
  /** Milliseconds that a send, a join or a new client waits for a connection or a subscription that is not there. Default 5,000. */
  asyncTimeout: milliseconds(5_000),
  /** Milliseconds between two pings to Redis. A connection whose ping is not answered before the next is made anew. Default 5,000. */
  keepAlive: milliseconds(5_000),
  /** Milliseconds before the first attempt to connect again; each further one waits twice as long. Default 50. */
  firstReconnectDelay: milliseconds(50),
  /** Milliseconds between attempts to connect again, at the most. Default 1,000. */
  longestReconnectDelay: milliseconds(1_000),
  /**
   * What becomes of sends while Redis is away. `'buffer'`: clients of this server are served directly, and the message waits for Redis in the outbox.
   * `'local'`: clients of this server are served, others are not. `'fail'`: the send fails, and nobody is served. Default buffer.
   */
  outagePolicy,
  /** Bytes that Redis has not taken yet, the outbox among them, above which sends fail. Default 67,108,864. */
  maximumOutboxBytes: bytes(67_108_864),
  /** Milliseconds that a message waits for Redis before it is given up. Default 300,000. */
  maximumOutboxAge: milliseconds(300_000),
  /** Milliseconds without an answer from Redis after which clients of this server are served directly, until it answers. Default 2,000. */
  answerTimeout: milliseconds(2_000),
  /**
   * Milliseconds that a message is kept after Redis has taken it. One that was restarted may not have passed it on, so it is published again then.
   * null to keep none. With `catchUp: false` none is kept, because nobody could know it again. Default 30,000.
   */
  resendAge: orNull(milliseconds(30_000)),
  /** Bytes of the messages that are kept so, at the most. Default 16,777,216. */
  resendBytes: bytes(16_777_216),
  /**
   * Milliseconds that the outbox waits, when Redis is back, until as many servers listen as before that hear only what is sent while they do: .NET servers,
   * and those with `catchUp: false`. null not to wait for them. Default 5,000.
   */
  listenersTimeout: orNull(milliseconds(5_000)),
  /** Messages that Redis keeps of each channel for servers that are cut off. Those to single connections of a hub count as one channel. Default 10,000. */
  catchUpEntries: count(10_000),
  /** Bytes of them, about, at the most. Default 4,194,304. */
  catchUpBytes: bytes(4_194_304),
  /** Milliseconds after the last message of a channel until Redis forgets what it kept of it. Default 120,000. */
  catchUpAge: wholeMilliseconds(120_000),
  /** Milliseconds between two messages by which a server says that it is there. With `catchUp: false` it says nothing. Default 5,000. */
  heartbeatInterval: milliseconds(5_000),
  /** Milliseconds without one after which the others tell that a server has fallen silent: some times `heartbeatInterval`. Default 15,000. */
  serverTimeout: milliseconds(15_000),
  /** Milliseconds to wait until another server has put its connection into a group, or taken it out. Default 30,000. */
  ackTimeout: milliseconds(30_000),
};

/** How servers meet over Redis. */
export interface RedisOptions extends Given<typeof redisOptions> {
  /**
   * How TLS is spoken, as `tls.connect` takes it: `ca`, `cert`, `key`, `servername`. `true` for its defaults. Default: as the address says, by
   * `rediss://` or `ssl=true`.
   */
  readonly tls?: TlsOptions | boolean;
  /** Takes a line for each thing that happens to a connection to Redis, beside what `log` of the host is told. Default: nobody is told. */
  readonly clientLog?: (line: string) => void;
}

/** Every option with its value. */
export type RedisSettings = Settings<typeof redisOptions>;

/**
 * Every option with its value: of the sources that name it the last, else its default.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that the option does not take
 */
export function redisSettings(...sources: readonly (Given<typeof redisOptions> | undefined)[]): RedisSettings {
  return readOptions(redisOptions, sources);
}
