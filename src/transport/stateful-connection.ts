import type { Payload } from '../base/payload.ts';
import { Timer } from '../base/timer-wheel.ts';
import type {
  Connection,
  ConnectionListener,
  ConnectionRequest,
  QueueLimits,
  ReconnectListener,
  TransferFormat,
  TransportName,
} from './connection.ts';
import { ConnectionError } from './connection-error.ts';
import { Inbox } from './inbox.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext } from './options.ts';
import { StatefulSocket, type StatefulSocketOwner } from './stateful-socket.ts';
import type { ConnectionTelemetry } from './telemetry.ts';
import type { TransportConnection } from './transport-connection.ts';
import type { Wire } from './wire.ts';

/** Who keeps a connection that outlives its sockets. */
export interface StatefulOwner {
  readonly id: string;
  /** Milliseconds that a client may stay away. */
  readonly disconnectTimeout: number;
  /** It has ended: nobody can come back to it. */
  ended(): void;
  /** Nothing is left of one of its sockets. */
  socketGone(): void;
}

/** Who is connected, and by what. */
export interface StatefulConnectionParts {
  readonly owner: StatefulOwner;
  /** The first one. */
  readonly wire: Wire;
  /** What the client sent before. */
  readonly inbox: Inbox;
  readonly request: ConnectionRequest;
  readonly user: unknown;
  readonly telemetry: ConnectionTelemetry | undefined;
}

/**
 * A connection whose client may come back by another WebSocket. Each socket has a `TransportConnection` of its own, with its own batch and
 * its own marks; this is what the application holds meanwhile. Until the application enables it, the first socket's end is the end.
 */
export class StatefulConnection implements Connection, StatefulSocketOwner {
  readonly id: string;
  readonly transport: TransportName = 'webSockets';
  readonly binary = true;
  readonly negotiatedReconnect = true;
  readonly request: ConnectionRequest;
  user: unknown;
  readonly telemetry: ConnectionTelemetry | undefined;
  readonly #context: EndpointContext;
  readonly #owner: StatefulOwner;
  #socket: StatefulSocket;
  #listener: ConnectionListener | undefined;
  #reconnects: ReconnectListener | undefined;
  #format: TransferFormat = 'text';
  #paused = false;
  #open = true;
  /** Runs while there is no socket. */
  #absence: Timer | undefined;

  constructor(context: EndpointContext, { owner, wire, inbox, request, user, telemetry }: StatefulConnectionParts) {
    this.id = owner.id;
    this.#context = context;
    this.#owner = owner;
    this.request = request;
    this.user = user;
    this.telemetry = telemetry;
    this.#socket = new StatefulSocket(context, this, wire, inbox);
  }

  /** What the present socket's wire reports to. */
  get carrier(): TransportConnection {
    return this.#socket.connection;
  }

  /** Whether another socket may take over. */
  get reconnects(): boolean {
    return this.#open && this.#reconnects !== undefined;
  }

  get alive(): number {
    return this.carrier.alive;
  }

  get queued(): number {
    return this.carrier.queued;
  }

  get format(): TransferFormat {
    return this.#format;
  }

  set format(format: TransferFormat) {
    this.#format = format;
    this.carrier.format = format;
  }

