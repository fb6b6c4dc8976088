import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Bus, BusSubscription } from 'signalbox';

/** One server's end of NATS, a single server or a cluster. */
export class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  #state: 'connected' | 'down' = 'connected';
  #flushed: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#watch();
  }

  /** Resolves when NATS is there, however long that takes. It goes on trying after every cut. */
  static async connect(servers: string, options: NodeConnectionOptions = {}): Promise<NatsBus> {
    const forEver = { waitOnFirstConnect: true, maxReconnectAttempts: -1, reconnectTimeWait: 250, timeout: 2_000 };
    return new NatsBus(await connect({ servers, ...forEver, pingInterval: 5_000, ...options }));
  }

  get state(): 'connected' | 'down' {
    return this.#state;
  }

  publish(subject: string, bytes: Uint8Array): Promise<void> {
    // The client would take it, and forget it with the next attempt to connect.
    if (this.#state === 'down') throw new Error('NATS is away.');
    this.#connection.publish(subject, bytes);
    return this.#confirm();
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): BusSubscription {
    let refused: Error | null = null;
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) refused = error;
        else if (this.#closing === undefined) receive(message.data);
      },
    });
    const confirmed = this.#confirm().then(() => (refused === null ? undefined : Promise.reject(refused)));
    return { ready: confirmed, end: () => subscription.unsubscribe() };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Resolves when NATS has processed all that was said so far; one question for what is said together. */
  #confirm(): Promise<void> {
    this.#flushed ??= Promise.resolve().then(() => {
      this.#flushed = undefined;
      return this.#connection.flush();
    });
    return this.#flushed;
  }

  async #close(): Promise<void> {
    await this.#connection.flush().catch(() => undefined);
    await this.#connection.close();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') this.#state = 'down';
      if (type === 'reconnect') this.#state = 'connected';
    }
  }
}
