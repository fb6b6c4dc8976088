import type { Redis } from 'ioredis';
import { codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { redisError } from './commands.ts';
import { RedisConnection, type ConnectionMaking } from './connection.ts';
import { redisEvents } from './log-events.ts';
import type { RedisSettings } from './options.ts';

/** What is told of subscriptions. */
export interface SubscriptionListener {
  message(channel: string, payload: Buffer): void;
  /** Redis has confirmed every channel: at first, and again after each cut. */
  confirmed(): void;
  /** `aliveAt` is when Redis was last known to be there, in milliseconds on the wheel. */
  lost(error: Error, aliveAt: number): void;
  /** After a cut, Redis is about to be told of these channels again. */
  again(channels: readonly string[]): void;
  /** Whoever waited for these channels waits no longer, though Redis has not confirmed them: it is away, or slow. */
  unconfirmed(channels: readonly string[]): void;
}

/** Redis has confirmed it, on this connection or one before. */
const CONFIRMED = Symbol('confirmed');

/** A channel that Redis has not confirmed yet. */
class Pending {
  readonly since: number;
  readonly confirmed: Promise<void>;
  /** Whether nobody waits for it any longer. It stays wanted. */
  released = false;
  settle: (error?: Error) => void = () => undefined;

  constructor(since: number) {
    this.since = since;
    this.confirmed = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever drops the channel meanwhile does not wait for it.
    this.confirmed.catch(() => undefined);
  }
}

/** Channels in one command: a farm of many clients subscribes to many. */
const BATCH = 500;

/**
 * The channels that this server listens to. What is wanted and dropped in one turn of the event loop goes to Redis in one command; each channel is
 * confirmed; and after a cut all that are wanted are subscribed anew.
 */
export class Subscriptions {
  readonly #connection: RedisConnection;
  readonly #wheel: TimerWheel;
  readonly #log: Log;
  readonly #settings: RedisSettings;
  readonly #listener: SubscriptionListener;
  /** Those that are wanted. */
  readonly #channels = new Map<string, Pending | typeof CONFIRMED>();
  /** Those that were wanted or dropped in this turn. */
  readonly #changed = new Set<string>();
  /** Those without which a server is deaf: they are wanted for ever. */
  readonly #core: ReadonlySet<string>;
  /** Whether a channel stays wanted, however long Redis is away. */
  readonly #patient: boolean;
  readonly #late = new Timer(() => this.#giveUp());
  readonly #again = new Timer(() => void this.#restore());
  /** Whether Redis can't be reached. Then nobody waits for it, unless an outage shall be an error. */
  #away = false;
  #closed = false;

  constructor(core: readonly string[], making: ConnectionMaking, log: Log, listener: SubscriptionListener) {
    this.#wheel = making.wheel;
    this.#settings = making.settings;
    this.#log = log;
    this.#listener = listener;
    this.#core = new Set(core);
    this.#patient = making.settings.outagePolicy !== 'fail';
    for (const channel of core) this.#channels.set(channel, new Pending(0));
    this.#connection = new RedisConnection(making, {
      ready: (client) => this.#begin(client),
      lost: (error) => {
        listener.lost(error, this.#connection.aliveAt);
        this.#away = true;
        if (this.#patient) this.#release(this.#pending());
      },
    });
  }

  /**
   * Listens to a channel. Returns a promise where Redis has not confirmed it yet, and is waited for.
   *
   * @throws SignalboxError SIGNALBOX_REDIS_REFUSED; SIGNALBOX_REDIS_UNAVAILABLE, where an outage shall be an error, when that takes longer than
   *   `asyncTimeout`. The channel is dropped then
   */
  want(channel: string): Promise<void> | undefined {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known === CONFIRMED || known.released ? undefined : known.confirmed;
    const pending = new Pending(this.#wheel.now());
    this.#channels.set(channel, pending);
    this.#change(channel);
    if (this.#away && this.#patient) {
      this.#release([channel]);
      return undefined;
    }
    if (!this.#late.armed) this.#wheel.arm(this.#late, this.#settings.asyncTimeout);
    return pending.confirmed;
  }

  /** Whether it is listened to, or shall be. */
  wants(channel: string): boolean {
    return this.#channels.has(channel);
  }

  /** All that are wanted, but for those that servers talk over. */
  get wanted(): readonly string[] {
    return [...this.#channels.keys()];
  }

  /** Listens to it no longer. */
  drop(channel: string): void {
    const known = this.#channels.get(channel);
    if (known === undefined) return;
    this.#channels.delete(channel);
    if (known !== CONFIRMED) known.settle();
    this.#change(channel);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wheel.cancel(this.#late);
    this.#wheel.cancel(this.#again);
    const error = codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'subscribing' });
    for (const known of this.#channels.values()) if (known !== CONFIRMED) known.settle(error);
    this.#channels.clear();
    await this.#connection.close();
  }

  #begin(client: Redis): void {
    // A client of the user's may be the same one again.
    client.removeAllListeners('messageBuffer');
    client.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
      if (!this.#closed) this.#listener.message(channel.toString(), payload);
    });
    void this.#restore();
  }

  #change(channel: string): void {
    if (this.#changed.size === 0) setImmediate(this.#tell);
    this.#changed.add(channel);
  }

  /** Tells Redis what has changed. While it can't be told, what is wanted is kept, and all of it told afterwards. */
  readonly #tell = (): void => {
    const changed = [...this.#changed];
    this.#changed.clear();
    const { client } = this.#connection;
    if (client === undefined || this.#closed) return;
    const dropped = changed.filter((channel) => !this.#channels.has(channel));
    for (const batch of batches(dropped)) client.unsubscribe(...batch).catch(() => undefined);
    for (const batch of batches(changed.filter((channel) => this.#channels.has(channel)))) void this.#subscribe(client, batch);
  };

  /** Subscribes to everything, on a connection that is new or was refused something. */
  async #restore(): Promise<void> {
    const { client } = this.#connection;
    if (client === undefined) return;
    if (this.#away) this.#listener.again(this.wanted);
    const told = await Promise.all(batches([...this.#channels.keys()]).map((batch) => this.#subscribe(client, batch)));
    if (this.#closed || this.#connection.client !== client || !told.every(Boolean)) return;
    this.#away = false;
    this.#listener.confirmed();
  }

  /** Resolves with whether Redis has confirmed all that are still wanted. */
  async #subscribe(client: Redis, channels: readonly string[]): Promise<boolean> {
    const pending = channels.map((channel) => this.#channels.get(channel));
    try {
      await client.subscribe(...channels);
    } catch (error) {
      return this.#refused(client, channels, error);
    }
    for (const [at, channel] of channels.entries()) {
      const known = pending[at];
      if (known === undefined || known === CONFIRMED) continue;
      if (this.#channels.get(channel) === known) this.#channels.set(channel, CONFIRMED);
      known.settle();
    }
    return true;
  }

  async #refused(client: Redis, channels: readonly string[], cause: unknown): Promise<boolean> {
    const error = redisError('subscribing', cause);
    // After a cut everything is subscribed again.
    if (this.#closed || this.#connection.client !== client || !('code' in error && error.code === 'SIGNALBOX_REDIS_REFUSED')) return false;
    if (channels.length > 1) return (await Promise.all(channels.map((channel) => this.#subscribe(client, [channel])))).every(Boolean);
    const [channel = ''] = channels;
    const known = this.#channels.get(channel);
    if (this.#core.has(channel) || known === CONFIRMED || known?.released === true) {
      if (!this.#again.armed) this.#log(redisEvents.subscribeRefused, {}, error);
      this.#wheel.arm(this.#again, this.#settings.longestReconnectDelay);
      return false;
    }
    this.#channels.delete(channel);
    known?.settle(error);
    return true;
  }

  #pending(): readonly string[] {
    const pending = [...this.#channels].filter(([channel, known]) => known !== CONFIRMED && !known.released && !this.#core.has(channel));
    return pending.map(([channel]) => channel);
  }

  /** Lets those who wait for Redis go on without it. */
  #release(channels: readonly string[]): void {
    for (const channel of channels) {
      const known = this.#channels.get(channel);
      if (known === undefined || known === CONFIRMED) continue;
      known.released = true;
      known.settle();
    }
    if (channels.length > 0) this.#listener.unconfirmed(channels);
  }

  /** Ends the wait for what has taken too long. */
  #giveUp(): void {
    const { asyncTimeout } = this.#settings;
    const now = this.#wheel.now();
    let next = Number.POSITIVE_INFINITY;
    const late: string[] = [];
    for (const [channel, known] of this.#channels) {
      if (known === CONFIRMED || known.released || this.#core.has(channel)) continue;
      const left = known.since + asyncTimeout - now;
      if (left > 0) {
        next = Math.min(next, left);
        continue;
      }
      late.push(channel);
      if (this.#patient) continue;
      this.#channels.delete(channel);
      this.#change(channel);
      known.settle(redisError('subscribing', this.#connection.error));
    }
    if (this.#patient) this.#release(late);
    if (Number.isFinite(next)) this.#wheel.arm(this.#late, next);
  }
}

function batches(channels: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(channels.length / BATCH) }, (_, at) => channels.slice(at * BATCH, (at + 1) * BATCH));
}
