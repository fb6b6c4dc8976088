import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut, like a cable: what runs over it ends without a word, what comes later passes. */
export class CuttableLink {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

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
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  #add(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.pipe(other);
    // An error is followed by a close.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}
