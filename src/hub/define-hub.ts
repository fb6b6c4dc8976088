import { codedError, describe, type SignalboxError } from '../base/errors.ts';
import type { Claims } from './claims.ts';
import type { AuthorizeRequest } from './connection-options.ts';
import type { HubContext } from './context.ts';
import { reservedNames, type ClientContract, type Contract, type Results } from './contract.ts';
import { erased, type HubFilter } from './filter.ts';
import type { Method } from './method.ts';
import { methodTable, type ErasedHandler, type MethodTable } from './method-table.ts';
import { isSchema, type Schema } from './schema.ts';

/**
 * A hub: `Server` is what clients may call, `Client` what they may be called. It only describes; `SignalR.map` runs it, on
 * as many hosts and paths as need be. Made by `defineHub`; the type can be written by hand, for a contract that comes first:
 * `const chat: Hub<ChatServer, ChatClient> = defineHub<ChatClient>()({ … })`.
 */
export interface Hub<Server, Client, User = Claims> extends Contract<Server, Client> {
  /** The name that the servers of a farm know it by. */
  readonly name: string | undefined;
  /** What a host reads. */
  readonly '~definition': DefinedHub;
  /** For the type checker only; never set. A hub fits a host that knows at least its `User`. */
  readonly '~user'?: ((user: User) => void) | undefined;
}

/** A hub as a host runs it: checked, and without its types. */
export interface DefinedHub {
  readonly methods: MethodTable;
  /** The validators of client results, by the client method's name. */
  readonly results: ReadonlyMap<string, Schema>;
  readonly filters: readonly HubFilter<unknown>[];
  readonly authorize: AuthorizeRequest<unknown> | undefined;
  readonly authenticationRefreshed: ErasedHandler<[]> | undefined;
  readonly connected: ErasedHandler<[]> | undefined;
  readonly disconnected: ErasedHandler<[error: Error | undefined]> | undefined;
}

/** What `methods` holds: by its name, each method that clients can call. */
export type Methods<Client, User> = Readonly<Record<string, Method<Client, User>>>;

/** What `defineHub` is told of a hub, besides the `results` that its client contract asks for. */
export interface HubDefinition<Client, User, M extends Methods<Client, User>> {
  /**
   * The name that the servers of a farm know the hub by. Default: the path it is mapped at. In a farm with .NET servers it
   * is their hub's full type name.
   */
  readonly name?: string;
  /** The whole remote surface: what is not here can't be called. Case makes no difference to callers. */
  readonly methods: M;
  /**
   * Who may use the hub, wherever it is mapped. Asked on every request of a connection, negotiate included, behind the endpoint's own
   * `authorize`: both have to agree. Default: everyone.
   */
  readonly authorize?: AuthorizeRequest<User>;
  /**
   * Runs when the authentication of a connection was renewed, in its turn among the calls of the connection; `user` is the new one then,
   * `userId` stays. See the option `enableAuthenticationRefresh`.
   */
  readonly authenticationRefreshed?: (context: HubContext<Client, User>) => unknown;
  /** Runs before the connection's first call. When it throws, the connection ends. */
  readonly connected?: (context: HubContext<Client, User>) => unknown;
  /** Runs once after the connection's end. `error` is why, where the connection did not simply end. */
  readonly disconnected?: (context: HubContext<Client, User>, error: Error | undefined) => unknown;
  /** Run around every call of this hub, inside the filters of its host. */
  readonly filters?: readonly HubFilter<User>[];
}

/** The name a method is called by: its option `name`, else its property. */
type RemoteName<M, Key> = M extends { readonly '~name'?: ((name: never) => infer Name extends string) | undefined }
  ? [Name] extends [never]
    ? Key
    : Name
  : Key;

/**
 * Defines a hub. The empty pair of brackets is there because TypeScript infers either all type arguments or none:
 * `defineHub<ChatClient>()({ methods: { … } })`.
 *
 * @typeParam Client - what the server may call on its clients
 * @typeParam User - what the host's `authenticate` returns
 * @throws SignalboxError when a definition that the compiler has not seen, or could not refuse, is wrong: two methods whose
 *   names differ at most in case, a method not made by `method`, a validator that is none, or a client result of a reserved name
 */
export function defineHub<Client extends ClientContract<Client> = object, User = Claims>(): <M extends Methods<Client, User>>(
  definition: HubDefinition<Client, User, M> & Results<Client>,
) => Hub<{ [Key in keyof M as RemoteName<M[Key], Key>]: M[Key]['~method'] }, Client, User> {
  return (definition) => {
    check(definition);
    const { name, methods, authorize, connected, authenticationRefreshed, disconnected, filters = [] } = definition;
    const results: Readonly<Record<string, unknown>> | undefined = definition.results;
    const defined: DefinedHub = {
      methods: methodTable(methods),
      results: resultTable(results ?? {}),
      filters: erased([...filters]),
      authorize: authorize as AuthorizeRequest<unknown> | undefined,
      connected,
      authenticationRefreshed,
      disconnected,
    };
    return Object.freeze({ name, '~definition': Object.freeze(defined) });
  };
}

/** What the type checker has refused already, for definitions that it has not seen. */
function check(definition: Readonly<Partial<Record<keyof HubDefinition<never, never, Methods<never, never>>, unknown>>>): void {
  const { name, methods, filters = [], authorize, connected, authenticationRefreshed, disconnected } = definition;
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw invalid('name', name, 'a name');
  if (typeof methods !== 'object' || methods === null) throw invalid('methods', methods, 'an object of methods');
  for (const [option, value] of Object.entries({ authorize, connected, authenticationRefreshed, disconnected })) {
    if (value !== undefined && typeof value !== 'function') throw invalid(option, value, 'a function');
  }
  if (!Array.isArray(filters)) throw invalid('filters', filters, 'an array of filters');
}

function invalid(option: string, given: unknown, expected: string): SignalboxError {
  return codedError('SIGNALBOX_INVALID_OPTION', { option: `${option} of a hub`, given: describe(given), expected });
}

function resultTable(results: Readonly<Record<string, unknown>>): ReadonlyMap<string, Schema> {
  const table = new Map<string, Schema>();
  for (const [name, schema] of Object.entries(results)) {
    if (reservedNames.some((reserved) => reserved === name)) throw codedError('SIGNALBOX_RESERVED_NAME', { name });
    if (!isSchema(schema)) throw codedError('SIGNALBOX_NOT_A_VALIDATOR', { where: `The hub's results.${name}`, given: describe(schema) });
    table.set(name, schema);
  }
  return table;
}
