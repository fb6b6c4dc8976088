import { bytes, count, milliseconds, orNull, type Option, type Settings } from '../base/option-table.ts';

type Limits = { readonly [Limit in 'connections' | 'messagesPerSecond' | 'messageBurst']?: number | null };

/** Limits of a hub that has its own, as in `limits`. What is left out is as for all; null is none. */
export interface HubLimitOptions {
  readonly hub?: Limits & { readonly clients?: number | null };
  readonly user?: Limits;
  readonly messageSize?: number | null;
  readonly groupsPerConnection?: number | null;
  readonly queuedBytes?: number | null;
}

const hubs: Option<Readonly<Record<string, HubLimitOptions>> | null> = {
  byDefault: null,
  expected:
    'an object of limits by the name of their hub, each with hub, user, messageSize, groupsPerConnection or queuedBytes as in limits, or null',
  accepts: (value) => value === null || (isObject(value) && Object.values(value).every(isOfOneHub)),
};

/**
 * How much the service takes in. Types, the check of what is given, and docs/service-options.md are made of this table.
 */
export const serviceLimitOptions = {
  service: {
    /**
     * Connections that this node takes, clients and server connections together, as the quota counts them: those that have negotiated and not
     * connected yet included. Past it negotiate and upgrades are answered with 429. Null: no limit. Default null.
     */
    connections: orNull(count(10_000), null),
    /** The same for clients alone: with less than `connections`, there is always room for app servers. Default null. */
    clients: orNull(count(10_000), null),
    /**
     * Hub messages of clients that this node takes in a second, of every kind. Clients that send more are not read for a while, in turns: nothing is
     * lost. Null: no limit. Default null.
     */
    messagesPerSecond: orNull(count(10_000), null),
    /** Messages that may come at once when few came before. Null: as many as in a second. Default null. */
    messageBurst: orNull(count(10_000), null),
  },
  hub: {
    /** Connections of each hub, clients and server connections together; as above. Default null. */
    connections: orNull(count(1_000), null),
    /** Clients of each hub; as above. Default null. */
    clients: orNull(count(1_000), null),
    /** Hub messages that the clients of each hub may send in a second; as above. Default null. */
    messagesPerSecond: orNull(count(1_000), null),
    /** Those of them that may come at once; as above. Default null. */
    messageBurst: orNull(count(1_000), null),
  },
  user: {
    /** Connections of each user of a hub: clients of one user id. Those without a user id are not counted. Default null. */
    connections: orNull(count(10), null),
    /**
     * Hub messages that each user of a hub may send in a second, over all connections; a client without a user id is a user of its own. Who sends more
     * is not read for a while, and closed past `throttleTimeout`. Default null.
     */
    messagesPerSecond: orNull(count(100), null),
    /** Those of them that may come at once; as above. Default null. */
    messageBurst: orNull(count(100), null),
  },
  /**
   * Bytes of the largest hub message that a client may send, its framing included: a larger one closes the client as soon as it is, however it
   * comes, and nothing of it is kept to find that out. Null: of any size, as app servers have a limit of their own. Default null.
   */
  messageSize: orNull(bytes(32_768), null),
  /**
   * Groups that one connection can be in: past it, app servers get the ack 5, forbidden. Null: as many as `maximumGroupsPerConnection` says, which is
   * the most in any case. Default null.
   */
  groupsPerConnection: orNull(count(100), null),
  /**
   * Bytes that may wait for one client, past which it is cut. Null: as many as `clients.maximumQueuedBytes` says, which is the most in any case.
   * Default null.
   */
  queuedBytes: orNull(bytes(1_048_576), null),
  /**
   * Limits of single hubs, by their names: `{ chat: { hub: { clients: 50 }, user: { connections: 2 }, messageSize: 4096 } }`. What is left out
   * there is as for all. Default null.
   */
  hubs,
  /**
   * Milliseconds that a client may go on sending more than `user.messagesPerSecond`; past that it is closed, and not asked to come back. Null: it
   * is held back as long as it likes. Default 30,000.
   */
  throttleTimeout: orNull(milliseconds(30_000)),
  /** Milliseconds that whoever is refused for a limit is asked to stay away, in the `Retry-After` of the answer, in whole seconds. Default 5,000. */
  retryAfter: milliseconds(5_000),
};

export type LimitSettings = Settings<typeof serviceLimitOptions>;

function isOfOneHub(value: unknown): boolean {
  const { hub, user, messageSize, groupsPerConnection, queuedBytes } = serviceLimitOptions;
  return fits({ hub, user, messageSize, groupsPerConnection, queuedBytes }, value);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value gives nothing but what a table has, each as it takes it. */
function fits(table: object, value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(([name, given]: [string, unknown]) => {
    if (!Object.hasOwn(table, name)) return false;
    const entry = (table as Readonly<Record<string, Option<unknown> | object>>)[name] as Option<unknown> | object;
    if (given === undefined) return true;
    return 'accepts' in entry ? entry.accepts(given) : fits(entry, given);
  });
}
