import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  JsonHubProtocol,
  LogLevel,
} from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import type { RunningServer } from './running-server.ts';
import type { Cell } from './servers.ts';

export interface ClientOptions {
  /** Default: the server's own. */
  readonly origin?: string;
  /** Default `/hub`. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accessToken?: string;
  readonly skipNegotiation?: boolean;
  /** Milliseconds after which a lost connection is tried again, once. Default: never. */
  readonly reconnect?: number;
  /** Whether the client asks for stateful reconnect. */
  readonly stateful?: boolean;
  /** Milliseconds between the client's pings; the official default is 15 s. */
  readonly keepAlive?: number;
  /** Of the farm that the client is of. */
  readonly fence?: RunningServer['fence'];
}

const PATH = '/hub';

/** What the hub sends; all of them are recorded. `ask` is the one that wants a result, and is the test's to answer. */
const events = ['welcome', 'message', 'entered', 'cancelled', 'left'] as const;
export type EventName = (typeof events)[number];

interface Waiter {
  readonly event: EventName;
  readonly matches: (args: readonly unknown[]) => boolean;
  readonly resolve: (args: readonly unknown[]) => void;
}

/** The official client, with everything it was sent and what became of its connection. */
export class Client {
  readonly connection: HubConnection;
  /** Resolves with the error, if any, when the connection is closed for good. */
  readonly closed: Promise<Error | undefined>;
  readonly reconnecting: Promise<Error | undefined>;
  readonly reconnected: Promise<string | undefined>;
  readonly #received: { readonly event: EventName; readonly args: readonly unknown[] }[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #options: ClientOptions;

  constructor(origin: string, cell: Cell, options: ClientOptions = {}) {
    this.#options = options;
    this.connection = build(origin, cell, options);
    for (const event of events) this.connection.on(event, (...args: unknown[]) => this.#receive(event, args));
    this.closed = new Promise((resolve) => this.connection.onclose(resolve));
    this.reconnecting = new Promise((resolve) => this.connection.onreconnecting(resolve));
    this.reconnected = new Promise((resolve) => this.connection.onreconnected(resolve));
  }

  /** The hub's id of this connection; null only with skipNegotiation. */
  get id(): string {
    const id = this.connection.connectionId;
    if (id === null) throw new Error('This connection has no id');
    return id;
  }

  /** The texts of all "message" events so far about a topic, in their order: other tests may send to everybody. */
  messages(topic: string): readonly string[] {
    const texts = this.#received.filter(({ event }) => event === 'message').map(({ args }) => String(args[0]));
    return texts.filter((text) => text.startsWith(`${topic}: `)).map((text) => text.slice(topic.length + 2));
  }

  /** How often an event came whose first argument is this. */
  count(event: EventName, first: string): number {
    return this.#received.filter((entry) => entry.event === event && entry.args[0] === first).length;
  }

  /** The arguments of an event that came or will come: the first one that has this first argument. */
  event(event: EventName, first?: string): Promise<readonly unknown[]> {
    const matches = (args: readonly unknown[]): boolean => first === undefined || args[0] === first;
    const past = this.#received.find((entry) => entry.event === event && matches(entry.args));
    if (past) return Promise.resolve(past.args);
    return new Promise((resolve) => this.#waiters.add({ event, matches, resolve }));
  }

  invoke<Result = unknown>(method: string, ...args: unknown[]): Promise<Result> {
    return this.connection.invoke<Result>(method, ...args);
  }

  /** The text of the error that an invocation must end in. */
  async refusal(method: string, ...args: unknown[]): Promise<string> {
    return this.connection.invoke(method, ...args).then(
      (result) => `no error, but the result ${JSON.stringify(result)}`,
      (error: unknown) => (error as Error).message,
    );
  }

  /**
   * When this resolves, the client has all that the server sent it before: messages of one connection keep their order, so
   * what did not come by then was not sent. In a farm, all that its servers sent.
   */
  async settle(): Promise<void> {
    await this.connection.invoke('Void');
    const { path = PATH, fence } = this.#options;
    for (const text of (await fence?.(path)) ?? []) await this.event('message', text);
  }

  #receive(event: EventName, args: readonly unknown[]): void {
    this.#received.push({ event, args });
    for (const waiter of this.#waiters) {
      if (waiter.event !== event || !waiter.matches(args)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(args);
    }
  }
}

function build(origin: string, { transport, protocol }: Cell, options: ClientOptions): HubConnection {
  const query = new URLSearchParams(options.query).toString();
  const http: IHttpConnectionOptions = { transport: HttpTransportType[transport] };
  const { accessToken } = options;
  if (accessToken !== undefined) http.accessTokenFactory = () => accessToken;
  if (options.skipNegotiation) http.skipNegotiation = true;
  const builder = new HubConnectionBuilder()
    .withUrl(`${origin}${options.path ?? PATH}${query && `?${query}`}`, http)
    .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
    .configureLogging(LogLevel.None);
  if (options.reconnect !== undefined) builder.withAutomaticReconnect([options.reconnect]);
  if (options.stateful) builder.withStatefulReconnect();
  if (options.keepAlive !== undefined) builder.withKeepAliveInterval(options.keepAlive);
  return builder.build();
}
