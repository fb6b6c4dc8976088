import { codedError } from '../base/errors.ts';
import { PORT, parseConnectionString, type RedisAddress } from './connection-string.ts';

/**
 * Reads `redis://user:password@host:port/database`, `rediss://` for TLS, or a connection string of StackExchange.Redis.
 *
 * @throws SignalboxError SIGNALBOX_REDIS_ADDRESS; it never shows the address, which may hold a password
 */
export function parseAddress(address: string): RedisAddress {
  return /^\w[\w+.-]*:\/\//.test(address) ? parseUrl(address) : parseConnectionString(address);
}

function parseUrl(text: string): RedisAddress {
  const url = parsed(text);
  if (url === null) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: 'is no URL' });
  const { protocol, hostname, port, username, password, pathname, search } = url;
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `begins with '${protocol}'` });
  if (search !== '') throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: 'has a query' });
  if (hostname === '') throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: 'names no host' });
  const database = /^\/?(\d*)$/.exec(pathname)?.[1];
  if (database === undefined)
    throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has the path '${pathname}', which is no database number` });
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? PORT : Number(port),
    tls: protocol === 'rediss:' ? {} : undefined,
    options: {
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(database !== '' && { defaultDatabase: Number(database) }),
    },
    ignored: [],
  };
}

function parsed(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
