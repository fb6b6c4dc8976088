import type { ConnectionListener } from './connection.ts';

/**
 * What a client has sent, on its way to the application: kept in order while nobody listens or the listener has paused,
 * and handed over as it comes otherwise. An end keeps its place behind the bytes before it.
 */
export class Inbox {
  #listener: ConnectionListener | undefined;
  #waiting: Buffer[] = none;
  #bytes = 0;
  #paused = false;
  /** A listener that pauses and resumes while it is told of a chunk must not be told of the next one inside that. */
  #telling = false;
  #ending = false;
  #error: Error | undefined;
  #closed = false;

  /** Bytes that the application has not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  take(chunk: Buffer): void {
    if (this.#ending) return;
    if (this.#listener === undefined || this.#paused || this.#telling || this.#bytes > 0) {
      this.#keep(chunk);
      return;
    }
    this.#telling = true;
    this.#listener.received(chunk);
    this.#telling = false;
    if (this.#bytes > 0 || this.#ending) this.#deliver();
  }

  receive(listener: ConnectionListener): void {
    this.#listener = listener;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  /** Nothing more comes. `closed` is told once everything before was taken. */
  end(error: Error | undefined): void {
    this.#conclude(error);
    this.#deliver();
  }

  /** Nothing more is wanted: what waits is dropped. `closed` is told soon, and not inside this call. */
  stop(error: Error | undefined): void {
    this.#conclude(error);
    this.#waiting = none;
    this.#bytes = 0;
    process.nextTick(() => this.#deliver());
  }

  #conclude(error: Error | undefined): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#error = error;
  }

  #keep(chunk: Buffer): void {
    if (this.#waiting === none) this.#waiting = [];
    // A copy, because a chunk may be a small part of a large buffer, and is its sender's to use again.
    this.#waiting.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
  }

  #deliver(): void {
    const listener = this.#listener;
    if (listener === undefined || this.#telling) return;
    this.#telling = true;
    while (this.#bytes > 0 && !this.#paused) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#bytes -= chunk.length;
      listener.received(chunk);
    }
    this.#telling = false;
    if (this.#bytes === 0) {
      this.#waiting = none;
      if (this.#ending) this.#tellClosed(listener);
    }
  }

  #tellClosed(listener: ConnectionListener): void {
    if (this.#closed) return;
    this.#closed = true;
    listener.closed(this.#error);
  }
}

/** Shared by all that keep nothing, which is nearly always all of them. */
const none: Buffer[] = [];
