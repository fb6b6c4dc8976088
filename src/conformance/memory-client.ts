import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../protocol/hub/json.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type {
  CompletionMessage,
  HubMessage,
  InvocationMessage,
  ReceivedMessage,
  StreamInvocationMessage,
} from '../protocol/hub/message.ts';
import type { Connection } from '../transport/connection.ts';
import { FakeClock } from './fake-clock.ts';
import { ItemQueue } from './item-queue.ts';
import { MemoryConnection, type MemoryConnectionOptions } from './memory-connection.ts';

/** Who takes connections: a `SignalR`. */
export interface ConnectionHost {
  accept(path: `/${string}`, connection: Connection): void;
}

/** Who the client is, and how it speaks. */
export interface MemoryClientOptions extends Partial<MemoryConnectionOptions> {
  /** Default: JSON. */
  readonly protocol?: HubProtocol;
}

/** How a connection ended, in the words of the close message; without any, the server just ended it. */
export interface Farewell {
  readonly error: string | undefined;
  readonly allowReconnect: boolean;
}

type Handler = (...args: unknown[]) => unknown;

const RECORD_SEPARATOR = 0x1e;

/**
 * A client of a hub without a network, for tests: `const ada = await MemoryClient.connect(signalr, '/chat', { user: { sub: 'ada' } })`.
 * What it sends is dealt with in the call; what it is sent it takes in as soon as the code that runs has come to its end.
 */
export class MemoryClient {
  /** To look closer, or to go without a word: `connection.vanish()`. */
  readonly connection: MemoryConnection;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<Farewell>;
  readonly #protocol: HubProtocol;
  readonly #handlers = new Map<string, Handler>();
  readonly #events = new Map<string, ItemQueue>();
  readonly #calls = new Map<string, ItemQueue>();
  #received: Buffer;
  #farewell: Farewell = { error: undefined, allowReconnect: false };
  #resolveClosed: (farewell: Farewell) => void = () => {};
  #scheduled = false;
  #ids = 0;

  private constructor(connection: MemoryConnection, protocol: HubProtocol, received: Buffer) {
    this.connection = connection;
    this.#protocol = protocol;
    this.#received = received;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    connection.changed = () => this.#schedule();
    this.#schedule();
  }

  /** @throws Error with the server's words where it refuses the handshake */
  static async connect(host: ConnectionHost, path: `/${string}`, options: MemoryClientOptions = {}): Promise<MemoryClient> {
    const { protocol = new JsonHubProtocol(), clock = new FakeClock(), ...rest } = options;
    const connection = new MemoryConnection({ clock, ...rest });
    host.accept(path, connection);
    connection.send(`${JSON.stringify({ protocol: protocol.name, version: 1 })}\u001e`);
    const answer = connection.take();
    const end = answer.indexOf(RECORD_SEPARATOR);
    const { error } = JSON.parse(answer.toString('utf8', 0, end)) as { readonly error?: string };
    if (error !== undefined) throw new Error(error);
    return Promise.resolve(new MemoryClient(connection, protocol, answer.subarray(end + 1)));
  }

  get connectionId(): string {
    return this.connection.id;
  }

  /** Calls a method and waits for its result. Arguments that are an `AsyncIterable` are streamed. Rejects with the server's error. */
  async invoke(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const invocationId = this.#nextId();
    const outcome = this.#expect(invocationId);
    this.#call({ type: MessageType.invocation, invocationId, target: method, arguments: args });
    const { value } = await outcome.next();
    return value;
  }

  /** Calls a method and waits for nothing. */
  send(method: string, ...args: readonly unknown[]): void {
    this.#call({ type: MessageType.invocation, target: method, arguments: args });
  }

