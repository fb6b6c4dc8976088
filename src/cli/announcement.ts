import { isLoopbackHost } from '../base/loopback.ts';
import type { ServeOptions } from './serve-options.ts';

/** What of the options is announced. */
export type AnnouncedOptions = Pick<ServeOptions, 'accessKeys' | 'keyFile' | 'host' | 'statusPage'>;

/** What a service says of itself when it runs. A key that was given is a secret that is kept elsewhere: only one that was made here is shown. */
export function announcement(version: string, url: string, options: AnnouncedOptions): string {
  const { accessKeys, keyFile } = options;
  const key = keyFile === undefined ? '…' : (accessKeys[0] ?? '');
  const origin =
    keyFile === undefined
      ? 'AccessKey is the key that you gave.'
      : `The access key is kept in ${keyFile}, and is the same after a restart.`;
  return `Signalbox ${version}, the service

  status page        ${pageAddress(url, options)}
  connection string  Endpoint=${url};AccessKey=${key};Version=1.0;

Give the connection string to app servers: AddAzureSignalR("…") in .NET, signalr.connect('…') in Node.
${origin}
Ctrl+C stops it.
`;
}

function pageAddress(url: string, { host, statusPage }: AnnouncedOptions): string {
  const { hostname, port, protocol } = new URL(url);
  const here = `${protocol}//localhost:${port}/`;
  if (statusPage === 'nobody') return 'is off (--status-page)';
  if (statusPage === 'everyone') return `${url}/`;
  // A certificate may have another name.
  if (isLoopbackHost(host)) return isLoopbackHost(hostname) ? `${url}/` : here;
  const isEverywhere = host === '0.0.0.0' || host === '::';
  return isEverywhere ? `${here}, on this machine` : 'is not shown at this address (--status-page everyone shows it)';
}
