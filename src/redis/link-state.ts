import type { EventEmitter } from 'node:events';
import type { Log } from '../base/log.ts';
import { redisEvents } from './log-events.ts';

/** `connecting` is the first attempt; `down` is everything else that is not `connected`. */
export type RedisState = 'connecting' | 'connected' | 'down';

/** What is told of the hubs that meet over one Redis. */
export interface RedisEvents {
  /** The hub's servers can't hear each other. */
  readonly failed: [{ readonly hub: string; readonly error: Error }];
  /** They can again. */
  readonly restored: [{ readonly hub: string }];
  /**
   * Clients of this server may have missed what other servers sent to these channels: while it could not hear them, or because a client came, or joined a
   * group, before Redis had confirmed that this server listens. A channel is named as Redis knows it.
   */
  readonly recovered: [{ readonly hub: string; readonly recovered: false; readonly channels: readonly string[] }];
  /** Messages that waited for Redis were given up: other servers do not hear them. */
  readonly lost: [{ readonly hub: string; readonly messages: number }];
}

type Part = 'commands' | 'subscriptions' | 'publishing';

/** Whether one hub is connected: it takes both of its connections, every subscription, and a Redis that takes messages. */
export class LinkState {
  readonly #hub: string;
  readonly #log: Log;
  readonly #events: EventEmitter<RedisEvents>;
  readonly #up: Record<Part, boolean> = { commands: false, subscriptions: false, publishing: true };
  #connectedOnce = false;
  #cuts = 0;
  #lost = 0;
  #state: RedisState = 'connecting';

  constructor(hub: string, log: Log, events: EventEmitter<RedisEvents>) {
    this.#hub = hub;
    this.#log = log;
    this.#events = events;
  }

  get state(): RedisState {
    return this.#state;
  }

  /** How often the connection failed after it had stood. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Messages that were given up. */
  get lost(): number {
    return this.#lost;
  }

  up(part: Part): void {
    this.#up[part] = true;
    const hub = this.#hub;
    if (this.#state === 'connected' || !Object.values(this.#up).every(Boolean)) return;
    const failed = this.#state === 'down';
    this.#state = 'connected';
    this.#log(this.#connectedOnce ? redisEvents.connectionRestored : redisEvents.connected, { hub });
    this.#connectedOnce = true;
    if (failed) this.#events.emit('restored', { hub });
  }

  down(part: Part, error: Error): void {
    this.#up[part] = false;
    const hub = this.#hub;
    if (this.#state === 'down') return;
    this.#state = 'down';
    if (this.#connectedOnce) this.#cuts++;
    this.#log(this.#connectedOnce ? redisEvents.connectionFailed : redisEvents.errorConnecting, { hub }, error);
    this.#events.emit('failed', { hub, error });
  }

  /** Clients may have missed what was sent to these channels. */
  missed(channels: readonly string[]): void {
    const hub = this.#hub;
    this.#log(redisEvents.messagesMissed, { hub, channels: channels.length });
    this.#events.emit('recovered', { hub, recovered: false, channels });
  }

  gaveUp(messages: number): void {
    const hub = this.#hub;
    this.#lost += messages;
    this.#log(redisEvents.messagesLost, { hub, messages });
    this.#events.emit('lost', { hub, messages });
  }
}
