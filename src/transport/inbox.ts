import type { ConnectionListener } from './connection.ts';

/**
 * What a client has sent, on its way to the application: handed over as it comes, and kept while nobody listens or the
 * listener has paused. What was kept is handed over in one piece, so many small chunks cost no more than their bytes. An end
 * keeps its place behind the bytes before it.
 */
export class Inbox {
  #listener: ConnectionListener | undefined;
  /** What is kept, with room behind it. */
  #kept: Buffer = nothing;
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
    this.#kept = nothing;
    this.#bytes = 0;
    process.nextTick(() => this.#deliver());
  }

  #conclude(error: Error | undefined): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#error = error;
  }

  #keep(chunk: Buffer): void {
    const bytes = this.#bytes + chunk.length;
    if (bytes > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#kept.length));
      larger.set(this.#kept.subarray(0, this.#bytes));
      this.#kept = larger;
    }
    this.#kept.set(chunk, this.#bytes);
    this.#bytes = bytes;
  }

  #deliver(): void {
    const listener = this.#listener;
    if (listener === undefined || this.#telling) return;
    this.#telling = true;
    while (this.#bytes > 0 && !this.#paused) {
      const chunk = this.#kept.subarray(0, this.#bytes);
      this.#kept = nothing;
      this.#bytes = 0;
      listener.received(chunk);
    }
    this.#telling = false;
    if (this.#bytes === 0 && this.#ending) this.#tellClosed(listener);
  }

  #tellClosed(listener: ConnectionListener): void {
    if (this.#closed) return;
    this.#closed = true;
    listener.closed(this.#error);
  }
}

/** Shared by all that keep nothing, which is nearly always all of them. */
const nothing = Buffer.alloc(0);
