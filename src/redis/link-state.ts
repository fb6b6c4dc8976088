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
}

/** Whether one hub is connected: it takes both of its connections, and every subscription. */
export class LinkState {
  readonly #hub: string;
  readonly #log: Log;
  readonly #events: EventEmitter<RedisEvents>;
  readonly #up = { commands: false, subscriptions: false };
  #connectedOnce = false;
  #state: RedisState = 'connecting';

  constructor(hub: string, log: Log, events: EventEmitter<RedisEvents>) {
    this.#hub = hub;
    this.#log = log;
    this.#events = events;
  }

  get state(): RedisState {
    return this.#state;
  }

  up(part: 'commands' | 'subscriptions'): void {
    this.#up[part] = true;
    const hub = this.#hub;
    if (this.#state === 'connected' || !this.#up.commands || !this.#up.subscriptions) return;
    const failed = this.#state === 'down';
    this.#state = 'connected';
    this.#log(this.#connectedOnce ? redisEvents.connectionRestored : redisEvents.connected, { hub });
    this.#connectedOnce = true;
    if (failed) this.#events.emit('restored', { hub });
  }

  down(part: 'commands' | 'subscriptions', error: Error): void {
    this.#up[part] = false;
    const hub = this.#hub;
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#log(this.#connectedOnce ? redisEvents.connectionFailed : redisEvents.errorConnecting, { hub }, error);
    this.#events.emit('failed', { hub, error });
  }
}
