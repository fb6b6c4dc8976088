import { isPromise } from '../base/promise.ts';
import type { Caller } from './caller.ts';
import { errorText } from './error-text.ts';
import type { ItemIterator } from './streams.ts';

/** The call that a stream answers. */
export interface StreamedCall {
  readonly target: string;
  readonly invocationId: string;
}

/**
 * Writes a method's items to its caller, as fast as the caller takes them. It hangs its two reactions on each promise of the
 * iterator instead of awaiting in an async function, which would cost two more promises an item.
 */
export class ServerStream {
  readonly #items: ItemIterator;
  readonly #caller: Caller;
  readonly #target: string;
  readonly #invocationId: string;
  readonly #ended: (error: string | undefined, cause?: unknown) => void;
  #waitsForDrain = false;
  #over = false;

  /** @param ended - called once, unless `stop` was; with the error's text for the caller, and the error */
  constructor(
    items: ItemIterator,
    caller: Caller,
    { target, invocationId }: StreamedCall,
    ended: (error: string | undefined, cause?: unknown) => void,
  ) {
    this.#items = items;
    this.#caller = caller;
    this.#target = target;
    this.#invocationId = invocationId;
    this.#ended = ended;
  }

  start(): void {
    this.#pull();
  }

  drained(): void {
    if (!this.#waitsForDrain) return;
    this.#waitsForDrain = false;
    this.#pull();
  }

  /** Wants no more items. The method's `finally` blocks run, as soon as it comes to them. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    try {
      const returned = this.#items.return?.();
      if (isPromise(returned)) returned.then(undefined, this.#returnFailed);
    } catch (error) {
      this.#returnFailed(error);
    }
  }

  #pull(): void {
    try {
      // A generator that never waits is read in this loop, one that does through its promises.
      while (!this.#over && !this.#waitsForDrain) {
        const next = this.#items.next();
        if (isPromise(next)) {
          next.then(this.#arrived, this.#failed);
          return;
        }
        this.#take(next);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #arrived = (result: IteratorResult<unknown, unknown>): void => {
    try {
      this.#take(result);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (!this.#over && !this.#waitsForDrain) this.#pull();
  };

  /** @throws TypeError when the item can't be written */
  #take(result: IteratorResult<unknown, unknown>): void {
    if (this.#over) return;
    if (result.done === true) {
      this.#over = true;
      this.#ended(undefined);
      return;
    }
    this.#waitsForDrain = !this.#caller.writeStreamItem(this.#invocationId, result.value);
  }

  readonly #failed = (error: unknown): void => {
    if (this.#over) return;
    this.stop();
    this.#caller.reportFailure(this.#target, error, this.#invocationId);
    this.#ended(errorText.streaming(error, this.#caller.settings.enableDetailedErrors), error);
  };

  readonly #returnFailed = (error: unknown): void => {
    this.#caller.reportFailure(this.#target, error, this.#invocationId);
  };
}
