import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Redis, type RedisOptions as ClientOptions } from 'ioredis';
import type { RedisAddress } from './connection-string.ts';
import type { RedisSettings } from './options.ts';

/** What one of the two connections of a hub is for: a connection that is subscribed takes no other commands. */
export type RedisRole = 'commands' | 'subscriptions';

/**
 * Makes a client of `ioredis` for one role. It is closed with the backplane, and given commands only while it is ready. Options it should have:
 * `enableOfflineQueue`, `autoResubscribe` and `autoResendUnfulfilledCommands` false, because that is decided here, and `maxRetriesPerRequest` 0, so that
 * what is not answered fails with its connection.
 */
export type RedisClientFactory = (role: RedisRole) => Redis;

/** Servers of a farm that lost the same Redis should not all come back in the same millisecond. */
const SPREAD = 0.25;

/** Makes clients for an address. */
export function clientFactory(address: RedisAddress, settings: RedisSettings, tls: TlsOptions | boolean | undefined): RedisClientFactory {
  const options = clientOptions(address, settings, tls);
  return () => new Redis(options);
}

function clientOptions(
  { host, port, tls: asked }: RedisAddress,
  settings: RedisSettings,
  tls: TlsOptions | boolean | undefined,
): ClientOptions & { readonly replyMapping?: 'legacy' } {
  const { user, password, defaultDatabase, clientName, connectTimeout, firstReconnectDelay, longestReconnectDelay } = settings;
  const encryption = tlsOptions(asked, tls);
  return {
    host,
    port,
    db: defaultDatabase,
    connectTimeout,
    ...(user !== null && { username: user }),
    ...(password !== null && { password }),
    ...(clientName !== null && { connectionName: clientName }),
    ...(encryption !== undefined && { tls: encryption }),
    // Every Redis and every proxy speaks it.
    protocol: 2,
    lazyConnect: true,
    // What is lost, repeated or subscribed again is decided here, not by the client.
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // What is not answered fails with its connection, not when the next one stands.
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => {
      const delay = Math.min(firstReconnectDelay * 2 ** (attempt - 1), longestReconnectDelay);
      return Math.round(delay * (1 - SPREAD * Math.random()));
    },
  };
}

function tlsOptions(asked: RedisAddress['tls'], given: TlsOptions | boolean | undefined): TlsOptions | undefined {
  if (given === undefined) return asked;
  if (typeof given === 'boolean') return given ? (asked ?? {}) : undefined;
  return { ...asked, ...given };
}
