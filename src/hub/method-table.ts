import { codedError, describe } from '../base/errors.ts';
import type { HubContext } from './context.ts';
import type { Authorize, Method } from './method.ts';
import { isParameter, type Parameter } from './schema.ts';
import { isGeneratorFunction } from './streams.ts';

/**
 * A handler as a host runs it. Its hub's types are erased: the host makes the context that they were checked against.
 * Taken from a method because TypeScript compares the parameters of methods both ways, which lets every handler in.
 */
export type ErasedHandler<Rest extends readonly unknown[], Result = unknown> = {
  run(context: HubContext<unknown, unknown>, ...rest: Rest): Result;
}['run'];

/** A method as a host runs it. */
export interface DefinedMethod {
  /** The remote name as the hub declares it. */
  readonly name: string;
  /** Undefined: any number of arguments, not validated. */
  readonly parameters: readonly Parameter[] | undefined;
  readonly authorize: ErasedHandler<[invocation: Parameters<Authorize>[1]], boolean | Promise<boolean>> | undefined;
  readonly handler: ErasedHandler<readonly unknown[]>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whether plain calls of it can be cancelled. */
  readonly cancellable: boolean;
  /** How many of its parameters the caller streams. */
  readonly streams: number;
  /** Whether the handler is a generator, so that its result is known to be a stream before it runs. */
  readonly generator: boolean;
}

/** Of a method that has none. */
export const NO_METADATA: Readonly<Record<string, unknown>> = Object.freeze({});

/** A hub's methods by remote name. Built once, at definition; maps, so that no name is ever found on a prototype. */
export class MethodTable {
  readonly #exact = new Map<string, DefinedMethod>();
  readonly #folded = new Map<string, DefinedMethod>();
  #longest = 0;

  /**
   * @throws SignalboxError `SIGNALBOX_DUPLICATE_METHOD` when callers could not tell the method from an earlier one
   */
  add(method: DefinedMethod): void {
    const folded = foldCase(method.name);
    const earlier = this.#folded.get(folded);
    if (earlier) throw codedError('SIGNALBOX_DUPLICATE_METHOD', { first: earlier.name, second: method.name });
    this.#exact.set(method.name, method);
    this.#folded.set(folded, method);
    this.#longest = Math.max(this.#longest, method.name.length);
  }

  /** The method that a caller means by `name`, whose case makes no difference. */
  find(name: string): DefinedMethod | undefined {
    // Most callers write the name as it is declared, and a long wrong one shall not cost its folding.
    return this.#exact.get(name) ?? (name.length > this.#longest ? undefined : this.#folded.get(foldCase(name)));
  }

  values(): IterableIterator<DefinedMethod> {
    return this.#exact.values();
  }
}

/**
 * Reads the `methods` of a hub's definition.
 *
 * @throws SignalboxError when one was not made by `method`, has a parameter that is no validator, an option that is none,
 *   or the name of another
 */
export function methodTable<Client, User>(methods: Readonly<Record<string, Method<Client, User>>>): MethodTable {
  const table = new MethodTable();
  for (const [property, value] of Object.entries(methods)) table.add(defined(property, value));
  return table;
}

function defined<Client, User>(property: string, value: Method<Client, User>): DefinedMethod {
  if (!isMethod(value)) throw codedError('SIGNALBOX_NOT_A_METHOD', { name: property, given: describe(value) });
  const { parameters, options, handler } = value;
  for (const [index, parameter] of (parameters ?? []).entries()) {
    if (isParameter(parameter)) continue;
    throw codedError('SIGNALBOX_NOT_A_VALIDATOR', { where: `Parameter ${index + 1} of methods.${property}`, given: describe(parameter) });
  }
  const name: unknown = options.name ?? property;
  if (typeof name !== 'string' || name === '') {
    throw codedError('SIGNALBOX_INVALID_OPTION', { option: `name of methods.${property}`, given: describe(name), expected: 'a name' });
  }
  if (options.authorize !== undefined && typeof options.authorize !== 'function') {
    const option = `authorize of methods.${property}`;
    throw codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(options.authorize), expected: 'a function' });
  }
  if (options.metadata !== undefined && (typeof options.metadata !== 'object' || options.metadata === null)) {
    const option = `metadata of methods.${property}`;
    throw codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(options.metadata), expected: 'an object' });
  }
  if (options.cancellable !== undefined && typeof options.cancellable !== 'boolean') {
    const option = `cancellable of methods.${property}`;
    throw codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(options.cancellable), expected: 'true or false' });
  }
  const streams = (parameters ?? []).filter((parameter) => '~stream' in parameter).length;
  const { authorize, metadata = NO_METADATA, cancellable = false } = options;
  return { name, parameters, authorize, handler, metadata, cancellable, streams, generator: isGeneratorFunction(handler) };
}

function isMethod(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '~method' in value && typeof value['~method'] === 'function';
}

/**
 * Folds case as the reference server compares names: letter by letter, the same in every locale, and only where the upper
 * case letter takes the room of the lower case one. No other letter than a to z becomes an ASCII one.
 */
export function foldCase(name: string): string {
  let folded = '';
  for (const letter of name) {
    const upper = letter.toUpperCase();
    folded += upper.length === letter.length && (upper > '\x7f' || letter <= '\x7f') ? upper : letter;
  }
  return folded;
}
