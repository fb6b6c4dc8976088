import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { SignalR, type Claims, type Log, type SignalROptions } from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { turns } from '../transport/application.ts';
import { ask, type Answered } from '../transport/http-client.ts';
import { listen } from '../transport/serve.ts';
import { Ledger } from './ledger.ts';

export type Message = Record<string, unknown>;

interface Logged {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The headers of a request of this user. */
export const as = (user: Claims | undefined): Record<string, string> => (user === undefined ? {} : { 'X-User': JSON.stringify(user) });

/** A host whose time stands still, and which is asked afterwards whether anything is left. */
export class StatefulHost {
  readonly clock = new FakeClock();
  readonly ledger = new Ledger();
  readonly logged: Logged[] = [];
  readonly signalr: SignalR;
  /** Of every negotiation. */
  readonly tokens: string[] = [];
  origin = '';
  /** The server's ends, by the client's port. */
  readonly #sockets = new Map<number, Socket>();

  private constructor(options: SignalROptions) {
    const log: Log = ({ id }, fields) => void this.logged.push({ id, fields });
    const { clock, ledger: telemetry } = this;
    this.signalr = new SignalR({
      authenticate: ({ headers }) => (JSON.parse(headers.get('x-user') ?? 'null') as Claims | null) ?? undefined,
      allowStatefulReconnects: true,
      clock,
      log,
      telemetry,
      ...options,
    });
  }

