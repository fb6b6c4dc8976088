import type { AnswerOf, ArgumentsOf } from './contract.ts';

/** The client methods without a result, to be sent to any target. */
export type Events<Client> = {
  readonly [Name in keyof Client as [AnswerOf<Client[Name]>] extends [void] ? Name : never]: (
    ...args: ArgumentsOf<Client[Name]>
  ) => Promise<void>;
};

/** The client methods with a result, to be asked of a single client. */
export type ClientResults<Client> = {
  readonly [Name in keyof Client as [AnswerOf<Client[Name]>] extends [void] ? never : Name]: (
    ...args: ArgumentsOf<Client[Name]>
  ) => Promise<AnswerOf<Client[Name]>>;
};

export interface Sender {
  /**
   * Sends without the contract: any event by name, with any arguments. Resolves like a typed event: when the message is on
   * its way, not when a client has it.
   */
  send(name: string, ...args: readonly unknown[]): Promise<void>;
}

export interface InvokeOptions {
  /** Milliseconds to wait for the answer. Default: the option `clientResultTimeout`. */
  readonly timeout?: number;
  /** Stops waiting when aborted: the call rejects with a `HubError`. The client is not told. */
  readonly signal?: AbortSignal;
}

export interface Invoker<Client> {
  /**
   * Calls a client method and waits for what it answers, checked by its validator in `results`.
   *
   * The promise rejects with a `HubError` when the client answers with an error or something else than the contract says,
   * and with a `SignalboxError` when it is not connected or does not answer in time.
   */
  readonly invoke: ClientResults<Client>;
  /** The same with a time limit or a signal: `invokeWith({ timeout: 5_000 }).confirm('Really?')`. */
  invokeWith(options: InvokeOptions): ClientResults<Client>;
}

/** Any number of clients. Each event of the contract is a method of it. */
export type Target<Client> = Events<Client> & Sender;

/** One client, which can also be asked for a result. */
export type SingleTarget<Client> = Events<Client> & Sender & Invoker<Client>;

/** The clients of a hub, on every server of a farm. A client that is selected twice hears a message once. */
export interface HubClients<Client> {
  readonly all: Target<Client>;
  allExcept(connectionIds: readonly string[]): Target<Client>;
  client(connectionId: string): SingleTarget<Client>;
  clients(connectionIds: readonly string[]): Target<Client>;
  group(name: string): Target<Client>;
  groups(names: readonly string[]): Target<Client>;
  groupExcept(name: string, connectionIds: readonly string[]): Target<Client>;
  /** Every connection of a user. */
  user(userId: string): Target<Client>;
  users(userIds: readonly string[]): Target<Client>;
}

/** The clients as a method sees them: one of them is calling. */
export interface CallerClients<Client> extends HubClients<Client> {
  readonly caller: SingleTarget<Client>;
  /** All but the caller. */
  readonly others: Target<Client>;
  othersInGroup(name: string): Target<Client>;
}

/** Groups from outside a hub's methods: the connection is named. */
export interface HubGroups {
  /** Resolves when the connection is in the group, also if it was or is gone. */
  join(connectionId: string, group: string): Promise<void>;
  leave(connectionId: string, group: string): Promise<void>;
}

/** Groups inside a hub's methods: the caller's connection joins and leaves. It leaves them all when it ends. */
export interface CallerGroups {
  join(group: string): Promise<void>;
  leave(group: string): Promise<void>;
}
