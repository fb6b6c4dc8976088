import type { Clock } from '../base/clock.ts';
import { SharedPayload, type Payload } from '../base/payload.ts';
import type {
  Connection,
  ConnectionListener,
  ConnectionRequest,
  QueueLimits,
  ReconnectListener,
  TransferFormat,
  TransportName,
} from '../transport/connection.ts';
import { memoryRequest } from './memory-request.ts';

export interface MemoryConnectionOptions {
  readonly id?: string;
  readonly clock: Clock;
  readonly user?: unknown;
  readonly transport?: TransportName;
  /** Default: a request for `http://localhost/` that says nothing else. */
  readonly request?: ConnectionRequest;
  /** Bytes that may be queued before `write` returns false. Default: any number. */
  readonly mark?: number;
  /** Whether what is written is taken at once. Default true; else it stays queued until `take`. */
  readonly flowing?: boolean;
  /** The limits of a connection that outlives its sockets. Default: it has only one. */
  readonly reconnects?: QueueLimits;
}

/** A connection without a transport: the test is the client. */
export class MemoryConnection implements Connection {
  readonly id: string;
  readonly transport: TransportName;
  readonly binary = true;
  user: unknown;
  readonly request: ConnectionRequest;
  format: TransferFormat = 'text';
  alive: number;
  paused = false;
  /** Probes asked for and not yet answered. */
  probes = 0;
  /** Called when something was written, and when the connection has ended. */
  changed: () => void = () => {};
  /** Whether the connection has ended, and why. */
  end: { readonly error: Error | undefined } | undefined;
  readonly #clock: Clock;
  readonly #mark: number;
  readonly #flowing: boolean;
  readonly #written: Buffer[] = [];
  readonly #unread: Buffer[] = [];
  #queued = 0;
  #full = false;
  readonly #reconnects: QueueLimits | undefined;
  #listener: ConnectionListener | undefined;
  #reconnectListener: ReconnectListener | undefined;
  #away = false;

  constructor(options: MemoryConnectionOptions) {
    this.id = options.id ?? 'memory';
    this.transport = options.transport ?? 'webSockets';
    this.user = options.user;
    this.request = options.request ?? memoryRequest();
    this.#clock = options.clock;
    this.#mark = options.mark ?? Number.POSITIVE_INFINITY;
    this.#flowing = options.flowing ?? true;
    this.#reconnects = options.reconnects;
    this.alive = options.clock.now();
  }

  get queued(): number {
    return this.#queued;
  }

  receive(listener: ConnectionListener): void {
    this.#listener = listener;
    this.#deliver();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#deliver();
  }

  write(payload: Payload): boolean {
    if (this.end) return true;
    if (this.#away) return false;
    const bytes = payload instanceof SharedPayload ? payload.bytes : Buffer.from(payload);
    this.#written.push(bytes);
    if (!this.#flowing) this.#queued += bytes.length;
    this.#full = this.#queued > this.#mark;
    this.changed();
    return !this.#full;
  }

  probe(): boolean {
    this.probes++;
    return true;
  }

  get negotiatedReconnect(): boolean {
    return this.#reconnects !== undefined;
  }

  enableReconnect(listener: ReconnectListener): QueueLimits | undefined {
    if (this.#reconnects !== undefined) this.#reconnectListener = listener;
    return this.#reconnects;
  }

  close(error?: Error): void {
    if (this.end) return;
    this.end = { error };
    this.changed();
    this.#listener?.closed(error);
  }

  abort(error?: Error): void {
    this.close(error);
  }

  /** The client sends. */
  send(bytes: string | Uint8Array): void {
    this.alive = this.#clock.now();
    this.#unread.push(Buffer.from(bytes));
    this.#deliver();
  }

  /** The client's transport gives a sign of life, and nothing else. */
  pong(): void {
    this.alive = this.#clock.now();
    this.probes = 0;
  }

  /** Takes everything that was written since the last time. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#written.splice(0));
    this.#queued = 0;
    if (this.#full) {
      this.#full = false;
      this.#listener?.drained();
    }
    return bytes;
  }

  /** The client renews the authentication of its user. */
  refresh(user: unknown): void {
    this.user = user;
    this.#listener?.refreshed?.();
  }

  /** The authentication of the user expires. */
  expire(): void {
    if (this.#listener?.expired === undefined) this.close();
    else this.#listener.expired();
  }

  /** The client goes without a word. */
  vanish(error?: Error): void {
    this.close(error);
  }

  /** The socket is lost, and with it what nobody has taken of it. Without stateful reconnect that is the end. */
  lose(): void {
    if (this.#reconnectListener === undefined) {
      this.vanish(new Error('The socket was lost.'));
      return;
    }
    this.#away = true;
    this.#written.length = 0;
    this.#queued = 0;
    this.#full = false;
    this.#reconnectListener.lost();
  }

  /** The client comes back by another socket, whether or not the last one was lost. */
  reconnect(): void {
    this.#away = false;
    this.#written.length = 0;
    this.#unread.length = 0;
    this.#queued = 0;
    this.#full = false;
    this.alive = this.#clock.now();
    this.#reconnectListener?.reconnected();
  }

  #deliver(): void {
    while (this.#listener && !this.paused && !this.end) {
      const chunk = this.#unread.shift();
      if (!chunk) return;
      this.#listener.received(chunk);
    }
  }
}
