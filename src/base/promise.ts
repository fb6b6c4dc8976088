/** A value that may not be there yet. */
export type MaybePromise<T> = T | PromiseLike<T>;

/**
 * What is done already. Whoever has nothing to wait for returns this one promise, and whoever receives it can tell without
 * waiting a turn for it.
 */
export const DONE: Promise<void> = Promise.resolve();

/** Whether a value has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
