import type { ConnectionRequest, TransportName } from '../transport/connection.ts';
import type { Features } from '../transport/features.ts';
import type { AgreedProtocol, HubContext, ItemKey, Items } from './context.ts';
import type { Caller } from './caller.ts';
import type { CallerClients, CallerGroups } from './targets.ts';

/** The context of a connection: one for all its calls, because nothing in it belongs to a single call. */
export class ConnectionContext implements HubContext<unknown, unknown> {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get clients(): CallerClients<unknown> {
    return this.#caller.clients;
  }

  get groups(): CallerGroups {
    return this.#caller.groups;
  }

  get connectionId(): string {
    return this.#caller.connectionId;
  }

  get userId(): string | undefined {
    return this.#caller.userId;
  }

  get user(): unknown {
    return this.#caller.user;
  }

  get items(): Items {
    return this.#caller.items;
  }

  get signal(): AbortSignal {
    return this.#caller.signal;
  }

  get abort(): (reason?: Error) => void {
    return (reason) => this.#caller.abort(reason);
  }

  get request(): ConnectionRequest {
    return this.#caller.request;
  }

  get features(): Features {
    return this.#caller.request.features;
  }

  get transport(): TransportName {
    return this.#caller.transportName;
  }

  get protocol(): AgreedProtocol {
    return this.#caller.agreed;
  }
}

/** The context of a call that can be cancelled, whose signal tells of that, too. */
export class CallContext extends ConnectionContext {
  #controller: AbortController | undefined;
  #stopped = false;

  override get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  stop(): void {
    this.#stopped = true;
    this.#controller?.abort();
  }
}

/** The items of one connection, by the names of their keys. */
export class ConnectionItems implements Items {
  readonly #values = new Map<string, unknown>();

  get<Value>(key: ItemKey<Value>): Value | undefined {
    return this.#values.get(key.name) as Value | undefined;
  }

  set<Value>(key: ItemKey<Value>, value: NoInfer<Value>): void {
    this.#values.set(key.name, value);
  }

  has(key: ItemKey<unknown>): boolean {
    return this.#values.has(key.name);
  }

  delete(key: ItemKey<unknown>): boolean {
    return this.#values.delete(key.name);
  }
}
