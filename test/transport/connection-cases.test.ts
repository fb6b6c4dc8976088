import type { IncomingMessage } from 'node:http';
import { describe, test } from 'vitest';
import type { WebSocket } from 'ws';
import { systemClock } from '../../src/base/clock.ts';
import { connectionCases, type ConnectedClient } from '../../src/conformance/connection-cases.ts';
import { MemoryConnection } from '../../src/conformance/memory-connection.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { ask, eventStream, negotiate, open, post } from './http-client.ts';
import { serve } from './serve.ts';
import { openWebSocket } from './websocket-client.ts';

/** What the clients of all transports have in common. */
abstract class Client implements ConnectedClient {
  readonly connection: Connection;
  readonly messages: string[] = [];
  ended = false;
  readonly #changes: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  abstract send(text: string): Promise<void>;
  abstract vanish(): void;

  changed(): Promise<void> {
    return new Promise((resolve) => this.#changes.push(resolve));
  }

  protected change(): void {
    for (const resolve of this.#changes.splice(0)) resolve();
  }

  protected end(): void {
    this.ended = true;
    this.change();
  }
}

class WebSocketClient extends Client {
  readonly #webSocket: WebSocket;

  constructor(connection: Connection, webSocket: WebSocket) {
    super(connection);
    this.#webSocket = webSocket;
    webSocket.on('message', (data: Buffer) => {
      this.messages.push(data.toString());
      this.change();
    });
    webSocket.on('close', () => this.end());
  }

  static async connect(): Promise<WebSocketClient> {
    const { hub, opened } = await served();
    const webSocket = await openWebSocket(hub);
    return new WebSocketClient(await opened, webSocket);
  }

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#webSocket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  vanish(): void {
    this.#webSocket.terminate();
  }
}

/** A client that negotiated stateful reconnect, of an application that makes no use of it. */
class StatefulClient extends WebSocketClient {
  static override async connect(): Promise<StatefulClient> {
    const { hub, opened } = await served();
    const { body } = await ask(`${hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST' });
    const { connectionToken } = JSON.parse(body) as { readonly connectionToken: string };
    const webSocket = await openWebSocket(`${hub}?id=${connectionToken}`);
    return new StatefulClient(await opened, webSocket);
  }
}

class EventStreamClient extends Client {
  readonly #url: string;
  readonly #response: IncomingMessage;
  #text = '';

  constructor(connection: Connection, url: string, response: IncomingMessage) {
    super(connection);
    this.#url = url;
    this.#response = response;
    response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    response.on('error', () => {});
    response.on('close', () => this.end());
  }

  static async connect(): Promise<EventStreamClient> {
    const { hub, opened } = await served();
    const { url } = await negotiate({ hub });
    const response = await open(url, { headers: eventStream });
    return new EventStreamClient(await opened, url, response);
  }

  async send(text: string): Promise<void> {
    // The answer may wait until the server has read, which is for the case to decide.
    void post(this.#url, text).catch(() => {});
    await sentByNow();
  }

  vanish(): void {
    this.#response.destroy();
  }

  #read(text: string): void {
    const events = (this.#text + text).split('\r\n\r\n');
    this.#text = events.pop() ?? '';
    for (const event of events) this.messages.push(event.replace(/^:\r\n/, '').replace(/^data: /, ''));
    this.change();
  }
}

class PollingClient extends Client {
  readonly #url: string;
  #polling = true;

  constructor(connection: Connection, url: string) {
    super(connection);
    this.#url = url;
    void this.#poll();
  }

  static async connect(): Promise<PollingClient> {
    const { hub, opened } = await served();
    const { url } = await negotiate({ hub });
    await ask(url);
    return new PollingClient(await opened, url);
  }

  async send(text: string): Promise<void> {
    void post(this.#url, text).catch(() => {});
    await sentByNow();
  }

  vanish(): void {
    this.#polling = false;
    void ask(this.#url, { method: 'DELETE' });
  }

  async #poll(): Promise<void> {
    while (this.#polling) {
      const { status, body } = await ask(this.#url).catch(() => ({ status: 0, body: '' }));
      if (status !== 200) break;
      if (body !== '') this.messages.push(body);
      this.change();
    }
    this.end();
  }
}

/** A connection of the kind that tests of hubs use: the client sees what is written when it asks. */
class MemoryClient extends Client {
  readonly #connection: MemoryConnection;
  readonly #reading: NodeJS.Timeout;

  constructor(connection: MemoryConnection) {
    super(connection);
    this.#connection = connection;
    this.#reading = setInterval(() => this.#read(), 2);
  }

  static connect(): Promise<MemoryClient> {
    return Promise.resolve(new MemoryClient(new MemoryConnection({ clock: systemClock, mark: 65_536, flowing: false })));
  }

  send(text: string): Promise<void> {
    this.#connection.send(text);
    return Promise.resolve();
  }

  vanish(): void {
    this.#connection.vanish();
  }

  #read(): void {
    const text = this.#connection.take().toString();
    if (text !== '') this.messages.push(text);
    if (this.#connection.end !== undefined) {
      clearInterval(this.#reading);
      this.end();
    }
    this.change();
  }
}

/** Nothing tells a client that its request has reached the server but the answer, which it can't wait for here. */
function sentByNow(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

async function served(): Promise<{ readonly hub: string; readonly opened: Promise<Connection> }> {
  let opened: (connection: Connection) => void = () => {};
  const connection = new Promise<Connection>((resolve) => (opened = resolve));
  const { hub } = await serve({ opened, options: { allowStatefulReconnects: true } });
  return { hub, opened: connection };
}

describe.each([
  ['webSockets', WebSocketClient],
  ['webSockets, stateful', StatefulClient],
  ['serverSentEvents', EventStreamClient],
  ['longPolling', PollingClient],
  ['memory', MemoryClient],
] as const)('a connection by %s', (_, kind) => {
  test.each(connectionCases)('$name', async ({ run }) => {
    await run(await kind.connect());
  });
});
