import { EventStreamReader } from '../../../bench/load/event-stream-reader.ts';
import { BINARY, TEXT } from '../../../bench/load/frame-writer.ts';
import { Exchange, requestBytes, type Connect } from './exchange.ts';
import { WebSocketPeer } from './web-socket.ts';

export type Transport = 'webSockets' | 'serverSentEvents' | 'longPolling';
export const transports: readonly Transport[] = ['webSockets', 'serverSentEvents', 'longPolling'];

/** A client that keeps to the rules of its transport, whatever it sends. */
export abstract class Client {
  /** Everything it received, unless it was taken. */
  received: Buffer = Buffer.alloc(0);
  /** The server has ended the connection. */
  ended = false;

  abstract send(payload: Buffer): void;
  /** Goes without a word. */
  abstract vanish(): void;

  /** Takes what was received. */
  take(): Buffer {
    const { received } = this;
    this.received = Buffer.alloc(0);
    return received;
  }

  protected readonly receive = (chunk: Buffer): void => {
    this.received = Buffer.concat([this.received, chunk]);
  };
}

/** A connection token. `settle` has what is under way arrive. */
export async function negotiate(connect: Connect, path: string, settle: () => Promise<void>, stateful = false): Promise<string> {
  const target = `${path}/negotiate?negotiateVersion=1${stateful ? '&useStatefulReconnect=true' : ''}`;
  const exchange = new Exchange(connect, requestBytes({ method: 'POST', target, body: Buffer.alloc(0) }));
  await settle();
  const { connectionToken } = JSON.parse(exchange.body.toString()) as { readonly connectionToken: string };
  exchange.link.cut();
  return connectionToken;
}

/** Begins a connection by one transport. */
export async function openClient(connect: Connect, transport: Transport, path: string, settle: () => Promise<void>): Promise<Client> {
  const target = `${path}?id=${await negotiate(connect, path, settle)}`;
  const client = new clients[transport](connect, target);
  await settle();
  return client;
}

class WebSocketClient extends Client {
  readonly #peer: WebSocketPeer;

  constructor(connect: Connect, target: string) {
    super();
    this.#peer = new WebSocketPeer(connect, target, [], this.receive);
    this.#peer.exchange.onOver = () => (this.ended = true);
  }

  send(payload: Buffer): void {
    this.#peer.send(payload, payload[0] === 0x7b ? TEXT : BINARY);
  }

  vanish(): void {
    this.#peer.exchange.link.cut();
  }
}

/** What sends by POSTs, all on one link. */
abstract class PostingClient extends Client {
  protected readonly target: string;
  protected readonly connect: Connect;
  readonly #posts: Exchange;

  constructor(connect: Connect, target: string) {
    super();
    this.connect = connect;
    this.target = target;
    this.#posts = new Exchange(connect);
    this.#posts.onWhole = () => (this.#posts.statuses.length = 0);
  }

  send(payload: Buffer): void {
    this.#posts.link.write(requestBytes({ method: 'POST', target: this.target, body: payload }));
  }

  vanish(): void {
    this.#posts.link.cut();
  }
}

class EventStreamClient extends PostingClient {
  readonly #stream: Exchange;

  constructor(connect: Connect, target: string) {
    super(connect, target);
    const events = new EventStreamReader({
      payload: (buffer, start, end) => this.receive(buffer.subarray(start, end)),
      messageEnd: () => {},
    });
    this.#stream = new Exchange(connect, requestBytes({ method: 'GET', target, fields: ['Accept: text/event-stream'] }));
    this.#stream.onBody = (chunk) => events.read(chunk, 0, chunk.length);
    this.#stream.onWhole = () => (this.ended = true);
    this.#stream.onOver = () => (this.ended = true);
  }

  override vanish(): void {
    super.vanish();
    this.#stream.link.cut();
  }
}

class LongPollingClient extends PostingClient {
  readonly #polls: Exchange;

  constructor(connect: Connect, target: string) {
    super(connect, target);
    this.#polls = new Exchange(connect);
    this.#polls.onBody = this.receive;
    this.#polls.onWhole = () => {
      if (this.#polls.statuses.at(-1) === 200) this.#poll();
      else this.ended = true;
    };
    this.#poll();
  }

  override vanish(): void {
    super.vanish();
    this.#polls.link.cut();
  }

  #poll(): void {
    this.#polls.link.write(requestBytes({ method: 'GET', target: this.target }));
    // Of earlier polls nothing is asked any more.
    this.#polls.statuses.length = Math.min(this.#polls.statuses.length, 1);
  }
}

const clients = { webSockets: WebSocketClient, serverSentEvents: EventStreamClient, longPolling: LongPollingClient };
