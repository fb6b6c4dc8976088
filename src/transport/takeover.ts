import type { EventEmitter } from 'node:events';

export type Listener = (...args: unknown[]) => unknown;

/**
 * Stands before all other listeners of one event: those that are there already, and those that are added later. What we do
 * not take is handed on to them; what we take they never see.
 */
export class Takeover {
  readonly #emitter: EventEmitter;
  readonly #event: string;
  readonly #listener: Listener;
  readonly #others: Listener[] = [];

  constructor(emitter: EventEmitter, event: string, listener: Listener) {
    this.#emitter = emitter;
    this.#event = event;
    this.#listener = listener;
    this.#collect();
    emitter.on(event, listener);
    emitter.on('newListener', this.#listenerAdded);
  }

  /** Whether there are other listeners. */
  get others(): boolean {
    return this.#others.length > 0;
  }

  /** Hands an event on to the other listeners. */
  pass(...args: unknown[]): void {
    for (const listener of this.#others.slice()) Reflect.apply(listener, this.#emitter, args);
  }

  /** Leaves, and puts the others back. */
  release(): void {
    this.#emitter.off('newListener', this.#listenerAdded);
    // Whoever stands before us goes on to call us, and the others would be lost without us.
    if (!this.#installed) return;
    this.#emitter.off(this.#event, this.#listener);
    for (const listener of this.#others.splice(0)) this.#emitter.on(this.#event, listener);
  }

  get #installed(): boolean {
    return this.#emitter.listeners(this.#event).includes(this.#listener);
  }

  readonly #listenerAdded = (event: string | symbol, listener: Listener): void => {
    // It is told before the listener is in, and no event comes before this.
    if (event === this.#event && listener !== this.#listener) process.nextTick(() => this.#adopt());
  };

  #adopt(): void {
    // Somebody else stands before us now, in the same way, and knows whom to hand on to.
    if (!this.#installed) return;
    this.#emitter.off(this.#event, this.#listener);
    this.#collect();
    this.#emitter.on(this.#event, this.#listener);
  }

  #collect(): void {
    // Wrappers of `once` included: called, they do not forget that they were.
    this.#others.push(...(this.#emitter.rawListeners(this.#event) as Listener[]));
    this.#emitter.removeAllListeners(this.#event);
  }
}