  receive(listener: ConnectionListener): void {
    this.#listener = listener;
    this.carrier.receive(this.#socket);
  }

  pause(): void {
    this.#paused = true;
    this.carrier.pause();
  }

  resume(): void {
    this.#paused = false;
    this.carrier.resume();
  }

  write(payload: Payload): boolean {
    return this.carrier.write(payload);
  }

  whenTaken(taken: () => void): void {
    this.carrier.whenTaken(taken);
  }

  probe(): boolean {
    return this.carrier.probe();
  }

  enableReconnect(listener: ReconnectListener): QueueLimits | undefined {
    if (!this.#open) return undefined;
    this.#reconnects = listener;
    return this.#context.options;
  }

  close(error?: Error): void {
    if (this.#absence === undefined) this.carrier.close(error);
    else this.#endAbsent(error);
  }

  abort(error?: Error): void {
    if (this.#absence === undefined) this.carrier.abort(error);
    else this.#endAbsent(error);
  }

  /** Ends it for a reason that the application may put into words first. */
  dismiss(reason: Error): void {
    if (this.#open) this.#guard(() => (this.#listener?.dismissed === undefined ? this.close(reason) : this.#listener.dismissed(reason)));
  }

  /** The client's authentication was renewed. */
  refresh(user: unknown): void {
    this.user = user;
    if (this.#open) this.#guard(() => this.#listener?.refreshed?.());
  }

  /** The client's authentication has expired. */
  expire(): void {
    if (!this.#open) return;
    this.#context.log(transportEvents.expired, { connectionId: this.id });
    this.#guard(() => (this.#listener?.expired === undefined ? this.close() : this.#listener.expired()));
  }

  /**
   * Another socket takes over, even where the last one looks alive: the client knows better. Nothing of it is read before `begin`.
   *
   * @returns what the wire is to report to
   */
  takeOver(wire: Wire): TransportConnection {
    const last = this.#socket;
    this.telemetry?.reconnected();
    this.#socket = new StatefulSocket(this.#context, this, wire, new Inbox());
    this.#socket.connection.format = this.#format;
    if (this.#paused) this.#socket.connection.pause();
    this.#endAbsence();
    last.dismiss();
    return this.#socket.connection;
  }

  /** Tells the application of the socket that has taken over, and reads it. */
  begin(): void {
    this.#context.log(transportEvents.replaced, { connectionId: this.id });
    this.#tell((listener) => listener.reconnected());
    this.carrier.receive(this.#socket);
  }

  // StatefulSocketOwner

  received(chunk: Buffer): void {
    this.#listener?.received(chunk);
  }

  drained(): void {
    this.#listener?.drained();
  }

  socketEnded(lost: boolean): void {
    if (lost && this.reconnects) {
      // Its queue is lost with it, and nobody is there whom another could wait for.
      if (this.carrier.congested) this.telemetry?.drained();
      this.#absence = new Timer(() => this.#stayedAway());
      this.#context.wheel.arm(this.#absence, this.#owner.disconnectTimeout);
      this.#tell((listener) => listener.lost());
    } else {
      this.#open = false;
      this.#owner.ended();
    }
  }

  socketClosed(error: Error | undefined): void {
    // The end of a socket that was lost is not yet the connection's.
    if (this.#absence === undefined) this.#listener?.closed(error);
  }

  socketGone(): void {
    this.#owner.socketGone();
  }

  #stayedAway(): void {
    const { disconnectTimeout } = this.#owner;
    this.#context.log(transportEvents.stayedAway, { connectionId: this.id });
    this.telemetry?.timedOut();
    this.#endAbsent(
      new ConnectionError(
        'silent',
        `The client lost its WebSocket and did not come back within ${disconnectTimeout} ms (disconnectTimeout).`,
      ),
    );
  }

  /** The end while there is no socket. It is told soon, and not inside this call. */
  #endAbsent(error: Error | undefined): void {
    this.#open = false;
    this.#endAbsence();
    this.#owner.ended();
    this.#socket.dismiss();
    process.nextTick(() => this.#tell(() => this.#listener?.closed(error)));
  }

  #endAbsence(): void {
    if (this.#absence === undefined) return;
    this.#context.wheel.cancel(this.#absence);
    this.#absence = undefined;
  }

  #tell(what: (listener: ReconnectListener) => void): void {
    const reconnects = this.#reconnects;
    if (reconnects !== undefined) this.#guard(() => what(reconnects));
  }

  /** The listener was promised not to throw. Where it does, its own connection ends, and nothing else. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#context.log(transportEvents.listenerFailed, { connectionId: this.id }, error);
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
