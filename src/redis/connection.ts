import type { Redis } from 'ioredis';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { RedisSettings } from './options.ts';

/** What is told of a connection. */
export interface ConnectionListener {
  /** Redis takes commands: at first, and again after each cut. */
  ready(client: Redis): void;
  /** The connection is gone, or could not be made; it is tried again. */
  lost(error: Error): void;
}

/** What a connection is made with. */
export interface ConnectionMaking {
  readonly open: () => Redis;
  readonly wheel: TimerWheel;
  readonly settings: RedisSettings;
  /** Takes a line for each thing that happens. */
  readonly clientLog: (line: string) => void;
}

/** How long a connection may take to say goodbye, in milliseconds. */
const FAREWELL = 1_000;
const clientEvents = ['connecting', 'connect', 'ready', 'close', 'reconnecting', 'end'] as const;

/**
 * One connection to Redis, which is made anew for as long as it takes. Redis is asked for a sign of life again and again, because one that is
 * stopped, or behind a cable that was pulled, closes nothing.
 */
export class RedisConnection {
  readonly #making: ConnectionMaking;
  readonly #listener: ConnectionListener;
  readonly #watch = new Timer(() => this.#look());
  #client: Redis;
  #ready = false;
  #closed = false;
  /** Whether something has been due since the last look: the answer to a ping, or the end of a handshake. */
  #waiting = false;
  #error: Error | undefined;
  #asked = 0;
  #aliveAt: number;
  #roundTrip: number | undefined;

  constructor(making: ConnectionMaking, listener: ConnectionListener) {
    this.#making = making;
    this.#aliveAt = making.wheel.now();
    this.#listener = listener;
    this.#client = this.#open();
    making.wheel.arm(this.#watch, making.settings.keepAlive);
  }

  /** The client, while Redis takes commands. */
  get client(): Redis | undefined {
    return this.#ready ? this.#client : undefined;
  }

  /** Why there is no connection, as far as it is known. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Milliseconds in which Redis answered the last ping; undefined before the first answer. */
  get roundTrip(): number | undefined {
    return this.#roundTrip;
  }

  /** When Redis was last known to be there, in milliseconds on the wheel. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  /** Gives the connection up, and makes another. */
  restart(): void {
    if (this.#ready) this.#client.stream.destroy();
  }

  /** Ends it, after Redis has answered what it was asked. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { wheel } = this.#making;
    wheel.cancel(this.#watch);
    const ready = this.#ready;
    this.#ready = false;
    if (ready) {
      const late = new Timer(() => this.#client.disconnect());
      wheel.arm(late, FAREWELL);
      await this.#client.quit().catch(() => undefined);
      wheel.cancel(late);
    }
    this.#client.disconnect();
  }

  #open(): Redis {
    const client = this.#making.open();
    for (const event of clientEvents) client.on(event, () => this.#making.clientLog(event));
    client.on('error', (error: Error) => {
      this.#error = error;
      this.#making.clientLog(`${error.name}: ${error.message}`);
    });
    // The client makes the socket in the next tick, and has it in a microtask of that; nothing can have come over it by then.
    client.on('connecting', () => process.nextTick(queueMicrotask, () => outliveErrors(client)));
    client.on('ready', () => this.#nowReady(client));
    client.on('close', () => this.#nowLost());
    client.on('end', () => this.#openAgain());
    outliveErrors(client);
    if (client.status === 'ready') queueMicrotask(() => this.#nowReady(client));
    // Why it fails is told by its events, and it tries again.
    else if (client.status === 'wait') client.connect().catch(() => undefined);
    return client;
  }

  #nowReady(client: Redis): void {
    if (this.#closed || this.#ready) return;
    this.#ready = true;
    this.#aliveAt = this.#making.wheel.now();
    this.#waiting = false;
    this.#error = undefined;
    this.#listener.ready(client);
  }

  #nowLost(): void {
    if (this.#closed) return;
    this.#ready = false;
    this.#waiting = false;
    this.#listener.lost((this.#error ??= new Error('The connection to Redis was closed.')));
  }

  /** A client of the user's may be one that gives up. */
  #openAgain(): void {
    if (this.#closed) return;
    const { wheel, settings } = this.#making;
    const again = new Timer(() => {
      if (!this.#closed) this.#client = this.#open();
    });
    wheel.arm(again, settings.longestReconnectDelay);
  }

  #look(): void {
    const { wheel, settings } = this.#making;
    wheel.arm(this.#watch, settings.keepAlive);
    if (this.#waiting) {
      this.#waiting = false;
      this.#error = new Error(`Redis did not answer within ${settings.keepAlive} ms.`);
      this.#client.stream.destroy();
      return;
    }
    this.#waiting = this.#ready || this.#client.status === 'connect';
    this.#asked = wheel.now();
    if (this.#ready) this.#client.ping().then(this.#alive, ignore);
  }

  readonly #alive = (): void => {
    this.#waiting = false;
    this.#aliveAt = this.#asked;
    this.#roundTrip = this.#making.wheel.now() - this.#asked;
  };
}

/**
 * The client listens for one error of a socket, but one that is encrypted can have two: what its peer says in an alert, which does not end it, and that
 * the certificate is wrong or a write fails. The second would end the process.
 */
function outliveErrors(client: Redis): void {
  const stream: Redis['stream'] | undefined = client.stream;
  if (stream !== undefined && !stream.listeners('error').includes(ignore)) stream.on('error', ignore);
}

const ignore = (): void => undefined;
