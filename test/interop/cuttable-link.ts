import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut, like a cable: what runs over it ends without a word, what comes later passes. */
export class CuttableLink {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes that still pass, in both directions together. */
  #left = Number.POSITIVE_INFINITY;
  #onCut: () => void = () => {};

  private constructor(port: number) {
    this.#listener = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#add(near, far);
      this.#add(far, near);
    });
  }

  /** @param origin - the server's, on 127.0.0.1 */
  static async open(origin: string): Promise<CuttableLink> {
    const link = new CuttableLink(Number(new URL(origin).port));
    await once(link.#listener.listen(0, '127.0.0.1'), 'listening');
    return link;
  }

  /** The origin to use in place of the server's. */
  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#left = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) socket.destroy();
    this.#onCut();
  }

  /** Cuts when so many more bytes have passed, wherever that is: within a frame, or a message. Resolves when it is done. */
  cutAfter(bytes: number): Promise<void> {
    this.#left = bytes;
    return new Promise((resolve) => (this.#onCut = resolve));
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  #add(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('data', (chunk) => this.#pass(chunk, socket, other));
    socket.on('end', () => other.end());
    // An error is followed by a close.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }

  #pass(chunk: Buffer, from: Socket, to: Socket): void {
    const passing = chunk.subarray(0, this.#left);
    this.#left -= passing.length;
    if (!to.write(passing)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
    if (this.#left === 0) this.cut();
  }
}