  /** Calls a method that streams, when the first item is asked for. Leaving the loop cancels it. */
  async *stream(method: string, ...args: readonly unknown[]): AsyncGenerator<unknown, void> {
    const invocationId = this.#nextId();
    const items = this.#expect(invocationId);
    this.#call({ type: MessageType.streamInvocation, invocationId, target: method, arguments: args });
    try {
      yield* items;
    } finally {
      if (this.#calls.delete(invocationId)) this.#write({ type: MessageType.cancelInvocation, invocationId });
    }
  }

  /** What the server calls by `name`, in any case, is answered by `handler`: with its result, where the server wants one. */
  on(name: string, handler: Handler): void {
    this.#handlers.set(name.toLowerCase(), handler);
  }

  /** The arguments of the next event of this name, in any case, that nobody has taken yet. Rejects when the connection has ended. */
  async next(name: string): Promise<readonly unknown[]> {
    const { value } = await this.#eventsOf(name).next();
    return value as readonly unknown[];
  }

  /** Takes its leave. */
  close(): void {
    this.#write({ type: MessageType.close });
    this.connection.vanish();
  }

  #nextId(): string {
    return String(++this.#ids);
  }

  #expect(invocationId: string): ItemQueue {
    const outcome = new ItemQueue();
    if (this.connection.end === undefined) this.#calls.set(invocationId, outcome);
    else outcome.end(this.#gone());
    return outcome;
  }

  #eventsOf(name: string): ItemQueue {
    const key = name.toLowerCase();
    const known = this.#events.get(key) ?? new ItemQueue();
    this.#events.set(key, known);
    if (this.connection.end !== undefined) known.end(this.#gone());
    return known;
  }

  #gone(): Error {
    return new Error(`The connection has ended. ${this.#farewell.error ?? ''}`.trim());
  }

  #write(message: HubMessage): void {
    this.connection.send(this.#protocol.write(message));
  }

  #call(message: InvocationMessage | StreamInvocationMessage): void {
    const streams = message.arguments.filter(isAsyncIterable).map((items) => ({ items, id: this.#nextId() }));
    const plain = message.arguments.filter((value) => !isAsyncIterable(value));
    this.#write({ ...message, arguments: plain, streamIds: streams.map(({ id }) => id) });
    for (const { items, id } of streams) void this.#upload(items, id);
  }

  async #upload(items: AsyncIterable<unknown>, invocationId: string): Promise<void> {
    let error: string | undefined;
    try {
      for await (const item of items) this.#write({ type: MessageType.streamItem, invocationId, item });
    } catch (failure) {
      error = String(failure);
    }
    this.#write({ type: MessageType.completion, invocationId, error, hasResult: false });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#read();
    });
  }

  #read(): void {
    const bytes = Buffer.concat([this.#received, this.connection.take()]);
    const end = this.#protocol.parse(bytes, 0, 0, (message) => {
      this.#take(message);
      return true;
    });
    this.#received = Buffer.from(bytes.subarray(end));
    if (this.connection.end === undefined) return;
    for (const waiting of [...this.#calls.values(), ...this.#events.values()]) waiting.end(this.#gone());
    this.#resolveClosed(this.#farewell);
  }

  #take(message: ReceivedMessage): void {
    if (message.type === MessageType.invocation) void this.#called(message);
    else if (message.type === MessageType.streamItem) this.#calls.get(message.invocationId)?.push(message.item);
    else if (message.type === MessageType.completion) this.#completed(message);
    else if (message.type === MessageType.close) {
      this.#farewell = { error: message.error, allowReconnect: message.allowReconnect === true };
    }
  }

  #completed({ invocationId, error, hasResult, result }: CompletionMessage): void {
    const outcome = this.#calls.get(invocationId);
    this.#calls.delete(invocationId);
    if (hasResult) outcome?.push(result);
    outcome?.end(error === undefined ? undefined : new Error(error));
  }

  async #called({ target, arguments: args, invocationId }: InvocationMessage): Promise<void> {
    this.#eventsOf(target).push(args);
    const handler = this.#handlers.get(target.toLowerCase());
    const answer: Pick<CompletionMessage, 'hasResult' | 'result' | 'error'> = await answerOf(handler, args);
    if (invocationId !== undefined) this.#write({ type: MessageType.completion, invocationId, ...answer });
  }
}

async function answerOf(
  handler: Handler | undefined,
  args: readonly unknown[],
): Promise<Pick<CompletionMessage, 'hasResult' | 'result' | 'error'>> {
  if (handler === undefined) return { hasResult: false, error: "Client didn't provide a result." };
  try {
    return { hasResult: true, result: await handler(...args) };
  } catch (error) {
    return { hasResult: false, error: String(error) };
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
