import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What becomes of what passes over a link. `mute`: nothing comes back. `silent`: nothing passes, and nothing is closed. `cut`: everything is closed. */
export type LinkMode = 'open' | 'mute' | 'silent' | 'cut';

/** The way from servers to a Redis, which a test can disturb. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<readonly [Socket, Socket]>();
  #mode: LinkMode = 'open';

  constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Link> {
    const link: Link = new Link(createServer((near) => link.#take(near, port)));
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  become(mode: LinkMode): void {
    this.#mode = mode;
    for (const [near, far] of this.#sockets) {
      if (mode === 'cut') far.destroy();
      if (mode === 'cut') near.destroy();
      if (mode === 'open') far.resume();
      if (mode === 'open' || mode === 'mute') near.resume();
      if (mode === 'silent') near.pause();
      if (mode === 'silent' || mode === 'mute') far.pause();
    }
  }

  close(): void {
    this.become('cut');
    this.#server.close();
  }

  #take(near: Socket, port: number): void {
    if (this.#mode === 'cut') return void near.destroy();
    const far = connect(port, '127.0.0.1');
    const pair = [near, far] as const;
    this.#sockets.add(pair);
    for (const [one, other] of [pair, [far, near]] as const) {
      one.on('data', (bytes: Buffer) => other.write(bytes));
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        this.#sockets.delete(pair);
      });
    }
    if (this.#mode !== 'open') this.become(this.#mode);
  }
}
