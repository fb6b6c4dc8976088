import { HubError } from './hub-error.ts';
import { errorText } from './error-text.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Schema } from './schema.ts';

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const ENDED: IteratorResult<unknown, undefined> = { done: true, value: undefined };

/** A stream from the client to a method: what the client sends goes in here, the method iterates it. It is iterated once. */
export class UploadStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #readAhead: ReadAhead;
  readonly #capacity: number;
  readonly #detailed: boolean;
  #schema: Schema | undefined;
  readonly #items: Item[] = [];
  readonly #waiters: Waiter[] = [];
  #full = false;
  #ended = false;
  #error: Error | undefined;

  constructor(readAhead: ReadAhead, capacity: number, detailed: boolean) {
    this.#readAhead = readAhead;
    this.#capacity = capacity;
    this.#detailed = detailed;
  }

  /** Names the validator of the items; called before the method gets the stream. */
  validateWith(schema: Schema): this {
    this.#schema = schema;
    return this;
  }

  /** The client sent an item. Ignored once the stream has ended on either side. */
  push(value: unknown, bytes: number): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter) return this.#hand({ value, bytes: 0 }, waiter);
    this.#items.push({ value, bytes });
    this.#readAhead.add(bytes);
    if (!this.#full && this.#items.length >= this.#capacity) {
      this.#full = true;
      this.#readAhead.streamFull();
    }
  }

  /** The client, or the end of its connection, ended the stream. What was sent before is still read. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter);
  }

  /** The method is done with it: what waits and what may still come is dropped. */
  abandon(): void {
    this.#ended = true;
    this.#error = undefined;
    let bytes = 0;
    for (const item of this.#items.splice(0)) bytes += item.bytes;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(ENDED);
    this.#readAhead.remove(bytes);
    this.#drained();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const item = this.#items.shift();
      if (item) this.#hand(item, waiter);
      else if (this.#ended) this.#finish(waiter);
      else this.#waiters.push(waiter);
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.abandon();
    return Promise.resolve(ENDED);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #hand(item: Item, waiter: Waiter): void {
    if (item.bytes > 0) this.#readAhead.remove(item.bytes);
    if (this.#items.length < this.#capacity) this.#drained();
    try {
      const result = this.#schema?.['~standard'].validate(item.value);
      if (result === undefined) waiter.resolve({ done: false, value: item.value });
      else if (result instanceof Promise) result.then((settled) => this.#validated(settled, waiter), waiter.reject);
      else this.#validated(result, waiter);
    } catch (error) {
      waiter.reject(error);
    }
  }

  #validated(
    result: { readonly issues?: readonly { readonly message: string }[] | undefined; readonly value?: unknown },
    waiter: Waiter,
  ): void {
    if (result.issues === undefined) return waiter.resolve({ done: false, value: result.value });
    const reason = `InvalidDataException: ${result.issues[0]?.message ?? 'The item is not valid.'}`;
    this.abandon();
    waiter.reject(new HubError(errorText.streamItem(reason, this.#detailed)));
  }

  #finish(waiter: Waiter): void {
    if (this.#error === undefined) return waiter.resolve(ENDED);
    waiter.reject(this.#error);
    this.#error = undefined;
  }

  #drained(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#readAhead.streamDrained();
  }
}
