import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The two ends of a connection: `near` is the server's, `far` is that of Redis. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/**
 * What becomes of what passes over a link. `mute`: nothing comes back. `silent`: nothing passes, and nobody is told. `cut`: every connection is reset, and
 * new ones are too.
 */
export type LinkMode = 'open' | 'mute' | 'silent' | 'cut';

/** The way from servers to a Redis, which a test can disturb. */
export class Link {
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  /** Those who came while nothing passed: as with lost packets, they wait and do not know why. */
  readonly #waiting = new Set<Socket>();
  #port: number;
  #mode: LinkMode = 'open';

  private constructor(port: number) {
    this.#port = port;
    this.#listener = createServer((near) => this.#accept(near));
  }

  /** @param port - of Redis, on 127.0.0.1 */
  static async to(port: number): Promise<Link> {
    const link = new Link(port);
    await once(link.#listener.listen(0, '127.0.0.1'), 'listening');
    return link;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** What was held up passes first when it is open again: as when packets are sent again. */
  become(mode: LinkMode): void {
    this.#mode = mode;
    if (mode === 'cut') return this.reset();
    for (const pair of this.#pairs) this.#regulate(pair);
    if (mode === 'silent') return;
    for (const near of this.#waiting) this.#join(near);
    this.#waiting.clear();
  }

  /** Every connection is reset, and what is under way in it is gone. */
  reset(): void {
    for (const { near, far } of this.#pairs) {
      // A socket that is about to end by itself can't be reset, and would stay.
      if (near.writableEnded) near.destroy();
      else near.resetAndDestroy();
      far.destroy();
    }
    for (const near of this.#waiting) near.resetAndDestroy();
    this.#waiting.clear();
  }

  /** Leads new connections to another Redis. */
  redirect(port: number): void {
    this.#port = port;
  }

  close(): void {
    this.#listener.close();
    this.reset();
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#mode === 'cut') near.resetAndDestroy();
    else if (this.#mode !== 'silent') this.#join(near);
    else {
      this.#waiting.add(near);
      near.once('close', () => this.#waiting.delete(near));
    }
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const pair = { near: near.setNoDelay(), far };
    this.#pairs.add(pair);
    carry(near, far, () => this.#mode !== 'silent');
    carry(far, near, () => this.#mode === 'open');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('end', () => other.end());
      socket.once('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    this.#regulate(pair);
  }

  #regulate({ near, far }: Pair): void {
    if (this.#mode === 'silent') near.pause();
    else near.resume();
    if (this.#mode === 'open') far.resume();
    else far.pause();
  }
}

function carry(from: Socket, to: Socket, passes: () => boolean): void {
  from.on('data', (chunk: Buffer) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => {
      if (passes()) from.resume();
    });
  });
}
