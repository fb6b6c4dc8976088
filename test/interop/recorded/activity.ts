/** Milliseconds for what a server should do at once. */
const patience = 10_000;

/** What happens on the connections of a session, for one that waits for something to be true. */
export class Activity {
  #wake: () => void = () => {};
  #failure: Error | undefined;

  happened(): void {
    this.#wake();
  }

  /** Something came that no server may send: whoever waits is told. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake();
  }

  /** @throws what `fail` was told */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Waits until `ready` says so. Asks again whenever something happened and, with `pass`, whenever that has passed some time. */
  async until(ready: () => boolean, wanted: () => string, pass?: () => Promise<boolean>): Promise<void> {
    const late = performance.now() + patience;
    for (this.check(); !ready(); this.check()) {
      const something = new Promise<void>((resolve) => (this.#wake = resolve));
      const more = pass === undefined ? await within(something, late) : await pass();
      if (!more && !ready()) throw new Error(`The server never sent ${wanted()}.`);
    }
  }
}

/** Whether it came in time. */
async function within(promise: Promise<void>, late: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), late - performance.now())));
  try {
    return await Promise.race([promise.then(() => true), end]);
  } finally {
    clearTimeout(timer);
  }
}
