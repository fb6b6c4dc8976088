import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { jwtVerify, type JWTPayload } from 'jose';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { DataType } from '../../src/protocol/service/codes.ts';
import type {
  OutgoingServiceMessage,
  OutgoingServiceMessageOf,
  ServiceMessage,
  ServiceMessageOf,
  ServiceMessageType,
} from '../../src/protocol/service/messages.ts';
import { ServiceStream } from '../../src/protocol/service/stream.ts';
import { writeServiceMessage } from '../../src/protocol/service/writer.ts';
import { eventually } from '../eventually.ts';

export const ACCESS_KEY = 'the access key of a scripted service';

/** The service's end of one server connection: it does only what a test tells it to. */
export class ScriptedLink {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  /** All that came, in order. */
  readonly received: ServiceMessage[] = [];
  /** The bytes of the first frame. */
  first: Buffer | undefined;
  closed: number | undefined;

  constructor(request: IncomingMessage, socket: WebSocket, greet: (link: ScriptedLink) => void) {
    this.request = request;
    this.socket = socket;
    const stream = new ServiceStream(0, (message) => {
      if (message.type === 'malformed' || message.type === 'unknown') throw new Error(`The app server sent ${JSON.stringify(message)}`);
      this.received.push(message);
      if (message.type === 'handshakeRequest') greet(this);
      return true;
    });
    socket.on('message', (data: Buffer) => {
      this.first ??= data;
      stream.push(data);
    });
    socket.on('close', (code) => (this.closed = code));
  }

  get query(): URLSearchParams {
    return new URL(this.request.url ?? '/', 'http://localhost').searchParams;
  }

  get id(): string {
    return this.query.get('cid') ?? '';
  }

  send(...messages: readonly OutgoingServiceMessage[]): void {
    for (const message of messages) this.sendBytes(writeServiceMessage(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  ping(...entries: readonly string[]): void {
    this.send({ type: 'ping', entries });
  }

  /** Messages of a kind that came and were not taken. */
  all<Type extends ServiceMessageType>(type: Type): readonly ServiceMessageOf<Type>[] {
    return this.received.filter((message): message is ServiceMessageOf<Type> & ServiceMessage => message.type === type);
  }

  /** Waits for the first message of a kind that has not been taken yet, and takes it. */
  next<Type extends ServiceMessageType>(
    type: Type,
    fits: (message: ServiceMessageOf<Type>) => boolean = () => true,
  ): Promise<ServiceMessageOf<Type>> {
    return eventually(() => {
      const place = this.received.findIndex((message) => message.type === type && fits(message as unknown as ServiceMessageOf<Type>));
      if (place === -1) throw new Error(`No ${type} among: ${JSON.stringify(this.received)}`);
      return this.received.splice(place, 1)[0] as unknown as ServiceMessageOf<Type>;
    });
  }

  /** When it resolves, the app server has dealt with all before, and all that it then sent has come. */
  async settle(): Promise<void> {
    const word = `settle ${Math.random()}`;
    this.ping('echo', word);
    await this.next('ping', ({ entries }) => entries[1] === word);
  }

  /** Opens a client and shakes hands for it. Resolves when the app server has answered. */
  async open(connectionId: string, traits: Partial<OutgoingServiceMessageOf<'openConnection'>> = {}): Promise<void> {
    this.send({
      type: 'openConnection',
      connectionId,
      claims: [],
      headers: new Map(),
      queryString: '?hub=chat&asrs.op=%2Fchat',
      extension: { protocol: 'json' },
      ...traits,
    });
    this.say(connectionId, '{"protocol":"json","version":1}\u001e');
    const { payload, extension } = await this.next('connectionData', (message) => message.connectionId === connectionId);
    if (extension.dataType !== DataType.handshake) throw new Error(`The handshake was answered by ${payload.toString()}`);
  }

  /** A client sends something. */
  say(connectionId: string, text: string | Buffer, isPartial = false): void {
    this.send({ type: 'connectionData', connectionId, payload: Buffer.from(text), ...(isPartial && { extension: { isPartial } }) });
  }

  /** A client calls a method. */
  call(connectionId: string, target: string, invocationId: string | undefined, ...args: unknown[]): void {
    this.say(connectionId, `${JSON.stringify({ type: 1, invocationId, target, arguments: args })}\u001e`);
  }

  /** The next message to a client, as the app server marked it. */
  async told(connectionId: string): Promise<readonly [message: unknown, dataType: number | undefined]> {
    const { payload, extension } = await this.next('connectionData', (message) => message.connectionId === connectionId);
    return [JSON.parse(payload.toString().slice(0, -1)), extension.dataType];
  }
}

/** A real WebSocket server at `/server/` that speaks the service protocol and has no behaviour of its own beyond accepting handshakes. */
export class ScriptedService {
  /** Every server connection, in the order in which they came. */
  readonly links: ScriptedLink[] = [];
  /** The claims of the token of each. */
  readonly tokens: JWTPayload[] = [];
  /** How upgrades are answered. */
  status = 101;
  /** Upgrades that were refused. */
  refused = 0;
  /** How handshakes are answered; undefined: not at all. */
  handshake: OutgoingServiceMessage | undefined = { type: 'handshakeResponse', error: '' };
  readonly #server: Server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  private constructor() {
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.status !== 101) {
        this.refused++;
        socket.end(`HTTP/1.1 ${this.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      void this.#accept(request, socket, head);
    });
  }

  static async start(): Promise<ScriptedService> {
    const service = new ScriptedService();
    await once(service.#server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => service.close());
    return service;
  }

  get connectionString(): string {
    return `Endpoint=http://127.0.0.1:${(this.#server.address() as AddressInfo).port};AccessKey=${ACCESS_KEY};Version=1.0;`;
  }

  /** Those that are open. */
  get open(): readonly ScriptedLink[] {
    return this.links.filter(({ socket, closed }) => closed === undefined && socket.readyState === WebSocket.OPEN);
  }

  /** Waits until so many have come. */
  came(count: number): Promise<readonly ScriptedLink[]> {
    return eventually(() => {
      if (this.links.length < count) throw new Error(`${this.links.length} of ${count} server connections came.`);
      return this.links;
    });
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { payload } = await jwtVerify(request.headers.authorization?.replace('Bearer ', '') ?? '', Buffer.from(ACCESS_KEY));
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.tokens.push(payload);
      this.links.push(new ScriptedLink(request, webSocket, (link) => this.handshake && link.send(this.handshake)));
    });
  }

  close(): void {
    for (const { socket } of this.links) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
