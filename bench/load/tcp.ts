import { connect, type Socket } from 'node:net';

export interface TcpListener {
  connected(): void;
  /** Bytes from the peer, valid during the call. What it throws ends the connection. */
  read(buffer: Buffer, length: number): void;
  closed(reason: string): void;
}

const READ_SIZE = 65_536;

/** One for all sockets: what a read brought is dealt with before the next read begins. */
const readBuffer = Buffer.allocUnsafeSlow(READ_SIZE);

/** Those whose end nobody waits for. */
const abandoned = new WeakSet<Socket>();

/** Connects, reading into a buffer that all sockets share. `closed` is called once, and not after `abandon`. */
export function openTcp({ host, port }: { readonly host: string; readonly port: number }, listener: TcpListener): Socket {
  let reason = 'the server closed the connection';
  const callback = (length: number): boolean => {
    try {
      listener.read(readBuffer, length);
    } catch (error) {
      reason = `unreadable: ${error instanceof Error ? error.message : String(error)}`;
      socket.destroy(new Error(reason));
    }
    return true;
  };
  const socket = connect({ host, port, noDelay: true, onread: { buffer: readBuffer, callback } });
  socket.once('connect', () => listener.connected());
  socket.once('error', (error) => (reason = error.message));
  socket.once('close', () => {
    if (!abandoned.has(socket)) listener.closed(reason);
  });
  return socket;
}

/** Resets a connection: nothing is told to its listener, and its port is free again at once. */
export function abandon(socket: Socket): void {
  abandoned.add(socket);
  socket.resetAndDestroy();
}
