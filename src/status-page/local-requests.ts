import type { IncomingMessage } from 'node:http';
import { isLoopbackAddress, isLoopbackHost } from '../base/loopback.ts';

/** What proxies write when they pass on a request of somebody else. */
const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

const HOST = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/;

/**
 * Whether a request was made on this machine, for this machine: its peer is a loopback address, no proxy passed it on, and it names a
 * loopback host. The last is what a web page elsewhere fails at that points its own name to 127.0.0.1 (DNS rebinding).
 */
export function isLocalRequest({ headers, httpVersion, socket }: IncomingMessage): boolean {
  if (!isLoopbackAddress(socket.remoteAddress ?? '')) return false;
  // No browser speaks HTTP/1.0 any more, but nginx does, where it is told nothing else; and then it says no word of whom it speaks for.
  if (httpVersion === '1.0') return false;
  if (FORWARDING.some((name) => headers[name] !== undefined)) return false;
  return isLoopbackHost(HOST.exec(headers.host ?? '')?.[1] ?? '');
}
