import type { Claims } from './claims.ts';
import type { Call } from './contract.ts';
import type { HubContext } from './context.ts';
import type { InputOf, Outputs, Parameter } from './schema.ts';

/**
 * Decides whether a call may go on. The arguments are those that the caller sent, not validated yet. Where the answer is
 * `false`, the caller hears that it is not authorized, in the reference server's words.
 */
export type Authorize<User = Claims> = (
  context: HubContext<unknown, User>,
  invocation: { readonly method: string; readonly args: readonly unknown[] },
) => boolean | Promise<boolean>;

export interface MethodOptions<User = Claims, Name extends string = string> {
  /** The remote name, where it is not the property's. */
  readonly name?: Name;
  /** Who may call the method. Without it, everyone who may use the hub. */
  readonly authorize?: Authorize<User>;
  /**
   * Whether callers may cancel calls of the method, as .NET clients from 11 on do: `signal` is then the call's own, and aborted by that, too. The
   * method still ends as it likes, and its caller is answered. Streams can always be cancelled. Default: false.
   */
  readonly cancellable?: boolean;
  /** What filters want to know of the method: they find it as `invocation.metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A method that clients can call. Made by `method`, and by nothing else. */
export interface Method<Client, User> {
  /** The remote signature, for the type checker. At run time it only tells that `method` made this. */
  readonly '~method': Call;
  /** What each argument must be. Undefined: any number of arguments, not validated. */
  readonly parameters: readonly Parameter[] | undefined;
  readonly options: MethodOptions<User>;
  readonly handler: (context: HubContext<Client, User>, ...args: never) => unknown;
}

/** A `Method` that knows its remote signature and, where it was renamed, its remote name. */
export interface TypedMethod<Remote extends Call, Client, User, Name extends string> extends Method<Client, User> {
  readonly '~method': Remote;
  /** For the type checker only; never set. */
  readonly '~name'?: ((name: Name) => Name) | undefined;
}

/** The handler of a method whose arguments are validated. */
export type Handler<Client, User, P extends readonly Parameter[]> = (context: HubContext<Client, User>, ...args: Outputs<P>) => unknown;

/** The handler of a method whose arguments are not. */
export type LooseHandler<Client, User> = (context: HubContext<Client, User>, ...args: unknown[]) => unknown;

/** What a call of a handler comes to for the caller: a stream of items, or the value that it resolves to. */
export type ResultOf<Returned> = [Returned] extends [never]
  ? never
  : Awaited<Returned> extends AsyncIterable<infer Item> | Generator<infer Item, unknown, never>
    ? AsyncIterable<Item>
    : Awaited<Returned>;

/** The handler's parameters with their names, so that a caller's editor shows `send(text: string)`. */
type NamesOf<H> = H extends (context: never, ...args: infer Names extends unknown[]) => unknown ? Names : [];

/** What the caller passes: the validators' inputs, under the handler's names where it names all of them. */
type Inputs<P extends readonly unknown[], Names> = Names extends { readonly length: P['length'] }
  ? { [I in keyof Names]: I extends keyof P ? InputOf<P[I]> : never }
  : { -readonly [I in keyof P]: InputOf<P[I]> };

/** Arguments at the end that may be undefined may be left out. */
type Trailing<Arguments> = Arguments extends [...infer Head, infer Last]
  ? undefined extends Last
    ? Arguments extends [...Head, ...infer Tail]
      ? [...Trailing<Head>, ...Partial<Tail>]
      : Arguments
    : Arguments
  : Arguments extends unknown[]
    ? Arguments
    : [];

/**
 * A hub method whose arguments nobody checks: the handler gets as many as the caller sends, each of type `unknown`.
 *
 * @param handler - returns the result or a promise of it; a generator of either kind, or an `AsyncIterable`, is a stream
 */
export function method<Client, User, H extends LooseHandler<Client, User>>(
  handler: H & LooseHandler<Client, User>,
): TypedMethod<(...args: NamesOf<H>) => ResultOf<ReturnType<H>>, Client, User, never>;
/**
 * A hub method whose arguments are validated, and typed by their validators.
 *
 * @param parameters - for each argument a validator, or `streamOf` one where the caller streams
 * @param handler - as above, with what the validators make of the arguments
 */
export function method<const P extends readonly Parameter[], Client, User, H extends Handler<Client, User, P>>(
  parameters: P,
  handler: H & Handler<Client, User, P>,
): TypedMethod<(...args: Trailing<Inputs<P, Required<NamesOf<H>>>>) => ResultOf<ReturnType<H>>, Client, User, never>;
/**
 * The same under another remote name, or for some callers only.
 *
 * @param options - the remote name, and who may call
 */
export function method<const P extends readonly Parameter[], Client, User, H extends Handler<Client, User, P>, Name extends string = never>(
  parameters: P,
  options: MethodOptions<User, Name>,
  handler: H & Handler<Client, User, P>,
): TypedMethod<(...args: Trailing<Inputs<P, Required<NamesOf<H>>>>) => ResultOf<ReturnType<H>>, Client, User, Name>;
export function method(...given: readonly unknown[]): unknown {
  const handler = given.at(-1);
  const parameters = given.length > 1 ? given[0] : undefined;
  const options = given.length > 2 ? given[1] : {};
  return Object.freeze({ '~method': handler, parameters, options, handler });
}
