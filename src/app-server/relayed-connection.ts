import type { Log } from '../base/log.ts';
import { bytesOf, type Payload } from '../base/payload.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { DataType } from '../protocol/service/codes.ts';
import type { Extension } from '../protocol/service/extension.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type {
  Connection,
  ConnectionListener,
  ConnectionRequest,
  QueueLimits,
  TransferFormat,
  TransportName,
} from '../transport/connection.ts';
import { GuardedListener } from '../transport/guarded-listener.ts';
import { Inbox } from '../transport/inbox.ts';
import type { ConnectionTelemetry } from '../transport/telemetry.ts';
import { dataTypeOf } from './data-type.ts';
import { appServerEvents } from './log-events.ts';
import type { AppServerSettings } from './options.ts';
import type { Carried, ServerConnection } from './server-connection.ts';

/** Milliseconds that an application that has paused is given to take the last bytes of a client that has gone. */
const LAST_BYTES = 15_000;

/** What a message for a client is said to be: an object for each, however many messages there are. */
const extensions: Readonly<Record<number, Extension>> = Object.fromEntries(
  Object.values(DataType).map((dataType) => [dataType, Object.freeze({ dataType })]),
);

/** Who keeps the clients of a hub. */
export interface RelayedOwner {
  readonly settings: AppServerSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Nothing more is to come for it. */
  forget(connection: RelayedConnection): void;
}

/** Who a client is. */
export interface RelayedClient {
  readonly id: string;
  readonly user: unknown;
  readonly userId: string | undefined;
  readonly request: ConnectionRequest;
  /** Between it and the service. */
  readonly transport: TransportName;
  /** Whether it comes from another app server: then its handshake was answered there. */
  readonly migrated: boolean;
  /** The instance of the service that has it, where the service says so. */
  readonly instance: string | undefined;
  /** Bytes of the largest message that is taken of it; null for no limit. */
  readonly messageSize: number | null;
  readonly telemetry: ConnectionTelemetry | undefined;
}

/** A client that is connected to the service, as its hub has it: what it sends comes over a server connection, and what it is sent goes there. */
export class RelayedConnection implements Connection, Carried {
  readonly id: string;
  readonly transport: TransportName;
  readonly binary = true;
  readonly user: unknown;
  readonly userId: string | null;
  readonly request: ConnectionRequest;
  readonly instance: string | undefined;
  readonly telemetry: ConnectionTelemetry | undefined;
  format: TransferFormat = 'text';
  alive: number;
  readonly #owner: RelayedOwner;
  readonly #inbox = new Inbox();
  #server: ServerConnection;
  #listener: GuardedListener | undefined;
  #open = true;
  #answersHandshake = true;
  readonly #migrated: boolean;
  readonly #messageSize: number;
  /** Pieces of a message whose end has not come. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** What waits while the service has paused the client; undefined while it has not. */
  #held: Buffer[] | undefined;
  #heldBytes = 0;
  #full = false;

  constructor(server: ServerConnection, owner: RelayedOwner, client: RelayedClient) {
    this.id = client.id;
    this.user = client.user;
    this.userId = client.userId ?? null;
    this.request = client.request;
    this.transport = client.transport;
    this.instance = client.instance;
    this.telemetry = client.telemetry;
    this.#migrated = client.migrated;
    this.#messageSize = client.messageSize ?? Number.POSITIVE_INFINITY;
    this.#server = server;
    this.#owner = owner;
    this.alive = owner.wheel.now();
    server.carried.add(this);
  }

  /** The server connection that carries it. */
  get server(): ServerConnection {
    return this.#server;
  }

  get queued(): number {
    return this.#heldBytes + this.#server.queued;
  }

