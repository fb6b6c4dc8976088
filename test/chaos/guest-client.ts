import { HttpTransportType, type HubConnection, HubConnectionBuilder, JsonHubProtocol, LogLevel } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import type { Guest } from './audiences.ts';
import type { Received } from './checker.ts';
import { now, pause } from './clock.ts';

const RETRY = 50;

/** What a guest tells of itself. */
export interface GuestListener {
  received(delivery: Received): void;
  left(guest: GuestClient): void;
  /** It has another connection, at whichever server. */
  entered(guest: GuestClient): Promise<void>;
}

/** The official client of a guest, over WebSockets. It comes back by itself, to the next server that takes it. */
export class GuestClient {
  readonly guest: Guest;
  /** Of its connection. */
  id = '';
  /** Of the server that it is at. */
  url = '';
  readonly #listener: GuestListener;
  /** Where it may go, the first choice first. */
  readonly #servers: () => readonly string[];
  #connection: HubConnection | undefined;
  #closed = false;

  constructor(guest: Guest, servers: () => readonly string[], listener: GuestListener) {
    this.guest = guest;
    this.#servers = servers;
    this.#listener = listener;
  }

  /** Resolves when it is in, and in its groups. */
  async enter(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      const servers = this.#servers();
      const url = servers[attempt % servers.length];
      if (url !== undefined && (await this.#tryAt(url))) return;
      await pause(RETRY);
    }
  }

  /** Ends its connection, and comes back at once. */
  async leave(): Promise<void> {
    await this.#connection?.stop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection?.stop();
  }

  async #tryAt(url: string): Promise<boolean> {
    const connection = this.#build(url);
    try {
      await connection.start();
      this.id = await connection.invoke<string>('enter', this.guest.name, this.guest.groups);
    } catch {
      await connection.stop();
      return false;
    }
    this.url = url;
    this.#connection = connection;
    connection.onclose(() => {
      if (this.#closed) return;
      this.#listener.left(this);
      void this.enter();
    });
    await this.#listener.entered(this);
    return true;
  }

  #build(url: string): HubConnection {
    const { name, user, protocol } = this.guest;
    const connection = new HubConnectionBuilder()
      .withUrl(`${url}/chaos?user=${user}`, { transport: HttpTransportType.WebSockets })
      .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
      .configureLogging(LogLevel.None)
      .build();
    const receive = (publisher: string, audience: number, number: number): number => {
      this.#listener.received({ client: name, publisher, audience, number, at: now() });
      return number;
    };
    connection.on('message', (publisher: string, audience: number, number: number) => void receive(publisher, audience, number));
    connection.on('ask', receive);
    return connection;
  }
}
