import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { JWTPayload } from 'jose';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { tokenFor, type ServiceRig } from './rig.ts';

/** How a raw client comes. */
export interface RawClientTraits {
  readonly hub?: string;
  readonly claims?: JWTPayload;
  readonly protocol?: string;
  /** Instead of a token that is made of the rest. */
  readonly token?: string;
  /** More of the query, with its `&`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A WebSocket client of the service that sends bytes and keeps what it gets, without the official client's manners. */
export class RawClient {
  readonly received: Buffer[] = [];
  closed: number | undefined;
  readonly socket: WebSocket;
  /** What the WebSocket is made of. */
  tcp: Socket | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => this.received.push(data));
    socket.on('upgrade', ({ socket: tcp }) => (this.tcp = tcp));
    socket.on('close', (code) => (this.closed = code));
  }

  /** Comes without negotiation. Rejects where the upgrade is refused, with the status in its message. */
  static async dial(rig: Pick<ServiceRig, 'clientPort'>, traits: RawClientTraits = {}): Promise<RawClient> {
    const { hub = 'chat', claims = {}, query = '', headers = {} } = traits;
    const token = traits.token ?? (await tokenFor('client', hub, claims));
    const socket = new WebSocket(`ws://127.0.0.1:${rig.clientPort}/client/?hub=${hub}${query}`, {
      perMessageDeflate: false,
      headers: { Authorization: `Bearer ${token}`, ...headers },
    });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Comes, and asks for a hub protocol. Whether it is let in is the app server's to say. */
  static async connect(rig: Pick<ServiceRig, 'clientPort'>, traits: RawClientTraits = {}): Promise<RawClient> {
    const client = await RawClient.dial(rig, traits);
    client.send(`${JSON.stringify({ protocol: traits.protocol ?? 'json', version: 1 })}\u001e`);
    return client;
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** Sends one hub message of JSON. */
  say(message: object): void {
    this.send(`${JSON.stringify(message)}\u001e`);
  }

  /** All that came, as text. */
  get text(): string {
    return Buffer.concat(this.received).toString();
  }

  /** The hub messages of JSON that came, the handshake's answer first. */
  get messages(): readonly unknown[] {
    return this.text
      .split('\u001e')
      .filter((record) => record !== '')
      .map((record): unknown => JSON.parse(record));
  }

  /** Waits until so many hub messages of JSON came, the handshake's answer included. */
  hears(count: number): Promise<readonly unknown[]> {
    return eventually(() => {
      if (this.messages.length < count) throw new Error(`${this.messages.length} of ${count} messages came: ${this.text}`);
      return this.messages;
    });
  }

  ended(): Promise<number> {
    return eventually(() => {
      if (this.closed === undefined) throw new Error('The client is still connected.');
      return this.closed;
    });
  }

  close(): void {
    this.socket.close();
  }

  cut(): void {
    this.socket.terminate();
  }
}
