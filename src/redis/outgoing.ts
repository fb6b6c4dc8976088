/** Whether the clients of the server that sent a message have heard it, as far as its sender keeps account of that itself. */
export type Heard = 'no' | 'through Redis' | 'directly';

/** Somebody waits for what becomes of a message. */
export interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** A message on its way to Redis. It is in one list at a time. */
export class Outgoing {
  readonly channel: string;
  /** When it was sent, in milliseconds on the wheel. */
  readonly at: number;
  /** Its number among those of this server; 0 for one that has none. */
  sequence: number;
  payload: Buffer;
  /** When it was last given to Redis. */
  publishedAt = 0;
  heard: Heard = 'no';
  /** The stream that keeps it; undefined for one that none keeps. */
  stream: string | undefined = undefined;
  /** Whether it is sent again after a restart of Redis. */
  lasting = false;
  /** Whether one server waits for it: it is sent again where nobody heard it. */
  awaited = false;
  waiter: Waiter | undefined = undefined;
  /** @internal The one behind it in its list. */
  next: Outgoing | undefined = undefined;

  constructor(channel: string, payload: Buffer, sequence: number, at: number) {
    this.channel = channel;
    this.payload = payload;
    this.sequence = sequence;
    this.at = at;
  }
}

/** What a message costs beside its payload, about, in bytes. */
const OVERHEAD = 200;

/** Messages in order. */
export class OutgoingList implements Iterable<Outgoing> {
  #first: Outgoing | undefined;
  #last: Outgoing | undefined;
  #count = 0;
  #bytes = 0;

  get first(): Outgoing | undefined {
    return this.#first;
  }

  get count(): number {
    return this.#count;
  }

  /** Their payloads, and what each costs besides. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: Outgoing): void {
    message.next = undefined;
    if (this.#last === undefined) this.#first = message;
    else this.#last.next = message;
    this.#last = message;
    this.#count++;
    this.#bytes += message.payload.length + OVERHEAD;
  }

  shift(): Outgoing | undefined {
    const message = this.#first;
    if (message === undefined) return undefined;
    this.#first = message.next;
    if (this.#first === undefined) this.#last = undefined;
    message.next = undefined;
    this.#count--;
    this.#bytes -= message.payload.length + OVERHEAD;
    return message;
  }

  /** Puts what is in `others` in front, and leaves them empty. */
  prepend(others: OutgoingList): void {
    if (others.#last === undefined) return;
    others.#last.next = this.#first;
    this.#first = others.#first;
    this.#last ??= others.#last;
    this.#count += others.#count;
    this.#bytes += others.#bytes;
    others.#first = undefined;
    others.#last = undefined;
    others.#count = 0;
    others.#bytes = 0;
  }

  *[Symbol.iterator](): Iterator<Outgoing> {
    for (let message = this.#first; message !== undefined; message = message.next) yield message;
  }
}
