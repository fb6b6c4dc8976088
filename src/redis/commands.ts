import type { Redis } from 'ioredis';
import { codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Timer } from '../base/timer-wheel.ts';
import { CatchUpScripts } from './catch-up-scripts.ts';
import { RedisConnection, type ConnectionListener, type ConnectionMaking } from './connection.ts';
import type { MissedMessages, StreamPosition } from './missed-messages.ts';
import type { Outgoing } from './outgoing.ts';

/** Who speaks to Redis, and who hears of it. */
export interface CommandsParts {
  /** What marks its messages. */
  readonly origin: string;
  readonly log: Log;
}

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
  readonly #scripts: CatchUpScripts;
  #run: string | undefined;

  constructor(making: ConnectionMaking, { origin, log }: CommandsParts, listener: ConnectionListener) {
    this.#scripts = new CatchUpScripts(making.settings, origin, log);
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

  /** What tells one run of Redis from another; undefined where it does not say, or before the first. */
  get run(): string | undefined {
    return this.#run;
  }

  /** Whether Redis keeps messages for those who are cut off: by scripts, which it has, and lets this server use. */
  get scripts(): boolean {
    return this.#scripts.ready;
  }

  /** Publishes, as the client of Redis does it: with its errors, and nothing made for the message besides. */
  dispatch(message: Outgoing): Promise<number> {
    const { client } = this.#connection;
    if (client === undefined) return Promise.reject(this.#connection.error ?? new Error('There is no connection to Redis.'));
    this.#cork(client);
    return this.#scripts.publish(client, message) ?? client.publish(message.channel, message.payload);
  }

  /** Finds out which Redis this is, and what it can do. */
  async prepare(): Promise<void> {
    const { client } = this.#connection;
    if (client === undefined) return;
    const [info] = await Promise.all([client.info('server').catch(ignore), this.#scripts.load(client)]);
    this.#run = /^run_id:(\w+)/m.exec(String(info))?.[1];
  }

  /** Redis has forgotten the scripts, or does not let this server use them. */
  async refuseScripts(error: Error): Promise<void> {
    const { client } = this.#connection;
    if (client !== undefined) await this.#scripts.refused(client, error);
  }

  /**
   * What a stream has kept from a position on; undefined where there is none.
   *
   * @throws what the client of Redis throws
   */
  async missed(stream: string, position: StreamPosition | undefined): Promise<MissedMessages | undefined> {
    const { client } = this.#connection;
    if (client === undefined) throw redisError('reading what was missed', this.#connection.error);
    return this.#scripts.read(client, stream, position);
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

const ignore = (): void => undefined;
