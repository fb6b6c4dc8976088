import { count, hook, milliseconds, orNull, type Given, type Option, type Settings } from '../base/option-table.ts';
import type { ConnectionRequest } from './connection.ts';

/**
 * What becomes of a connection too many: it is refused, or the oldest of the same user or address is closed in its place.
 */
export type AtConnectionLimit = 'refuse' | 'closeOldest';

/** How many connections one user, or one address, may have. A bare number stands for that limit with `refuse`. */
export interface ConnectionLimit {
  readonly limit: number;
  /** Default `refuse`. */
  readonly atLimit?: AtConnectionLimit;
}

/** Tells the address that a request counts for; undefined where it is to count for none. Must not trust what clients can write. */
export type ClientAddress = (request: ConnectionRequest) => string | undefined;

const ways: readonly unknown[] = ['refuse', 'closeOldest', undefined] satisfies readonly (AtConnectionLimit | undefined)[];
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isLimit = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  isCount((value as Partial<ConnectionLimit>).limit) &&
  ways.includes((value as Partial<ConnectionLimit>).atLimit);

const connectionLimit: Option<number | ConnectionLimit | null> = {
  byDefault: null,
  expected: "a whole number above 0, { limit, atLimit: 'refuse' or 'closeOldest' }, or null",
  accepts: (value) => value === null || isCount(value) || isLimit(value),
};

/**
 * How much a host takes in, over all its endpoints. The types of options and settings, the check of what users give, and
 * docs/options.md are made of this table.
 */
export const limitOptions = {
  connectionLimits: {
    /**
     * Connections of this host, those that have negotiated and not connected yet included; null for no limit. Past it negotiate and upgrades
     * are answered with 503. A good value is what a load test of the application showed, less a fifth. Default null.
     */
    server: orNull(count(10_000), null),
    /**
     * Connections of one user id, on all endpoints of this host: a number, or `{ limit, atLimit }`; null for no limit. Past it a new connection
     * is answered with 429, or, with `atLimit: 'closeOldest'`, the user's oldest one is closed in its place, with a close message that says
     * so and asks not to come back. Anonymous connections don't count. A good value is 10 to 20, for the tabs and devices of a person; 1 with
     * `closeOldest` for one session a user. Default null.
     */
    perUser: connectionLimit,
    /**
     * The same for one client address; an IPv6 address counts with its whole /64 network. A good value is in the hundreds, because a company or
     * a mobile network may have one address. Default null.
     */
    perAddress: connectionLimit,
    /**
     * Tells the client's address of a request, for servers behind a proxy: only you know which header your proxy writes, and that no client
     * can. Null for the socket's remote address. Default null.
     */
    clientAddress: hook<ClientAddress>(),
    /** Milliseconds that a refused client is asked to stay away, in the `Retry-After` of the answer, in whole seconds. Default 5,000. */
    retryAfter: milliseconds(5_000),
  },
  /**
   * File descriptors that are kept free: when the process has no more than these left, new connections are answered with 503, and those there
   * are and the other routes of the process go on. Has to be more than the connections that may arrive at once. Only where there is a /proc
   * (Linux); null for no such check. Default 64.
   */
  descriptorReserve: orNull(count(64)),
};

/** How much a host takes in, over all its endpoints. */
export interface LimitOptions extends Given<typeof limitOptions> {}

/** Every option with its value. */
export type LimitSettings = Settings<typeof limitOptions>;
