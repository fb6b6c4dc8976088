import type { Schema } from './schema.ts';

/** A remote method's signature, whichever. */
export type Call = (...args: never) => unknown;

/**
 * The two sides of a hub as two interfaces: what clients may call on the server, and what the server may call on them.
 * Every `Hub` is one. For a hub that is not written in TypeScript, write both by hand and name them to the typed client:
 * `typed<Contract<ClockServer, ClockClient>>(connection)`.
 */
export interface Contract<Server, Client> {
  /** For the type checker only; never set. */
  readonly '~contract'?: { readonly server: Server; readonly client: Client } | undefined;
}

/**
 * What the target of a send has itself, or what promises and JSON would take for theirs. An event of such a name is sent with
 * `send('name', …)`.
 */
export const reservedNames = ['send', 'invoke', 'invokeWith', 'then', 'toJSON'] as const;
export type ReservedName = (typeof reservedNames)[number];

/**
 * What the server may call on its clients: an interface of methods. One that returns `void` is an event, which any target
 * can be sent; one that returns anything else is a client result, which a single client can be asked for.
 */
export type ClientContract<Client> = {
  [Name in keyof Client]: Name extends ReservedName ? `'${Name}' is reserved on a target` : Call;
};

/** The arguments of a remote method. */
export type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown ? Arguments : never;

/** What a client method answers, once it is there. */
export type AnswerOf<Method> = Method extends (...args: never) => infer Answer ? Awaited<Answer> : never;

/** The client results of a contract, with what each answers. */
export type AnswersOf<Client> = {
  [Name in keyof Client as [AnswerOf<Client[Name]>] extends [void] ? never : Name]: AnswerOf<Client[Name]>;
};

/**
 * The validators of client results. A client's answer is outside input as much as an argument is, so each client result of
 * the contract needs one, and a contract without client results takes none.
 */
export type Results<Client> = keyof AnswersOf<Client> extends never
  ? { readonly results?: { readonly [name: string]: never } }
  : { readonly results: { readonly [Name in keyof AnswersOf<Client>]: Schema<unknown, AnswersOf<Client>[Name]> } };
