import { once } from 'node:events';
import { WebSocket } from 'ws';
import { record } from './socket.ts';

/** The handshake of every client that speaks MessagePack. */
export const binaryHandshake: string = record({ protocol: 'messagepack', version: 1 });

/** A MessagePack message in hexadecimal digits, spaces allowed, with its length before it. Shorter than 128 bytes. */
export function framed(hex: string): Buffer {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** A bare WebSocket that speaks MessagePack hub messages, and sends whatever it is told to. */
export class BinarySocket {
  /** Whether each WebSocket message that came was a binary one. */
  readonly binary: boolean[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data, binary) => {
      this.binary.push(binary);
      this.#received = Buffer.concat([this.#received, data as Buffer]);
    });
  }

  /** @param url - an http address */
  static async open(url: string): Promise<BinarySocket> {
    const socket = new WebSocket(url.replace('http', 'ws'));
    const opened = new BinarySocket(socket);
    await once(socket, 'open');
    return opened;
  }

  send(data: string | Buffer, binary = true): void {
    this.#socket.send(data, { binary });
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** The next bytes, in hexadecimal digits; fewer where the connection ends before. */
  async next(length: number): Promise<string> {
    while (this.#received.length < length && this.#socket.readyState === WebSocket.OPEN) {
      await Promise.race([once(this.#socket, 'message'), this.closed]);
    }
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes.toString('hex');
  }

  /** All that comes until the connection ends. */
  async rest(): Promise<Buffer> {
    await this.closed;
    return this.#received;
  }
}
