import { Duplex } from 'node:stream';
import type { Link, LinkListener } from './link.ts';

/** A connection without a kernel below it: quick, and its events have the same order each time. */
export class MemoryLink implements Link {
  /** The server's end, for its event `connection`. */
  readonly socket: MemorySocket;
  readonly #listener: LinkListener;
  #underWay = 0;
  #stalled: (() => void)[] | undefined;
  #over = false;

  constructor(listener: LinkListener) {
    this.#listener = listener;
    this.socket = new MemorySocket({
      written: (chunk, taken) => this.#take(chunk, taken),
      ended: () => this.#finish(),
    });
  }

  get quiet(): boolean {
    return this.#underWay === 0;
  }

  write(bytes: Uint8Array): void {
    this.#send(() => this.socket.push(bytes));
  }

  end(): void {
    this.#send(() => this.socket.push(null));
  }

  cut(): void {
    this.#over = true;
    this.#stalled = undefined;
    this.#later(() => void this.socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })));
  }

  stall(): void {
    this.#stalled ??= [];
  }

  flow(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const deliver of waiting) deliver();
  }

  #send(push: () => void): void {
    this.#later(() => {
      if (!this.#over && !this.socket.destroyed && !this.socket.readableEnded) push();
    });
  }

  /** As a kernel does: what it has taken the server knows of before the client can answer it. While the client does not read, nothing is taken. */
  #take(chunk: Buffer, taken: () => void): void {
    if (this.#stalled !== undefined) {
      this.#stalled.push(() => this.#take(chunk, taken));
      return;
    }
    process.nextTick(taken);
    this.#later(() => {
      if (!this.#over) this.#listener.received(chunk);
    });
  }

  #finish(): void {
    if (this.#stalled === undefined) this.#later(() => this.#end());
    else this.#stalled.push(() => this.#finish());
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#later(() => void (this.socket.readableEnded || this.socket.push(null)));
    this.#listener.ended();
  }

  #later(task: () => void): void {
    this.#underWay++;
    // Not by nextTick: what comes from a kernel comes in a turn of its own.
    setImmediate(() => {
      this.#underWay--;
      task();
    });
  }
}

interface Written {
  written(chunk: Buffer, taken: () => void): void;
  ended(): void;
}

/** The server's end. */
class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly #written: Written;

  constructor(written: Written) {
    super({ allowHalfOpen: true });
    this.#written = written;
  }

  /** Time-outs of sockets are Node's. */
  setTimeout(): this {
    return this;
  }

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, taken: () => void): void {
    this.#written.written(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, taken);
  }

  override _final(done: () => void): void {
    this.#written.ended();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#written.ended();
    done(error);
  }
}
