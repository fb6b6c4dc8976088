import type { AccessTokenAlgorithm } from '../authentication/access-token.ts';
import { bytes, count, milliseconds, orNull, readOptions, type Given, type Option, type Settings } from '../base/option-table.ts';

/** How clients are bound to the app server that negotiated with them. */
export type ServerStickyMode = 'disabled' | 'preferred' | 'required';

/** What becomes of the clients of an app server that closes. */
export type GracefulShutdownMode = 'off' | 'waitForClientsClose' | 'migrateClients';

const oneOf = <Name extends string>(byDefault: Name, ...others: readonly Name[]): Option<Name> => {
  const names: readonly unknown[] = [byDefault, ...others];
  return { byDefault, expected: names.map((name) => `'${String(name)}'`).join(' or '), accepts: (value) => names.includes(value) };
};

const applicationName: Option<string | null> = {
  byDefault: null,
  expected: 'a name of letters, digits and underscores that begins with a letter, or null',
  accepts: (value) => value === null || (typeof value === 'string' && /^[a-z]\w*$/i.test(value)),
};

/**
 * How an app server meets its service. Names and defaults are those of Microsoft.Azure.SignalR, as far as it has the option. The types of options
 * and settings, the check of what users give, and docs/options.md are made of this table.
 */
export const appServerOptions = {
  /** Server connections that each hub opens, and keeps open. Default 5. */
  initialHubServerConnectionCount: count(5),
  /** Server connections that a hub has at the most, those included that the service asks for; null for no limit. Default null. */
  maxHubServerConnectionCount: orNull(count(5), null),
  /** Put in front of the names of hubs, so that several applications share a service. Case makes no difference; null for none. Default null. */
  applicationName,
  /**
   * Whether a client is bound to the app server that it negotiated with: `'disabled'`, `'preferred'` as long as that is connected, or `'required'`.
   * Default disabled.
   */
  serverStickyMode: oneOf<ServerStickyMode>('disabled', 'preferred', 'required'),
  /** Milliseconds that access tokens are good for, of server connections and of clients. Looked at when they connect. Default 3,600,000. */
  accessTokenLifetime: milliseconds(3_600_000),
  /** What access tokens are signed with: `'HS256'` or `'HS512'`. Default HS256. */
  accessTokenAlgorithm: oneOf<AccessTokenAlgorithm>('HS256', 'HS512'),
  gracefulShutdown: {
    /**
     * What becomes of the clients when the host closes: `'off'`: they are told to come back; `'waitForClientsClose'`: no new ones come, and they are waited
     * for; `'migrateClients'`: the service moves them to other app servers. Default off.
     */
    mode: oneOf<GracefulShutdownMode>('off', 'waitForClientsClose', 'migrateClients'),
    /** Milliseconds that clients are waited for, in the other two modes. Default 30,000. */
    timeout: milliseconds(30_000),
  },
  /** Milliseconds after which the service gives up a client that polls no more, 1,000 to 300,000; null for its default. Default null. */
  maxPollInterval: orNull<number>(
    {
      byDefault: 5_000,
      expected: 'a number of milliseconds from 1,000 to 300,000',
      accepts: (value) => typeof value === 'number' && value >= 1_000 && value <= 300_000,
    },
    null,
  ),
  /** Milliseconds to wait until the service has put a connection into a group, or taken it out. Default 10,000. */
  ackTimeout: milliseconds(10_000),
  /** Milliseconds in which the service has to accept a server connection. Default 15,000. */
  handshakeTimeout: milliseconds(15_000),
  /** Milliseconds after which a sign of life of the service is answered by one of ours. Default 5,000. */
  keepAliveInterval: milliseconds(5_000),
  /** Milliseconds after which a server connection is given up on which nothing came. Default 30,000. */
  serviceTimeout: milliseconds(30_000),
  /** Bytes of the largest message taken from the service. Default 67,108,864. */
  maximumMessageSize: bytes(67_108_864),
  /** Bytes written on one server connection and not yet taken above which streams to its clients wait. Default 1,048,576. */
  transportMaxBufferSize: bytes(1_048_576),
  /** Bytes waiting on one server connection, or for one client that the service has paused, at which it is given up. Default 67,108,864. */
  maximumQueuedBytes: bytes(67_108_864),
  /**
   * Bytes received of one client and not yet processed, beside the largest message that its hub takes, at which the client is closed: the service can't
   * be asked to hold one back. Default 4,194,304.
   */
  applicationMaxBufferSize: bytes(4_194_304),
};

/** How an app server meets its service. */
export type AppServerOptions = Given<typeof appServerOptions>;

/** Every option with its value. */
export type AppServerSettings = Settings<typeof appServerOptions>;

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that an option does not take */
export function appServerSettings(options: AppServerOptions): AppServerSettings {
  return readOptions(appServerOptions, [options]);
}
