import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import { eventually } from '../../eventually.ts';

/** The other end of a socket of the service: an app server's, or a client's. */
export abstract class Peer {
  readonly name: string;
  readonly #socket: WebSocket;
  #closed: number | undefined;

  constructor(name: string, url: string, options: ClientOptions) {
    this.name = name;
    this.#socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.#socket.on('message', (data: Buffer, binary) => this.came(data, binary));
    this.#socket.on('close', (code) => (this.#closed = code));
    this.#socket.on('error', () => undefined);
  }

  protected abstract came(data: Buffer, binary: boolean): void;

  async opened(): Promise<void> {
    await once(this.#socket, 'open');
  }

  send(data: Buffer, binary: boolean): void {
    this.#socket.send(data, { binary });
  }

  /** Waits until the service has taken all that was sent: it answers WebSocket pings in their turn. */
  settle(): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const settled = (): void => {
        socket.off('pong', settled);
        socket.off('close', settled);
        resolve();
      };
      socket.on('pong', settled);
      socket.on('close', settled);
      socket.ping();
    });
  }

  /** Closes with a code, and waits until that is done; 0 cuts it. */
  async close(code: number): Promise<void> {
    if (this.#closed !== undefined) return;
    const closed = once(this.#socket, 'close');
    if (code === 0) this.#socket.terminate();
    else if (code === 1005) this.#socket.close();
    else this.#socket.close(code);
    await closed;
  }

  /** Waits for the service to close it. */
  closed(): Promise<number> {
    return eventually(() => {
      if (this.#closed === undefined) throw new Error(`${this.name} is still connected.`);
      return this.#closed;
    });
  }

  cut(): void {
    this.#socket.terminate();
  }
}
