interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** Values that arrive one by one, for whoever waits for them or comes later. */
export class ItemQueue implements AsyncIterableIterator<unknown, undefined> {
  readonly #items: unknown[] = [];
  readonly #waiting: Waiting[] = [];
  #end: { readonly error: Error | undefined } | undefined;

  push(item: unknown): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting.resolve({ done: false, value: item });
  }

  /** No more items come: once those that are there are taken, the rest of the waiting is over. */
  end(error?: Error): void {
    this.#end ??= { error };
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, this.#end.error);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift() });
    return new Promise((resolve, reject) => {
      if (this.#end === undefined) this.#waiting.push({ resolve, reject });
      else this.#settle({ resolve, reject }, this.#end.error);
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle({ resolve, reject }: Waiting, error: Error | undefined): void {
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
