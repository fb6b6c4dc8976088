import { once, EventEmitter } from 'node:events';
import type { Connection, ConnectionListener } from '../../src/transport/connection.ts';

/** What an application sees of one connection, and a way to wait for it. */
export class Peer extends EventEmitter<{ change: [] }> implements ConnectionListener {
  readonly connection: Connection;
  text = '';
  chunks = 0;
  drains = 0;
  /** The users that it was told of when the authentication was renewed. */
  readonly refreshes: unknown[] = [];
  closings: (Error | undefined)[] = [];

  constructor(connection: Connection) {
    super();
    this.connection = connection;
  }

  received(chunk: Buffer): void {
    this.text += chunk.toString();
    this.chunks++;
    this.emit('change');
  }

  drained(): void {
    this.drains++;
    this.emit('change');
  }

  refreshed(): void {
    this.refreshes.push(this.connection.user);
    this.emit('change');
  }

  closed(error: Error | undefined): void {
    this.closings.push(error);
    this.emit('change');
  }

  /** Resolves when `reached` holds, which is looked at after every event. */
  async until(reached: (peer: this) => boolean): Promise<this> {
    while (!reached(this)) await once(this, 'change');
    return this;
  }

  /** Resolves with why the connection ended. */
  async ended(): Promise<Error | undefined> {
    await this.until(({ closings }) => closings.length > 0);
    return this.closings[0];
  }
}

/** An application that only looks on: each connection is received from at once. */
export class Onlooker {
  readonly peers: Peer[] = [];
  readonly #arrivals = new EventEmitter<{ peer: [] }>();

  readonly opened = (connection: Connection): void => {
    const peer = new Peer(connection);
    this.peers.push(peer);
    connection.receive(peer);
    this.#arrivals.emit('peer');
  };

  /** The connection that was opened as number `index`. */
  async peer(index = 0): Promise<Peer> {
    for (;;) {
      const peer = this.peers[index];
      if (peer !== undefined) return peer;
      await once(this.#arrivals, 'peer');
    }
  }
}

/** Sends back whatever comes. */
export function echo(connection: Connection): void {
  connection.receive({
    received: (chunk) => void connection.write(Buffer.from(chunk)),
    drained: () => {},
    closed: () => {},
  });
}

/** Resolves when `count` turns of the event loop have ended. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Resolves when everything that is to be done before the next event is done. */
export const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
