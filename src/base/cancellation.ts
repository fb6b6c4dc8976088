/**
 * Ends a wait from outside. What an `AbortSignal` does, for one listener and without its cost: an abort controller takes a
 * kilobyte and several microseconds, which would be most of a client result.
 */
export class Cancellation {
  #reason: Error | undefined;
  #listener: ((reason: Error) => void) | undefined;

  /** Why it was cancelled; undefined while it was not. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Ends the wait. Only the first call counts. */
  cancel(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#listener?.(reason);
  }

  /** Names who is told, instead of whoever was before. Who comes too late looks at `reason` first. */
  listen(listener: (reason: Error) => void): void {
    this.#listener = listener;
  }
}
