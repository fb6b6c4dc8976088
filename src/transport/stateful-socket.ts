import type { ConnectionListener, ConnectionRequest } from './connection.ts';
import type { Inbox } from './inbox.ts';
import type { EndpointContext } from './options.ts';
import type { ConnectionTelemetry } from './telemetry.ts';
import { TransportConnection, type ConnectionOwner } from './transport-connection.ts';
import type { Wire } from './wire.ts';

/** Who goes on when a socket is replaced. */
export interface StatefulSocketOwner {
  readonly id: string;
  readonly request: ConnectionRequest;
  readonly user: unknown;
  readonly telemetry: ConnectionTelemetry | undefined;
  received(chunk: Buffer): void;
  drained(): void;
  /** The socket has ended; what it has brought may still be delivered. */
  socketEnded(lost: boolean): void;
  /** The socket has ended, and all that it has brought was delivered. */
  socketClosed(error: Error | undefined): void;
  /** Nothing is left of the socket. Told also of one that was dismissed. */
  socketGone(): void;
}

/** One of the WebSockets that carry a connection one after the other. Once it is dismissed, nothing of it is heard any more. */
export class StatefulSocket implements ConnectionListener, ConnectionOwner {
  readonly connection: TransportConnection;
  readonly #owner: StatefulSocketOwner;
  #dismissed = false;

  constructor(context: EndpointContext, owner: StatefulSocketOwner, wire: Wire, inbox: Inbox) {
    this.#owner = owner;
    const { request, user, telemetry } = owner;
    this.connection = new TransportConnection(context, { owner: this, wire, inbox, request, user, telemetry });
  }

  get id(): string {
    return this.#owner.id;
  }

  received(chunk: Buffer): void {
    if (!this.#dismissed) this.#owner.received(chunk);
  }

  drained(): void {
    if (!this.#dismissed) this.#owner.drained();
  }

  closed(error: Error | undefined): void {
    if (!this.#dismissed) this.#owner.socketClosed(error);
  }

  ended(lost: boolean): void {
    if (!this.#dismissed) this.#owner.socketEnded(lost);
  }

  gone(): void {
    this.#owner.socketGone();
  }

  /** It carries the connection no more. What it brought and nobody has taken is dropped. */
  dismiss(): void {
    this.#dismissed = true;
    // What waits for a client that has gone elsewhere is not kept until the socket gives up. An idle one is closed as it should be.
    if (this.connection.queued > 0) this.connection.abort();
    else this.connection.close();
    this.connection.resume();
  }
}
