import { connect, type Socket } from 'node:net';
import type { Link, LinkListener } from './link.ts';

/** A connection over TCP, on loopback. */
export class TcpLink implements Link {
  readonly #socket: Socket;
  readonly #accepted: (port: number) => Socket | undefined;
  #port = 0;
  #over = false;

  /** @param accepted - the server's end of the connection that comes from a port */
  constructor(port: number, accepted: (port: number) => Socket | undefined, listener: LinkListener) {
    this.#accepted = accepted;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.once('connect', () => (this.#port = this.#socket.localPort ?? 0));
    this.#socket.on('data', (chunk) => listener.received(chunk));
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => {
      if (!this.#over) listener.ended();
      this.#over = true;
    });
  }

  get quiet(): boolean {
    if (this.#socket.connecting) return false;
    const other = this.#accepted(this.#port);
    if (this.#over) return other === undefined;
    return other !== undefined && other.bytesRead === this.#socket.bytesWritten && other.bytesWritten === this.#socket.bytesRead;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  cut(): void {
    if (this.#over) return;
    this.#over = true;
    // Before it is connected there is nothing to reset; while it ends, Node fails to, and never closes it.
    if (this.#socket.connecting || this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  stall(): void {
    this.#socket.pause();
  }

  flow(): void {
    this.#socket.resume();
  }
}
