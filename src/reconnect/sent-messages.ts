import { byteLengthOf, type Payload } from '../base/payload.ts';

/** So few that moving them up is not worth it. */
const FEW = 64;

/**
 * The numbered messages to one client that it has not acknowledged, in order. Numbers begin at 1. What is shared between connections is
 * kept as it is, not copied.
 */
export class SentMessages {
  readonly #messages: Payload[] = [];
  /** Where the first unacknowledged one is. */
  #start = 0;
  /** Where the one is that goes out next. */
  #next = 0;
  #firstId = 1;
  #bytes = 0;

  /** The number of the first one that is not acknowledged, or that the next one will have. */
  get firstId(): number {
    return this.#firstId;
  }

  /** The number of the last one that was added; 0 for none. */
  get lastId(): number {
    return this.#firstId + this.#messages.length - this.#start - 1;
  }

  /** Bytes that are not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  add(message: Payload): void {
    this.#messages.push(message);
    // Counting the bytes of a text has V8 put it in one piece. Kept as the tree of pieces that it was written as, it would take three
    // times the memory, and much of the time of whoever collects garbage.
    this.#bytes += byteLengthOf(message);
  }

  /** The next one to go out, if there is one. */
  next(): Payload | undefined {
    return this.#next < this.#messages.length ? this.#messages[this.#next++] : undefined;
  }

  /** All that are not acknowledged go out again. */
  rewind(): void {
    this.#next = this.#start;
  }

  /** Lets go of all up to a number, which is one of those that are there. */
  acknowledge(id: number): void {
    if (id === this.lastId) {
      this.#clear(id + 1);
      return;
    }
    const end = this.#start + id - this.#firstId + 1;
    for (; this.#start < end; this.#start++) {
      this.#bytes -= byteLengthOf(this.#messages[this.#start] as Payload);
      this.#messages[this.#start] = '';
    }
    this.#firstId = id + 1;
    this.#next = Math.max(this.#next, this.#start);
    if (this.#start > FEW && this.#start * 2 > this.#messages.length) this.#drop(this.#start);
  }

  /** Nothing is left, which is how it nearly always goes. */
  #clear(firstId: number): void {
    this.#messages.length = 0;
    this.#start = 0;
    this.#next = 0;
    this.#firstId = firstId;
    this.#bytes = 0;
  }

  #drop(count: number): void {
    this.#messages.splice(0, count);
    this.#start -= count;
    this.#next -= count;
  }
}
