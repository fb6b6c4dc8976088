import type { Audience } from '../backplane/audience.ts';
import type { CallerClients, HubClients, InvokeOptions, SingleTarget, Target } from './targets.ts';

/** Where what is said to a target goes. */
export interface TargetSink {
  /** Whether to say who sends, where it is a method of a client's. */
  readonly tellsCaller: boolean;
  send(audience: Audience, name: string, args: readonly unknown[], caller: string | undefined): Promise<void>;
  ask(connectionId: string, name: string, args: readonly unknown[], options: InvokeOptions): Promise<unknown>;
}

/** Names of client methods that get a function of their own; further ones, which only generated names bring about, go the slow way. */
const MAX_NAMES = 1_000;

/** Asked for by the language itself wherever an object is awaited or printed: a client method can't have these names. */
const NOT_METHODS: ReadonlySet<string> = new Set(['then', 'toJSON']);

/**
 * The targets of one hub. A target answers to any name with the function that sends it; which names exist is the type
 * checker's knowledge alone. Each name's function is made at its first use and kept on the targets' prototype, so that later
 * sends find it as any method.
 */
export class ClientTargets {
  readonly #sink: TargetSink;
  readonly #target: new (audience: Audience, caller?: string) => Target<unknown>;
  readonly #single: new (connectionId: string, caller?: string) => SingleTarget<unknown>;
  /** The targets for code outside of the hub's methods. */
  readonly clients: HubClients<unknown>;

  constructor(sink: TargetSink) {
    this.#sink = sink;
    this.#target = targetClass(sink);
    this.#single = singleTargetClass(sink);
    this.clients = this.#hubClients();
  }

  /** The targets for the methods of the hub that `connectionId` calls. */
  clientsFor(connectionId: string): CallerClients<unknown> {
    const target = this.#target;
    const single = this.#single;
    const caller = this.#sink.tellsCaller ? connectionId : undefined;
    return Object.create(caller === undefined ? this.clients : this.#hubClients(caller), {
      caller: { get: () => new single(connectionId, caller), enumerable: true },
      others: { get: () => new target({ to: 'all', except: [connectionId] }, caller), enumerable: true },
      othersInGroup: {
        value: (name: string) => new target({ to: 'groups', names: [name], except: [connectionId] }, caller),
        enumerable: true,
      },
    }) as CallerClients<unknown>;
  }

  #hubClients(caller?: string): HubClients<unknown> {
    const single = this.#single;
    const to = (audience: Audience): Target<unknown> => new this.#target(audience, caller);
    return {
      all: to({ to: 'all' }),
      allExcept: (connectionIds) => to({ to: 'all', except: connectionIds }),
      client: (connectionId) => new single(connectionId, caller),
      clients: (connectionIds) => to({ to: 'connections', ids: connectionIds }),
      group: (name) => to({ to: 'groups', names: [name] }),
      groups: (names) => to({ to: 'groups', names }),
      groupExcept: (name, connectionIds) => to({ to: 'groups', names: [name], except: connectionIds }),
      user: (userId) => to({ to: 'users', ids: [userId] }),
      users: (userIds) => to({ to: 'users', ids: userIds }),
    };
  }
}

function targetClass(sink: TargetSink): new (audience: Audience, caller?: string) => Target<unknown> {
  class ClientTarget {
    readonly #audience: Audience;
    readonly #caller: string | undefined;

    constructor(audience: Audience, caller?: string) {
      this.#audience = audience;
      this.#caller = caller;
    }

    send(name: string, ...args: readonly unknown[]): Promise<void> {
      return sink.send(this.#audience, name, args, this.#caller);
    }
  }
  answerToAnyName(ClientTarget.prototype, (target, name, args) => target.send(name, ...args));
  return ClientTarget;
}

function singleTargetClass(sink: TargetSink): new (connectionId: string, caller?: string) => SingleTarget<unknown> {
  class ClientResults {
    readonly #connectionId: string;
    readonly #options: InvokeOptions;

    constructor(connectionId: string, options: InvokeOptions) {
      this.#connectionId = connectionId;
      this.#options = options;
    }

    static ask(results: ClientResults, name: string, args: readonly unknown[]): Promise<unknown> {
      return sink.ask(results.#connectionId, name, args, results.#options);
    }
  }
  answerToAnyName(ClientResults.prototype, (results, name, args) => ClientResults.ask(results, name, args));

  class SingleClientTarget {
    readonly #connectionId: string;
    readonly #caller: string | undefined;

    constructor(connectionId: string, caller?: string) {
      this.#connectionId = connectionId;
      this.#caller = caller;
    }

    send(name: string, ...args: readonly unknown[]): Promise<void> {
      return sink.send({ to: 'connections', ids: [this.#connectionId] }, name, args, this.#caller);
    }

    get invoke(): ClientResults {
      return new ClientResults(this.#connectionId, {});
    }

    invokeWith(options: InvokeOptions): ClientResults {
      return new ClientResults(this.#connectionId, options);
    }
  }
  answerToAnyName(SingleClientTarget.prototype, (target, name, args) => target.send(name, ...args));
  return SingleClientTarget;
}

/** Makes the objects of a prototype answer to every name they have not with `call`. */
function answerToAnyName<T extends object>(
  prototype: T,
  call: (target: T, name: string, args: readonly unknown[]) => Promise<unknown>,
): void {
  let names = 0;
  const anyName = new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name !== 'string' || NOT_METHODS.has(name)) return undefined;
      function send(this: T, ...args: readonly unknown[]): Promise<unknown> {
        return call(this, name as string, args);
      }
      if (names++ < MAX_NAMES) Object.defineProperty(prototype, name, { value: send });
      return send;
    },
  });
  // A client method may well be called "constructor".
  Reflect.deleteProperty(prototype, 'constructor');
  Object.setPrototypeOf(prototype, anyName);
}
