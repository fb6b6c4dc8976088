import type { Redis } from 'ioredis';
import { codedError } from '../base/errors.ts';
import { Timer } from '../base/timer-wheel.ts';
import { RedisConnection, type ConnectionListener, type ConnectionMaking } from './connection.ts';

/**
 * What is said to Redis, and answered, on a connection of its own. What is said in one turn of the event loop leaves in one write.
 */
export class RedisCommands {
  readonly #connection: RedisConnection;
  /** Settled when the first connection stands, or took too long; undefined from then on. */
  #opening: Promise<void> | undefined;
  #opened: () => void = () => undefined;
  #corked: Redis['stream'] | undefined;
  readonly #maximumOutboxBytes: number;

  constructor(making: ConnectionMaking, listener: ConnectionListener) {
    this.#maximumOutboxBytes = making.settings.maximumOutboxBytes;
    this.#opening = new Promise((resolve) => (this.#opened = resolve));
    const late = new Timer(() => this.#endOpening());
    making.wheel.arm(late, making.settings.asyncTimeout);
    this.#connection = new RedisConnection(making, {
      ready: (client) => {
        making.wheel.cancel(late);
        this.#endOpening();
        listener.ready(client);
      },
      lost: (error) => listener.lost(error),
    });
  }

  /** The client, while Redis takes commands. */
  get client(): Redis | undefined {
    return this.#connection.client;
  }

  get connected(): boolean {
    return this.#connection.client !== undefined;
  }

  /** Why there is no connection, as far as it is known. */
  get error(): Error | undefined {
    return this.#connection.error;
  }

  /** Milliseconds in which Redis answered the last ping; undefined before the first answer. */
  get roundTrip(): number | undefined {
    return this.#connection.roundTrip;
  }

  /** Publishes, as the client of Redis does it: with its errors, and nothing made for the message besides. */
  dispatch(channel: string, payload: Buffer): Promise<number> {
    const { client } = this.#connection;
    if (client === undefined) return Promise.reject(this.#connection.error ?? new Error('There is no connection to Redis.'));
    this.#cork(client);
    return client.publish(channel, payload);
  }

  /** What tells one run of Redis from another; undefined where it does not say. */
  async runId(): Promise<string | undefined> {
    try {
      const info = await this.#connection.client?.info('server');
      return /^run_id:(\w+)/m.exec(String(info))?.[1];
    } catch {
      return undefined;
    }
  }

  /** Gives the connection up, and makes another. */
  restart(): void {
    this.#connection.restart();
  }

  /**
   * Publishes, and resolves with the number of subscribers that it reached, patterns included.
   *
   * @throws SignalboxError SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED
   */
  publish(channel: string, payload: Buffer): Promise<number> {
    return this.#ask('publishing a message', (client) => client.publish(channel, payload));
  }

  /**
   * The number of subscribers that each channel has, patterns not included.
   *
   * @throws SignalboxError SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED
   */
  subscribers(channels: readonly string[]): Promise<readonly number[]> {
    return this.#ask('counting subscribers', async (client) => {
      const counts = await client.pubsub('NUMSUB', ...channels);
      return channels.map((_, at) => Number(counts[2 * at + 1]));
    });
  }

  async close(): Promise<void> {
    this.#endOpening();
    this.#uncork();
    await this.#connection.close();
  }

  #ask<T>(action: string, command: (client: Redis) => Promise<T>): Promise<T> {
    const { client } = this.#connection;
    if (client !== undefined) {
      const waiting = client.stream.writableLength;
      if (waiting > this.#maximumOutboxBytes) return this.#fail(action, new Error(`${waiting} bytes wait for Redis to take them.`));
      this.#cork(client);
      return command(client).catch((error: unknown) => this.#fail(action, error));
    }
    // Who sends while the first connection is being made waits for it, in order.
    if (this.#opening !== undefined) return this.#opening.then(() => this.#ask(action, command));
    return this.#fail(action, this.#connection.error);
  }

  #fail(action: string, cause: unknown): Promise<never> {
    return Promise.reject(redisError(action, cause));
  }

  #endOpening(): void {
    this.#opening = undefined;
    this.#opened();
  }

  #cork({ stream }: Redis): void {
    if (this.#corked !== undefined) return;
    this.#corked = stream;
    stream.cork();
    setImmediate(this.#uncork);
  }

  readonly #uncork = (): void => {
    this.#corked?.uncork();
    this.#corked = undefined;
  };
}

/** The coded error of a command that failed. */
export function redisError(action: string, cause: unknown): Error {
  if (cause instanceof Error && cause.name === 'ReplyError')
    return codedError('SIGNALBOX_REDIS_REFUSED', { action, reply: cause.message }, { cause });
  return codedError('SIGNALBOX_REDIS_UNAVAILABLE', { action }, { cause });
}
