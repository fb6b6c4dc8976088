import type { ConnectionRequest } from 'signalbox';
import { NamedError } from './named-error.ts';

/** A header of the request that opened a connection; null when absent, also for names that no header can have. */
export function readHeader({ headers }: ConnectionRequest, name: string): string | null {
  const wanted = name.toLowerCase();
  for (const [header, value] of headers) if (header === wanted) return value;
  return null;
}

/** A cookie of the request that opened a connection, by its name in any case; null when absent. Of several the last counts. */
export function readCookie({ headers }: ConnectionRequest, name: string): string | null {
  let found: string | null = null;
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim().toLowerCase() === name.toLowerCase()) found = decode(pair.slice(equals + 1).trim());
  }
  return found;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** A whole number of the query of the request that opened a connection. */
export function readNumber({ url }: ConnectionRequest, name: string): number {
  const value = url.searchParams.get(name);
  if (value === null) throw new NamedError('ArgumentNullException', "Value cannot be null. (Parameter 's')");
  if (!/^\s*[-+]?\d+\s*$/.test(value)) throw new NamedError('FormatException', `The input string '${value}' was not in a correct format.`);
  return Number(value);
}
