import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { WebSocketServer, type WebSocket } from 'ws';

const SEPARATOR = '\x1e';

/** A hub message as it is on the wire. */
export interface Message {
  readonly type: number;
  readonly invocationId?: string;
  readonly target?: string;
  readonly arguments?: readonly unknown[];
  readonly streamIds?: readonly string[];
  readonly item?: unknown;
  readonly result?: unknown;
  readonly error?: string;
}

/** What the server does when a method is called. */
export type Reaction = (call: Message, send: (...messages: Message[]) => void) => void;

/** Speaks the JSON hub protocol over WebSockets, remembers what it hears and answers each method as it is told. */
export class ScriptedServer {
  /** What came from clients, handshakes and pings apart. */
  readonly received: Message[] = [];
  readonly #server: WebSocketServer;
  readonly #reactions: Readonly<Record<string, Reaction>>;
  readonly #connections: HubConnection[] = [];
  readonly #waiting = new Set<() => void>();

  static async start(reactions: Readonly<Record<string, Reaction>>): Promise<ScriptedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new ScriptedServer(server, reactions);
  }

  private constructor(server: WebSocketServer, reactions: Readonly<Record<string, Reaction>>) {
    this.#server = server;
    this.#reactions = reactions;
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        for (const record of data.toString().split(SEPARATOR)) if (record !== '') this.#read(socket, record);
      });
    });
  }

  /** The official client, connected. */
  async connect(): Promise<HubConnection> {
    const connection = this.connection();
    await connection.start();
    return connection;
  }

  /** The official client, not yet connected. */
  connection(): HubConnection {
    const { port } = this.#server.address() as AddressInfo;
    const options = { skipNegotiation: true, transport: HttpTransportType.WebSockets };
    const connection = new HubConnectionBuilder().withUrl(`http://127.0.0.1:${port}/`, options).configureLogging(LogLevel.None).build();
    this.#connections.push(connection);
    return connection;
  }

  /** Sends to every client. */
  send(...messages: Message[]): void {
    for (const socket of this.#server.clients) write(socket, messages);
  }

  /** Cuts every client off, without a word. */
  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  /** The first message of which `wanted` is true: one that has come, or the one that will. */
  async heard(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = this.received.find(wanted);
      if (message) return message;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when everything that was sent before has been received. */
  async caughtUp(connection: HubConnection): Promise<void> {
    const marker = `caught up ${this.received.length}`;
    await connection.send(marker);
    await this.heard(({ target }) => target === marker);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.stop()));
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #read(socket: WebSocket, record: string): void {
    const message = JSON.parse(record) as Message & { readonly protocol?: string };
    if (message.protocol !== undefined) socket.send(`{}${SEPARATOR}`);
    if (message.protocol !== undefined || message.type === 6) return;
    this.received.push(message);
    if (message.target !== undefined) this.#reactions[message.target]?.(message, (...messages) => write(socket, messages));
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function write(socket: WebSocket, messages: readonly Message[]): void {
  socket.send(messages.map((message) => JSON.stringify(message) + SEPARATOR).join(''));
}

/** The messages of a call, answering it. */
export const invocation = (target: string, args: readonly unknown[], invocationId?: string): Message => ({
  type: 1,
  target,
  arguments: args,
  ...(invocationId === undefined ? {} : { invocationId }),
});
export const item = (call: Message, value: unknown): Message => ({ type: 2, ...idOf(call), item: value });
export const completion = (call: Message, result?: unknown): Message => ({
  type: 3,
  ...idOf(call),
  ...(result === undefined ? {} : { result }),
});
export const failure = (call: Message, error: string): Message => ({ type: 3, ...idOf(call), error });

function idOf({ invocationId }: Message): { invocationId: string } {
  if (invocationId === undefined) throw new Error('Nobody waits for an answer to this call.');
  return { invocationId };
}
