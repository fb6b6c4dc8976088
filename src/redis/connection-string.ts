import { codedError, describe } from '../base/errors.ts';
import type { Given } from '../base/option-table.ts';
import type { redisOptions } from './options.ts';

/** Where a Redis is, and what its address says besides. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Undefined where TLS is not spoken. */
  readonly tls: { readonly servername?: string } | undefined;
  readonly options: Given<typeof redisOptions>;
  /** Keys of the address that were read and make no difference here. */
  readonly ignored: readonly string[];
}

/** Where Redis listens, unless told otherwise. */
export const PORT = 6379;
const TLS_PORT = 6380;
const SECONDS = 1_000;

/** Keys of StackExchange.Redis that say how its client works inside, or what this one does in any case. */
const ignoredKeys = new Set(
  [
    'abortConnect',
    'allowAdmin',
    'checkCertificateRevocation',
    'configChannel',
    'configCheckSeconds',
    'connectRetry',
    'heartbeatConsistencyChecks',
    'heartbeatInterval',
    'highIntegrity',
    'preserveAsyncOrder',
    'protocol',
    'resolveDns',
    'responseTimeout',
    'setlib',
    'syncTimeout',
    'tieBreaker',
    'version',
    'writeBuffer',
  ].map((key) => key.toLowerCase()),
);

/** Keys that would lead to another Redis, or hide it, if they were passed over. */
const unsupportedKeys = new Set(['servicename', 'sslprotocols', 'proxy', 'tunnel']);

interface Draft {
  host: string | undefined;
  port: number | undefined;
  ssl: boolean;
  servername: string | undefined;
  readonly options: Record<string, string | number>;
  readonly ignored: string[];
}

type Read = (draft: Draft, value: string, key: string) => void;

const option =
  (name: string): Read =>
  (draft, value) =>
    void (draft.options[name] = value);

const numeric =
  (name: string, factor = 1): Read =>
  (draft, value, key) =>
    void (draft.options[name] = toNumber(value, key) * factor);

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['password', option('password')],
  ['user', option('user')],
  ['name', option('clientName')],
  ['channelprefix', option('channelPrefix')],
  ['defaultdatabase', numeric('defaultDatabase')],
  ['connecttimeout', numeric('connectTimeout')],
  ['asynctimeout', numeric('asyncTimeout')],
  ['keepalive', numeric('keepAlive', SECONDS)],
  ['ssl', (draft, value, key) => void (draft.ssl = toBoolean(value, key))],
  ['sslhost', (draft, value) => void (draft.servername = value)],
]);

/**
 * Reads a connection string of StackExchange.Redis: `host:port,password=…,ssl=true,channelPrefix=…`. Keys are known in any case.
 *
 * @throws SignalboxError SIGNALBOX_REDIS_ADDRESS
 */
export function parseConnectionString(text: string): RedisAddress {
  const draft: Draft = { host: undefined, port: undefined, ssl: false, servername: undefined, options: {}, ignored: [] };
  for (const part of text.split(',')) {
    const trimmed = part.trim();
    const equals = trimmed.indexOf('=');
    if (trimmed === '') continue;
    if (equals < 0) readEndpoint(draft, trimmed);
    else readKey(draft, trimmed.slice(0, equals).trim(), trimmed.slice(equals + 1).trim());
  }
  const { host = '127.0.0.1', ssl, servername, options, ignored } = draft;
  const tls = servername === undefined ? {} : { servername };
  return { host, port: draft.port ?? (ssl ? TLS_PORT : PORT), tls: ssl ? tls : undefined, options, ignored };
}

function readEndpoint(draft: Draft, endpoint: string): void {
  if (draft.host !== undefined) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: 'names more than one endpoint' });
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]!]+))(?::(\d{1,5}))?$/.exec(endpoint) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has ${describe(endpoint)} where an endpoint is expected` });
  draft.host = host;
  if (port !== undefined) draft.port = Number(port);
}

function readKey(draft: Draft, key: string, value: string): void {
  const name = key.toLowerCase();
  const read = readers.get(name);
  if (read !== undefined) return read(draft, value, key);
  if (unsupportedKeys.has(name)) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has the key '${key}', which is not supported` });
  if (!ignoredKeys.has(name)) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has the unknown key ${describe(key)}` });
  draft.ignored.push(key);
}

function toNumber(value: string, key: string): number {
  if (!/^\d{1,9}$/.test(value)) throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has no whole number for ${key}` });
  return Number(value);
}

function toBoolean(value: string, key: string): boolean {
  if (/^true$/i.test(value)) return true;
  if (/^false$/i.test(value)) return false;
  throw codedError('SIGNALBOX_REDIS_ADDRESS', { what: `has neither true nor false for ${key}` });
}
