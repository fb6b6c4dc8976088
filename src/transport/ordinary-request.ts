import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * What Node itself does with a new connection: the same function for all HTTP and HTTPS servers. The listeners that users
 * add for `connection` have seen the socket already, so they are not told of it again.
 */
const [serveConnection] = createServer().listeners('connection');

/** Fields that ask for another protocol, and what names them in `Connection`. */
const upgradeFields = new Set(['upgrade', 'http2-settings']);

/** Where Node keeps the response that a socket is sending, or is to send next. It has no public name. */
interface Answering {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Serves an upgrade that nobody wants as what it is without that wish: an ordinary request, whose body and whose successors
 * on the same socket Node reads itself. Its head is put back in front of them, without what asks for the upgrade. Behind
 * other requests it waits for their answers: to Node the socket begins anew, and two rows of answers on one would be mixed up.
 */
export function serveAsOrdinaryRequest(server: Server, request: IncomingMessage, socket: Duplex & Answering, head: Buffer): void {
  const { _httpMessage: earlier } = socket;
  if (!earlier || socket.destroyed) {
    serveAgain(server, request, socket, head);
    return;
  }
  // Until then nobody takes care of the socket.
  socket.on('error', ignore);
  earlier.once('close', () => {
    if (socket.destroyed) return;
    socket.off('error', ignore);
    serveAsOrdinaryRequest(server, request, socket, head);
  });
}

function serveAgain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (serveConnection === undefined || socket.destroyed) {
    socket.destroy();
    return;
  }
  // Left behind by Node at the upgrade. It is about to add them again, at each upgrade of a long-lived socket.
  socket.removeAllListeners('pause');
  socket.removeAllListeners('resume');
  socket.unshift(Buffer.concat([Buffer.from(ordinaryHead(request), 'latin1'), head]));
  Reflect.apply(serveConnection, server, [socket]);
}

/** The head of a request without its wish for an upgrade. */
export function ordinaryHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = withoutUpgrade(name.toLowerCase(), rawHeaders[i + 1] ?? '');
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/** The field's value, or undefined where nothing of it stays. */
function withoutUpgrade(name: string, value: string): string | undefined {
  if (upgradeFields.has(name)) return undefined;
  if (name !== 'connection') return value;
  const options = value.split(',').map((option) => option.trim());
  const kept = options.filter((option) => option !== '' && !upgradeFields.has(option.toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(', ');
}

function ignore(): void {
  // The socket closes by itself after an error.
}
