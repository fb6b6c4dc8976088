import type { HubConnection, IStreamResult, IStreamSubscriber, ISubscription } from '@microsoft/signalr';
import type { AnswerOf, Contract } from './hub/contract.ts';

export type { Contract } from './hub/contract.ts';

/**
 * What is passed for a stream to the server: an async generator or any other `AsyncIterable`, the official `Subject`, or an
 * rxjs observable.
 *
 * It is read as fast as it yields: the official client has no back-pressure. It is stopped when its call ends or the
 * connection is lost. An item that the official client has taken by then and can't send becomes an unhandled rejection, which
 * ends a Node process that does not listen for it.
 */
export type Upload<Item> = AsyncIterable<Item> | { subscribe(observer: IStreamSubscriber<Item>): unknown };

/**
 * A stream from the server. The call is made when it is iterated or subscribed to, each time anew, so no item is lost
 * before; leaving the loop, or `dispose`, cancels it on the server. Items that come faster than they are taken are kept.
 */
export interface Stream<Item> extends AsyncIterable<Item>, IStreamResult<Item> {}

/** No method can have these names here: promises and JSON look for them on any object. */
type Unreachable = 'then' | 'toJSON';

type Uploads<Arguments> = { [I in keyof Arguments]: Arguments[I] extends AsyncIterable<infer Item> ? Upload<Item> : Arguments[I] };
type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown
  ? Uploads<Arguments> extends infer Passed extends unknown[]
    ? Passed
    : never
  : never;
type ReturnOf<Method> = Method extends (...args: never) => infer Returned ? Returned : never;
type IsStream<Method> = [ReturnOf<Method>] extends [never] ? false : ReturnOf<Method> extends AsyncIterable<unknown> ? true : false;

/** The server's methods with one result each, or none. */
export type Invokes<Server> = {
  readonly [Name in keyof Server as IsStream<Server[Name]> extends true ? never : Exclude<Name, Unreachable>]: (
    ...args: ArgumentsOf<Server[Name]>
  ) => Promise<Awaited<ReturnOf<Server[Name]>>>;
};

/** The same methods, called without waiting. */
export type Sends<Server> = {
  readonly [Name in keyof Server as IsStream<Server[Name]> extends true ? never : Exclude<Name, Unreachable>]: (
    ...args: ArgumentsOf<Server[Name]>
  ) => Promise<void>;
};

/** The server's methods that return a stream. */
export type Streams<Server> = {
  readonly [Name in keyof Server as IsStream<Server[Name]> extends true ? Exclude<Name, Unreachable> : never]: (
    ...args: ArgumentsOf<Server[Name]>
  ) => ReturnOf<Server[Name]> extends AsyncIterable<infer Item> ? Stream<Item> : never;
};

/** What handles a client method. One with a result has to return it. */
type HandlerOf<Method> = Method extends (...args: infer Arguments) => unknown
  ? [AnswerOf<Method>] extends [void]
    ? (...args: Arguments) => unknown
    : (...args: Arguments) => AnswerOf<Method> | Promise<AnswerOf<Method>>
  : never;

/** For each client method the function that registers a handler of it, and returns the function that removes that again. */
export type Handlers<Client> = {
  readonly [Name in keyof Client as Exclude<Name, Unreachable>]: (handler: HandlerOf<Client[Name]>) => () => void;
};

/** A connection's calls under the names and types of its hub. */
export interface TypedConnection<Server, Client> {
  /** Calls a method and waits for its result: `hub.invoke.send('hello')`. Rejects with the server's error. */
  readonly invoke: Invokes<Server>;
  /** Calls a method and resolves when the call is sent. What becomes of it is not known. */
  readonly send: Sends<Server>;
  /** Calls a method that returns a stream: `for await (const n of hub.stream.count(10)) …`. */
  readonly stream: Streams<Server>;
  /** Registers a handler: `const off = hub.on.message((from, text) => …)`. One that is registered twice runs twice. */
  readonly on: Handlers<Client>;
}

/** What `typed` makes of a connection for a hub, or for another contract. */
export type ConnectionOf<H extends Contract<unknown, unknown>> = TypedConnection<
  NonNullable<H['~contract']>['server'],
  NonNullable<H['~contract']>['client']
>;

/**
 * End-to-end types over the official client, which stays in charge of the connection: `typed<typeof chat>(connection)`,
 * where `chat` is the server's hub, imported as a type.
 *
 * It also mends what it can of the official client: arguments at the end that are `undefined` are left out instead of sent
 * as null; uploads stop when they have to; two uploads next to each other, of which the official client would lose one, are
 * parted by another argument. Where there is none to part them the call rejects.
 */
export function typed<H extends Contract<unknown, unknown>>(connection: HubConnection): ConnectionOf<H> {
  const call = (kind: 'invoke' | 'send'): object =>
    named(async (name, given) => {
      const [args, end] = prepare(connection, given);
      const result: Promise<unknown> = connection[kind](name, ...args);
      result.then(kind === 'invoke' ? end : undefined, end);
      return result;
    });
  return {
    invoke: call('invoke'),
    send: call('send'),
    stream: named((name, given) => serverStream(connection, name, given)),
    on: named((name, [handler]) => {
      // The official client registers a function once however often it is told, and then removes it for everyone.
      const registered = (...args: unknown[]): unknown => (handler as (...args: unknown[]) => unknown)(...args);
      connection.on(name, registered);
      return () => connection.off(name, registered);
    }),
  } as ConnectionOf<H>;
}

