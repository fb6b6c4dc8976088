/** What a method may return as a stream. */
export type ItemIterator = AsyncIterator<unknown, unknown> | Iterator<unknown, unknown>;

type Step = ReturnType<ItemIterator['next']>;

/** The iterator of a method's result where it is a stream: an `AsyncIterable`, or a generator of either kind. */
export function streamOfResult(result: unknown): ItemIterator | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  if (isAsyncIterable(result)) return result[Symbol.asyncIterator]();
  return isGenerator(result) ? result : undefined;
}

/** Whether a function is written as a generator, so that what it returns is known to be a stream before it runs. */
export function isGeneratorFunction(value: unknown): boolean {
  const tag = Object.prototype.toString.call(value);
  return tag === '[object AsyncGeneratorFunction]' || tag === '[object GeneratorFunction]';
}

/** The same items, each step of whose making is run by `run`. */
export function within(run: <Result>(work: () => Result) => Result, items: ItemIterator): ItemIterator {
  const next = (): Step => run(() => items.next());
  if (items.return === undefined) return { next } as ItemIterator;
  const end = items.return.bind(items) as () => Step;
  return { next, return: () => run(end) } as ItemIterator;
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
}

function isGenerator(value: object): value is Iterator<unknown, unknown> {
  return Symbol.iterator in value && 'next' in value && typeof value.next === 'function';
}
