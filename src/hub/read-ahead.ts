const OWING_FACTOR = 16;

/** Who reads what a client sends. */
export interface Reader {
  /** Goes on reading. */
  readOn(): void;
}

/**
 * Decides whether a client is read on while what it sent before still waits. It is not when a stream's buffer is full or too
 * many bytes wait, so that its memory is bounded and the client feels the back-pressure. A client that owes a client result, or
 * the acks that streams to it wait for, is read further all the same: what everything waits for may itself wait for that.
 */
export class ReadAhead {
  readonly #limit: number;
  readonly #reader: Reader;
  #waiting = 0;
  #fullStreams = 0;
  #owed = 0;
  #stopped = false;

  /**
   * @param limit - bytes
   * @param reader - told when it may go on after `mayRead` said no
   */
  constructor(limit: number, reader: Reader) {
    this.#limit = limit;
    this.#reader = reader;
  }

  /** Asked after each message. */
  mayRead(): boolean {
    const limit = this.#owed > 0 ? this.#limit * OWING_FACTOR : this.#limit;
    this.#stopped = this.#waiting > limit || (this.#fullStreams > 0 && this.#owed === 0);
    return !this.#stopped;
  }

  /** Whether more waits than should, be it read on or not. */
  get strained(): boolean {
    return this.#waiting > this.#limit || this.#fullStreams > 0;
  }

  /** `bytes` more wait to be processed. */
  add(bytes: number): void {
    this.#waiting += bytes;
  }

  remove(bytes: number): void {
    this.#waiting -= bytes;
    this.#relieve();
  }

  streamFull(): void {
    this.#fullStreams++;
  }

  streamDrained(): void {
    this.#fullStreams--;
    this.#relieve();
  }

  owe(): void {
    this.#owed++;
    this.#relieve();
  }

  settle(): void {
    this.#owed--;
  }

  #relieve(): void {
    if (this.#stopped && this.mayRead()) this.#reader.readOn();
  }
}