  /** @param map - maps what is to be served, at `/hub` first */
  static async open(map: (signalr: SignalR) => void, options: SignalROptions = {}): Promise<StatefulHost> {
    const host = new StatefulHost(options);
    map(host.signalr);
    const server = createServer();
    host.signalr.attach(server);
    server.on('connection', (socket: Socket) => host.#sockets.set(socket.remotePort ?? 0, socket));
    host.origin = `http://127.0.0.1:${await listen(server)}`;
    onTestFinished(() => host.close());
    return host;
  }

  /** What was logged of this event. */
  said(id: string): readonly Logged[] {
    return this.logged.filter((entry) => entry.id === id);
  }

  post(path: string, user?: Claims): Promise<Answered> {
    return ask(this.origin + path, { method: 'POST', headers: as(user) });
  }

  /** Negotiates stateful reconnect, whatever else the query asks. */
  async negotiate(user?: Claims, path = '/hub'): Promise<Message> {
    const answer = await this.post(`${path}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, user);
    expect(answer.status).toBe(200);
    const negotiated = JSON.parse(answer.body) as Message;
    this.tokens.push(negotiated['connectionToken'] as string);
    return negotiated;
  }

  /** A client that has negotiated stateful reconnect and shaken hands. */
  async connect(user?: Claims, path = '/hub', version = 2): Promise<StatefulClient> {
    const { connectionId, connectionToken } = await this.negotiate(user, path);
    const client = this.client(`${path}?id=${String(connectionToken)}`, connectionId as string);
    await client.open(user);
    client.send({ protocol: 'json', version });
    expect(await client.receive()).toEqual({});
    return client;
  }

  /** A client without a socket. */
  client(target: string, connectionId = ''): StatefulClient {
    return new StatefulClient(this, target, connectionId);
  }

  /** What a WebSocket is answered: 101 where it is let in. */
  async upgrade(target: string, user?: Claims, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const webSocket = new WebSocket(this.origin.replace('http', 'ws') + target, { headers: { ...as(user), ...headers } });
    webSocket.on('error', () => {});
    onTestFinished(() => webSocket.terminate());
    const status = await Promise.race([
      once(webSocket, 'open').then(() => 101),
      once(webSocket, 'unexpected-response').then(([, response]) => (response as { readonly statusCode: number }).statusCode),
    ]);
    return status;
  }

  /** Resolves when the server has noticed that the client's end is gone. */
  async lost(webSocket: WebSocket, port: number): Promise<void> {
    const socket = this.#sockets.get(port);
    webSocket.terminate();
    if (socket !== undefined && !socket.closed) await new Promise((resolve) => void socket.once('close', resolve));
    await turns(3);
  }

  /** Ends what is there, without waiting for time to pass. */
  async close(timeout = 100): Promise<void> {
    const closed = this.signalr.close({ timeout });
    await turns(5);
    this.clock.advance(timeout + 200);
    await closed;
  }

  /**
   * Every place is free, every session forgotten, every timer stopped, and each connection's end told once.
   *
   * @param user - who may ask
   */
  async expectNothingLeft(user?: Claims): Promise<void> {
    const { clock, ledger, signalr } = this;
    await eventually(() => {
      expect(signalr.health()).toMatchObject({ connections: 0 });
      expect(signalr.health().hubs.map(({ connections }) => connections)).toEqual(signalr.health().hubs.map(() => 0));
      expect(ledger.open).toEqual([]);
      expect(clock.tasks).toBe(0);
    });
    expect(ledger.wrong).toEqual([]);
    const ids = (event: string): string[] =>
      this.said(event)
        .map(({ fields }) => String(fields['connectionId']))
        .toSorted((a, b) => (a < b ? -1 : 1));
    expect(ids('transport.removed')).toEqual(ids('transport.created'));
    expect(this.said('transport.listener-failed')).toEqual([]);
    if (signalr.health().closing) return;
    for (const token of this.tokens) expect((await ask(`${this.origin}/hub?id=${token}`, { headers: as(user) })).status).toBe(404);
  }
}

/** A client that speaks JSON, and does what it is told. */
export class StatefulClient {
  readonly connectionId: string;
  readonly target: string;
  readonly #host: StatefulHost;
  #webSocket: WebSocket | undefined;
  /** The socket's end here. */
  #port = 0;
  #received: Message[] = [];
  #wake = (): void => {};

  constructor(host: StatefulHost, target: string, connectionId: string) {
    this.#host = host;
    this.target = target;
    this.connectionId = connectionId;
  }

  get token(): string {
    return this.target.slice(this.target.indexOf('=') + 1);
  }

  get webSocket(): WebSocket {
    if (this.#webSocket === undefined) throw new Error('The client has no socket.');
    return this.#webSocket;
  }

  /** Opens a socket, the first one or another. What the one before has left is not looked at any more. */
  async open(user?: Claims): Promise<void> {
    const webSocket = new WebSocket(this.#host.origin.replace('http', 'ws') + this.target, { headers: as(user), perMessageDeflate: false });
    onTestFinished(() => webSocket.terminate());
    this.#webSocket = webSocket;
    this.#received = [];
    webSocket.on('message', (data: Buffer) => {
      if (this.#webSocket !== webSocket) return;
      const records = data.toString().split('\x1e').slice(0, -1);
      this.#received.push(...records.map((record) => JSON.parse(record) as Message));
      this.#wake();
    });
    webSocket.on('close', () => this.#wake());
    webSocket.once('upgrade', ({ socket }: IncomingMessage) => (this.#port = socket.localPort ?? 0));
    await once(webSocket, 'open');
  }

  /** Comes back, and has the server say which message comes first. */
  async comeBack(user?: Claims): Promise<Message> {
    await this.open(user);
    return this.receive();
  }

  /** Its socket is lost, and the server knows. */
  lose(): Promise<void> {
    return this.#host.lost(this.webSocket, this.#port);
  }

  /** Resolves with the code of the server's close frame. */
  async closed(): Promise<number> {
    const { webSocket } = this;
    if (webSocket.readyState === WebSocket.CLOSED) return 1000;
    const [code] = (await once(webSocket, 'close')) as [number];
    return code;
  }

  send(...messages: readonly Message[]): void {
    this.webSocket.send(messages.map((message) => `${JSON.stringify(message)}\x1e`).join(''));
  }

  /** The next message, in the order in which they came; those of `leaveOut` are passed over. */
  async receive(leaveOut: readonly number[] = [6, 8]): Promise<Message> {
    for (;;) {
      const message = this.#received.shift();
      if (message === undefined) await this.#more();
      else if (!leaveOut.includes(message['type'] as number)) return message;
    }
  }

  async #more(): Promise<void> {
    if (this.webSocket.readyState === WebSocket.CLOSED) throw new Error('The server has closed the socket, and nothing more came.');
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Calls a method, and has its answer. */
  async call(target: string, ...args: readonly unknown[]): Promise<Message> {
    this.send({ type: 1, invocationId: 'c', target, arguments: args });
    return this.receive();
  }
}
