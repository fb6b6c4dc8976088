import type { Connection, ConnectionListener, ConnectionRequest, TransferFormat, TransportName } from '../transport/connection.ts';
import type { Claims } from './claims.ts';

/** A connection without a hub protocol: bytes both ways, on any transport. */
export interface RawConnection<User = Claims> {
  readonly id: string;
  readonly transport: TransportName;
  readonly request: ConnectionRequest;
  /** What `authenticate` made of the request, or of a later one that renewed it. Undefined for an anonymous connection. */
  readonly user: User | undefined;
  /** Whether WebSocket frames go out as text or binary. Default `text`. What comes in is bytes either way. */
  format: TransferFormat;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /**
   * What the client sends, in the pieces it arrives in; ends with the connection. Iterated once. While the loop's body runs
   * the client is held back, so a slow reader has no memory to fear.
   */
  frames(): AsyncIterable<Buffer>;
  /** Queues a frame, whose bytes must not change afterwards. False asks to wait for `writable` before the next one. Ignored once the connection has ended. */
  write(frame: Uint8Array | string): boolean;
  /** Resolves when the client has taken enough of what was written for more, or is gone. */
  writable(): Promise<void>;
  /** Sends what is queued, then ends the connection. */
  close(error?: Error): void;
}

/** Reads a connection for code that would rather iterate than be called. */
export class IterableConnection implements RawConnection<unknown>, ConnectionListener {
  readonly #connection: Connection;
  readonly #limit: number;
  readonly #controller = new AbortController();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #paused = false;
  #full = false;
  #ended = false;
  #wake: () => void = () => {};
  readonly #waiting: (() => void)[] = [];

  /** @param limit - bytes that may wait to be read before the client is held back */
  constructor(connection: Connection, limit: number) {
    this.#connection = connection;
    this.#limit = limit;
    connection.receive(this);
  }

  get id(): string {
    return this.#connection.id;
  }

  get transport(): TransportName {
    return this.#connection.transport;
  }

  get request(): ConnectionRequest {
    return this.#connection.request;
  }

  get user(): unknown {
    return this.#connection.user;
  }

  get format(): TransferFormat {
    return this.#connection.format;
  }

  set format(format: TransferFormat) {
    this.#connection.format = format;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async *frames(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#took(chunk.length);
        yield chunk;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  write(frame: Uint8Array | string): boolean {
    const more = this.#connection.write(frame);
    this.#full = !more && !this.#ended;
    return more;
  }

  writable(): Promise<void> {
    return this.#full ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  close(error?: Error): void {
    this.#connection.close(error);
  }

  // ConnectionListener

  received(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit && !this.#paused) {
      this.#paused = true;
      this.#connection.pause();
    }
    this.#wake();
  }

  drained(): void {
    this.#letGo();
  }

  closed(error: Error | undefined): void {
    this.#ended = true;
    this.#controller.abort(error);
    this.#wake();
    this.#letGo();
  }

  #took(bytes: number): void {
    this.#bytes -= bytes;
    if (!this.#paused || this.#bytes > this.#limit / 2) return;
    this.#paused = false;
    this.#connection.resume();
  }

  #letGo(): void {
    this.#full = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