/** An object that has every method: `named(call).send('x')` is `call('send', ['x'])`. It is not a promise. */
function named(call: (name: string, given: unknown[]) => unknown): object {
  return new Proxy(
    {},
    {
      get: (_, name) =>
        typeof name !== 'string' || name === 'then' || name === 'toJSON' ? undefined : (...given: unknown[]) => call(name, given),
    },
  );
}

/**
 * A call's arguments as the official client sends them right, and what ends their uploads. That client rejects unhandled
 * when an item follows the end of the connection, so each item first looks whether the call still lives.
 */
function prepare(connection: HubConnection, given: readonly unknown[]): [args: unknown[], end: () => void] {
  const streams = given.filter(isUpload);
  const args = given.filter((argument) => !isUpload(argument));
  while (args.length >= Math.max(1, streams.length) && args.at(-1) === undefined) args.pop();
  if (streams.length > args.length + 1) {
    throw new Error(`@microsoft/signalr can't send ${streams.length} streams with ${args.length} other arguments`);
  }

  const stops: (() => void)[] = [];
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const stop of stops.splice(0)) stop();
  };
  const guarded = (stream: Upload<unknown>): object => ({
    subscribe(observer: IStreamSubscriber<unknown>) {
      const guard = (part: 'next' | 'complete' | 'error') => (value?: unknown) => {
        const state: string = connection.state;
        if (!ended && state === 'Connected') observer[part](value);
        else end();
      };
      stops.push(read(stream, { next: guard('next'), complete: guard('complete'), error: guard('error') }));
    },
  });
  // The official client skips the argument behind a stream: here that is never another stream.
  for (const [index, stream] of streams.entries()) args.splice(2 * index, 0, guarded(stream));
  return [args, end];
}

function isUpload(argument: unknown): argument is Upload<unknown> {
  const source = argument as Partial<AsyncIterable<unknown> & { subscribe: unknown }> | null | undefined;
  return typeof (source?.[Symbol.asyncIterator] ?? source?.subscribe) === 'function';
}

/** Reads an upload into `observer` until the returned function is called. */
function read(source: Upload<unknown>, observer: IStreamSubscriber<unknown>): () => void {
  if (!(Symbol.asyncIterator in source)) {
    const subscription = source.subscribe(observer) as { dispose?: () => void; unsubscribe?: () => void } | undefined;
    return () => (subscription?.dispose ? subscription.dispose() : subscription?.unsubscribe?.());
  }
  const iterator: AsyncIterator<unknown, unknown> = source[Symbol.asyncIterator]();
  let stopped = false;
  const pull = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (stopped) return;
      if (done === true) return observer.complete();
      observer.next(value);
    }
  };
  pull().catch((error: unknown) => observer.error(error));
  return () => {
    stopped = true;
    // Nobody is left to hear what goes wrong now.
    Promise.resolve(iterator.return?.()).catch(() => {});
  };
}

function serverStream<Item>(connection: HubConnection, name: string, given: readonly unknown[]): Stream<Item> {
  const subscribe = (subscriber: IStreamSubscriber<Item>): ISubscription<Item> => {
    const [args, end] = prepare(connection, given);
    let running = true;
    const finish = (): void => {
      running = false;
      end();
    };
    const subscription = connection.stream<Item>(name, ...args).subscribe({
      next: (item) => subscriber.next(item),
      complete: () => {
        finish();
        subscriber.complete();
      },
      error: (error) => {
        finish();
        subscriber.error(error);
      },
    });
    return {
      dispose() {
        // The official client would cancel a stream that is over, too.
        if (running) subscription.dispose();
        finish();
      },
    };
  };
  return { subscribe, [Symbol.asyncIterator]: () => iterate(subscribe) };
}

/** The items of a subscription, which begins with the first that is asked for. */
function iterate<Item>(subscribe: IStreamResult<Item>['subscribe']): AsyncGenerator<Item, void> {
  const items: Item[] = [];
  let ended = false;
  let failure: unknown;
  let wake: (() => void) | undefined;
  const end = (error?: unknown): void => {
    ended = true;
    failure = error;
    wake?.();
  };
  const next = (item: Item): void => {
    items.push(item);
    wake?.();
  };
  const generator = (async function* (): AsyncGenerator<Item, void> {
    const subscription = subscribe({ next, complete: end, error: end });
    try {
      for (;;) {
        yield* items.splice(0);
        if (items.length > 0) continue;
        if (ended) break;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      subscription.dispose();
    }
    if (failure) throw failure;
  })();
  const leave = generator.return.bind(generator);
  // A generator that waits for an item would return only when one has come.
  generator.return = (value) => {
    end();
    return leave(value);
  };
  return generator;
}
