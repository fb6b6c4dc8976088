import type { LatencyProbe } from '../metering/latency.ts';
import type { ServerConnectionType } from '../protocol/service/codes.ts';
import type { Connection } from '../transport/connection.ts';

/** A client as the link that it is bound to sees it. */
export interface LinkedClient {
  readonly connectionId: string;
  readonly connection: Pick<Connection, 'alive'>;
  /** The app server has enough for now: nothing is to be read from the client. */
  hold(): void;
  release(): void;
  /** The server connection is gone, and what the app server knew of the client with it. */
  serverLost(): void;
  /** The app server leaves, and another one is to have the client. */
  migrate(): void;
}

export type ServerConnectionKind = keyof typeof ServerConnectionType;

/** A server connection as it introduced itself. */
export interface LinkTraits {
  /** Of the connection; flow control calls it by this. */
  readonly id: string;
  /** Of the app server. */
  readonly serverId: string;
  readonly userAgent: string;
  readonly kind: ServerConnectionKind;
  /** Whether its clients may be moved when the app server leaves. */
  readonly migrates: boolean;
  /** Whether its clients may come back by another socket. */
  readonly statefulReconnect: boolean;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
}

/** Told of each client that is bound to a link of which other nodes know, or no longer. */
export type LinkWatcher = (client: LinkedClient, bound: boolean) => void;

/** What times the way of messages to an app server's socket. */
export interface LinkTiming {
  readonly probe: LatencyProbe;
  readonly connection: Pick<Connection, 'whenTaken'>;
}

/** Sends a message to an app server. Returns false when it is over its mark; `drained` of the link is to follow. */
export type LinkWriter = (message: Buffer) => boolean;

/** The way from clients of this node to one server connection, wherever that ends. */
export class ServerLink {
  readonly traits: LinkTraits;
  /** Those of this node. */
  readonly clients = new Set<LinkedClient>();
  /** Whether the server connection is another node's. */
  readonly remote: boolean;
  /** Clients that other nodes have bound to the same server connection, as far as this one knows. */
  elsewhere = 0;
  /** Left out where there are no other nodes. */
  watcher: LinkWatcher | undefined;
  /** Left out where the server connection is another node's. */
  timing: LinkTiming | undefined;
  /** The app server goes: no new clients for it. */
  leaving = false;
  #full = false;
  /** When what filled it was read. */
  #fullSince = 0;
  /** Clients that were held send what they kept. */
  #releasing = false;
  /** Its clients are to be moved to other app servers. */
  #migrating = false;
  readonly #write: LinkWriter;
  readonly #held = new Set<LinkedClient>();

  constructor(traits: LinkTraits, write: LinkWriter, remote = false) {
    this.traits = traits;
    this.remote = remote;
    this.#write = write;
  }

  /** Clients that the server connection serves, of all nodes. */
  get load(): number {
    return this.clients.size + this.elsewhere;
  }

  /** Whether new clients may be bound to it. */
  get available(): boolean {
    return !this.leaving && this.traits.kind !== 'weak';
  }

  /** Whether the app server has enough for now: clients are to keep what they have. */
  get full(): boolean {
    return this.#full;
  }

  /** Sends what is about no client, or must not wait. Returns whether the app server takes more. */
  tell(message: Buffer): boolean {
    return this.#write(message);
  }

  /** Sends what comes of a client, which is held while the app server has enough. */
  relay(message: Buffer, client: LinkedClient): void {
    if (this.timing?.probe.due() === true) this.#time(this.timing, client);
    if (this.#write(message)) return;
    if (!this.#full && !this.#releasing) this.#fullSince = client.connection.alive;
    this.#full = true;
    this.hold(client);
  }

  /** Lets a client wait until the app server takes more. */
  hold(client: LinkedClient): void {
    this.#held.add(client);
    client.hold();
  }

  /** Whether a client is held, because the app server has enough. */
  holds(client: LinkedClient): boolean {
    return this.#held.has(client);
  }

  /** The app server wants its clients to be moved. */
  migrate(): void {
    this.#migrating = true;
    this.retry();
  }

  /** There may be another app server for those clients that are to be moved. */
  retry(): void {
    if (this.#migrating) for (const client of this.clients) client.migrate();
  }

  bind(client: LinkedClient): void {
    this.clients.add(client);
    this.watcher?.(client, true);
  }

  unbind(client: LinkedClient): void {
    this.#held.delete(client);
    if (this.clients.delete(client)) this.watcher?.(client, false);
  }

  /** The app server takes more again. */
  drained(): void {
    this.#full = false;
    this.#releasing = true;
    this.#release();
    this.#releasing = false;
  }

  /** The server connection is gone. */
  lost(): void {
    this.leaving = true;
    const clients = [...this.clients];
    this.clients.clear();
    this.#held.clear();
    for (const client of clients) client.serverLost();
  }

  #time({ probe, connection }: LinkTiming, client: LinkedClient): void {
    // What was kept while the app server had enough came after what filled it: it waited no longer than that.
    connection.whenTaken?.(probe.start(this.#releasing ? this.#fullSince : client.connection.alive));
  }

  #release(): void {
    for (const client of this.#held) {
      // What one of them had kept may have been enough; the others have their turn before it.
      if (this.#full) return;
      this.#held.delete(client);
      client.release();
    }
  }
}
