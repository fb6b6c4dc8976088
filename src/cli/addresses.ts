import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { certifiedName, type TlsFiles } from './tls-files.ts';

/** Where clients and app servers of the machines that can reach an address find it. */
export function urlOf(address: AddressInfo, tls?: TlsFiles): string {
  const name = nameOf(address);
  if (tls === undefined) return `http://${name}:${address.port}`;
  // What is dialled by another name than the certificate's is refused.
  return `https://${name.startsWith('[') ? name : certifiedName(tls, name)}:${address.port}`;
}

function nameOf({ address, family }: AddressInfo): string {
  if (address === '127.0.0.1') return 'localhost';
  // Listening on every address is not an address itself.
  if (address === '0.0.0.0' || address === '::') return hostname();
  return family === 'IPv6' ? `[${address}]` : address;
}

/** What to do about an address that can't be listened on, by the error's code. */
export function listenAdvice(code: string | undefined, host: string, port: number): string | undefined {
  if (code === 'EADDRINUSE') return `Port ${port} is taken, perhaps by a service that runs already. Choose another: --port ${port + 1}`;
  if (code === 'EACCES') return `Port ${port} needs more rights than this process has. Choose one above 1023: --port 8888`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine. Leave --host out, or give one that is.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `There is no host called ${host}. Leave --host out, or give an address of this machine.`;
  return undefined;
}
