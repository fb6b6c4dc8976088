import { codedError, describe } from '../base/errors.ts';

/** Where a service is, and the key that it shares with its app servers. */
export interface ServiceEndpoint {
  /** As tokens name it: scheme and host with a slash behind them, without a port, whatever is dialled. */
  readonly audience: string;
  /** What app servers dial; `server/…` is put behind it. */
  readonly serverUrl: string;
  /** What clients are sent to; `client/…` is put behind it. */
  readonly clientUrl: string;
  /** Any text: its UTF-8 bytes are the key. */
  readonly accessKey: string;
}

const VERSION = /^1\.\d+[\w.-]*$/;
const HIGHEST_PORT = 65_535;

/**
 * Reads a connection string as Microsoft.Azure.SignalR 1.34.0 does: `Endpoint=https://host;AccessKey=…;Version=1.0;`, with `Port`,
 * `ClientEndpoint` and `ServerEndpoint` where they are given. Keys are known in any case; other keys are passed over.
 *
 * @throws SignalboxError SIGNALBOX_CONNECTION_STRING, which never shows the access key
 */
export function parseServiceConnectionString(text: string): ServiceEndpoint {
  const parts = partsOf(text);
  const given = parts.get('endpoint');
  if (given === undefined || given === '') throw invalid('has no Endpoint');
  const endpoint = httpUrl('Endpoint', given);
  const port = parts.get('port');
  if (port !== undefined) endpoint.port = portOf(port);
  const accessKey = parts.get('accesskey') ?? '';
  if (accessKey === '') throw invalid('has no AccessKey, and signing in with Microsoft Entra is not supported');
  const version = parts.get('version');
  if (version !== undefined && !VERSION.test(version)) throw invalid(`has the Version ${describe(version)}, and only 1.x is known`);
  return {
    audience: `${endpoint.protocol}//${endpoint.hostname}/`,
    serverUrl: base(endpoint, 'ServerEndpoint', parts.get('serverendpoint')),
    clientUrl: base(endpoint, 'ClientEndpoint', parts.get('clientendpoint')),
    accessKey,
  };
}

function partsOf(text: string): ReadonlyMap<string, string> {
  if (typeof text !== 'string') throw invalid(`is ${describe(text)}, and no text`);
  const parts = new Map<string, string>();
  for (const [place, part] of text.split(';').entries()) {
    const equals = part.indexOf('=');
    if (part.trim() === '') continue;
    // Neither the part nor what stands before it is shown: a key with a semicolon in it would end up in a log.
    if (equals < 0) throw invalid(`has a part ${place + 1} without a '='`);
    const key = part.slice(0, equals).trim().toLowerCase();
    if (parts.has(key)) throw invalid(`has a part ${place + 1} whose name came before`);
    parts.set(key, part.slice(equals + 1).trim());
  }
  return parts;
}

function httpUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    // Not shown: an address with a user in it shows a password.
    throw invalid(`has as its ${name} something else than an http or https address without user and query`);
  }
  return url;
}

function portOf(value: string): string {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > HIGHEST_PORT) throw invalid(`has the Port ${describe(value)}, and not a number from 1 to ${HIGHEST_PORT}`);
  return value;
}

function base(endpoint: URL, name: string, value: string | undefined): string {
  const { origin, pathname } = value === undefined || value === '' ? endpoint : httpUrl(name, value);
  return `${origin}${pathname.replace(/\/*$/, '')}/`;
}

const invalid = (problem: string): Error => codedError('SIGNALBOX_CONNECTION_STRING', { problem });
