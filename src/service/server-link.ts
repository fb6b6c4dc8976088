import type { ServerConnectionType } from '../protocol/service/codes.ts';

/** A client as the link that it is bound to sees it. */
export interface LinkedClient {
  readonly connectionId: string;
  /** The app server has enough for now: nothing is to be read from the client. */
  hold(): void;
  release(): void;
  /** The server connection is gone, and what the app server knew of the client with it. */
  serverLost(): void;
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

/** Sends a message to an app server. Returns false when it is over its mark; `drained` of the link is to follow. */
export type LinkWriter = (message: Buffer) => boolean;

/** The way from clients of this node to one server connection, wherever that ends. */
export class ServerLink {
  readonly traits: LinkTraits;
  readonly clients = new Set<LinkedClient>();
  /** The app server goes: no new clients for it. */
  leaving = false;
  #full = false;
  readonly #write: LinkWriter;
  readonly #held = new Set<LinkedClient>();

  constructor(traits: LinkTraits, write: LinkWriter) {
    this.traits = traits;
    this.#write = write;
  }

  /** Whether new clients may be bound to it. */
  get available(): boolean {
    return !this.leaving && this.traits.kind !== 'weak';
  }

  /** Whether the app server has enough for now: clients are to keep what they have. */
  get full(): boolean {
    return this.#full;
  }

  /** Sends what is about no client, or must not wait. */
  tell(message: Buffer): void {
    this.#write(message);
  }

  /** Sends what comes of a client, which is held while the app server has enough. */
  relay(message: Buffer, client: LinkedClient): void {
    if (this.#write(message)) return;
    this.#full = true;
    this.hold(client);
  }

  /** Lets a client wait until the app server takes more. */
  hold(client: LinkedClient): void {
    if (this.#held.has(client)) return;
    this.#held.add(client);
    client.hold();
  }

  unbind(client: LinkedClient): void {
    this.clients.delete(client);
    this.#held.delete(client);
  }

  /** The app server takes more again. */
  drained(): void {
    this.#full = false;
    for (const client of this.#held) {
      // What one of them had kept may have been enough; the others have their turn before it.
      if (this.#full) return;
      this.#held.delete(client);
      client.release();
    }
  }

  /** The server connection is gone. */
  lost(): void {
    this.leaving = true;
    const clients = [...this.clients];
    this.clients.clear();
    this.#held.clear();
    for (const client of clients) client.serverLost();
  }
}
