import type { Claims } from './claims.ts';
import type { HubContext } from './context.ts';

/** One call of a hub method, on its way to the method. */
export interface Invocation<User = Claims> {
  readonly context: HubContext<unknown, User>;
  /** The hub's name, or the path it is mapped at where it has none. */
  readonly hub: string;
  /** The method's remote name as the hub declares it; where it declares none of that name, what the caller asked for. */
  readonly method: string;
  /** The arguments as the caller sent them, streams left out: they are validated behind the filters, before the method. */
  readonly args: readonly unknown[];
  /** Whether the caller expects a stream. */
  readonly streaming: boolean;
  /** How many streams the caller sends along. */
  readonly uploads: number;
  /** The method's option of that name; empty where it has none, and where there is no such method. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Code around every call of a hub, or of all hubs of a host. Filters run in the order they are listed, the host's before the
 * hub's: the first is the outermost. Each part calls `next` to go on; one that does not, keeps the call from the method.
 * A filter that does not look at `user` is a `HubFilter<unknown>` and fits every hub and host. A host that has no
 * `authenticate` to tell its user from needs it said, then: `new SignalR<Claims>({ filters })`.
 */
export interface HubFilter<User = Claims> {
  /** Around `connected`. When it throws, the connection ends; the client reads the text of a `HubError`. `disconnected` does not run then. */
  readonly connected?: (context: HubContext<unknown, User>, next: () => Promise<void>) => Promise<void>;
  /**
   * Around a method. What it resolves to is the call's result: `next`'s, or another in its place. A streaming method's
   * result is its `AsyncIterable`.
   *
   * @param next - goes on, with a changed invocation where one is passed: `next({ ...invocation, args })`. Its arguments and its
   *   context are what the method gets; another `method` does not make it another method
   */
  readonly invoke?: (invocation: Invocation<User>, next: (invocation?: Invocation<unknown>) => Promise<unknown>) => Promise<unknown>;
  /** Around `disconnected`. `error` is why, where the connection did not simply end. */
  readonly disconnected?: (context: HubContext<unknown, User>, error: Error | undefined, next: () => Promise<void>) => Promise<void>;
}

/**
 * Filters as a host runs them, for whatever user. Their types are erased: a host hands them the contexts that they were
 * checked against.
 */
export function erased<User>(filters: readonly HubFilter<User>[]): readonly HubFilter<unknown>[] {
  return filters as readonly HubFilter<unknown>[];
}