  receive(listener: ConnectionListener): void {
    this.#listener = new GuardedListener(listener, this, this.#owner.log);
    this.#inbox.receive(this.#listener);
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  write(payload: Payload): boolean {
    if (!this.#open) return false;
    const first = this.#answersHandshake;
    this.#answersHandshake = false;
    // Its client has had the answer of the app server that it comes from.
    if (first && this.#migrated) return true;
    const bytes = bytesOf(payload);
    this.telemetry?.wrote();
    this.telemetry?.sent(bytes.length);
    const extension = extensions[first ? DataType.handshake : dataTypeOf(bytes, this.format)] as Extension;
    return this.send(writeServiceMessage({ type: 'connectionData', connectionId: this.id, payload: bytes, extension }));
  }

  /** Sends the service a message about this client, behind all that was written. Returns false when the queue is over its mark. */
  send(message: Buffer): boolean {
    if (this.#held !== undefined) return this.#hold(message);
    const flows = this.#server.write(message);
    if (!flows) this.#full = true;
    return flows;
  }

  /** The service alone knows how the client stands, and says so when it goes. */
  probe(): boolean {
    return false;
  }

  /** Coming back is between the client and the service. */
  enableReconnect(): QueueLimits | undefined {
    return undefined;
  }

  close(error?: Error): void {
    if (!this.#open) return;
    this.send(writeServiceMessage({ type: 'closeConnection', connectionId: this.id, error: '' }));
    this.#stop(error);
  }

  abort(error?: Error): void {
    this.close(error);
  }

  drained(): void {
    if (!this.#full || !this.#open) return;
    this.#full = false;
    this.telemetry?.drained();
    this.#listener?.drained();
  }

  lost(error: Error): void {
    this.ended(error);
  }

  /** The client sent something, or a piece of it. */
  received(payload: Buffer, isPartial: boolean): void {
    if (!this.#open) return;
    this.alive = this.#owner.wheel.now();
    this.telemetry?.received(payload.length);
    if (isPartial) {
      this.#pieces.push(payload);
      this.#pieceBytes += payload.length;
    } else this.#inbox.take(this.#pieces.length === 0 ? payload : this.#whole(payload));
    const bytes = this.#inbox.bytes + this.#pieceBytes;
    const limit = this.#owner.settings.applicationMaxBufferSize + this.#messageSize;
    if (bytes <= limit || !this.#open) return;
    this.#owner.log(appServerEvents.inboxFull, { connectionId: this.id, bytes, limit });
    this.#dismiss(`More than ${limit} bytes wait to be processed.`);
  }

  /** The client came back to the service by another socket: a piece whose rest it lost is sent anew. */
  reconnected(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
  }

  /** The client is gone, or another app server has it. Nobody has to be told. */
  ended(error: Error | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#held = undefined;
    this.#leave();
    this.#inbox.end(error);
    if (this.#inbox.bytes === 0) return;
    // An application that has paused may be waiting for just this end.
    const timer = new Timer(() => {
      if (this.#inbox.bytes === 0) return;
      this.#owner.log(appServerEvents.notTaken, { connectionId: this.id, bytes: this.#inbox.bytes });
      this.#inbox.stop(error);
    });
    this.#owner.wheel.arm(timer, LAST_BYTES);
  }

  /** The instance of the service that had it is gone, or this app server goes: the client is told to come back, where it can be. */
  sendAway(): void {
    if (this.#listener === undefined) this.close();
    else this.#listener.expired();
  }

  /** The service moves the client to another server connection: nothing is sent until it goes on. */
  hold(): void {
    this.#held ??= [];
  }

  /** It goes on, on a server connection that may be another one. */
  goOn(server: ServerConnection): void {
    if (server !== this.#server) {
      this.#server.carried.delete(this);
      this.#server = server;
      if (this.#open) server.carried.add(this);
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const message of held) this.send(message);
    if (!this.#open) this.#owner.forget(this);
    else if (!this.#full) this.#listener?.drained();
  }

  #hold(message: Buffer): boolean {
    this.#held?.push(message);
    this.#heldBytes += message.length;
    const { maximumQueuedBytes: limit, transportMaxBufferSize } = this.#owner.settings;
    if (this.#heldBytes > limit && this.#open) {
      this.#owner.log(appServerEvents.heldTooMuch, { connectionId: this.id, bytes: this.#heldBytes, limit });
      this.#held = undefined;
      this.close(new Error(`${this.#heldBytes} bytes waited while the service had paused the client, and the limit is ${limit}.`));
    }
    return this.#heldBytes <= transportMaxBufferSize;
  }

  #whole(end: Buffer): Buffer {
    const whole = Buffer.concat([...this.#pieces, end]);
    this.reconnected();
    return whole;
  }

  #dismiss(reason: string): void {
    if (this.#listener === undefined) this.close(new Error(reason));
    else this.#listener.dismissed(new Error(reason));
  }

  #stop(error: Error | undefined): void {
    this.#open = false;
    this.#leave();
    this.#inbox.stop(error);
  }

  #leave(): void {
    this.#server.carried.delete(this);
    this.reconnected();
    this.telemetry?.closed(false);
    // What it is still to be sent waits for the service; it is forgotten behind that.
    if (this.#held === undefined) this.#owner.forget(this);
  }
}
