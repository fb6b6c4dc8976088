import type { EventEmitter } from 'node:events';
import type { Log } from '../base/log.ts';
import type { Recovered } from './catch-up.ts';
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
   * This server could not hear these channels for a while, or a client came, or joined a group, before Redis had confirmed that this server listens. `true`: what
   * was sent meanwhile has been delivered. `'node-only'`: so it has, but for what .NET servers and others without catch-up sent. `false`: some of
   * it may be lost, or, for a client that came meanwhile, is not there yet. A channel is named as Redis knows it; one that ends with
   * `:connection:` stands for all connections.
   */
  readonly recovered: [{ readonly hub: string; readonly recovered: Recovered; readonly channels: readonly string[] }];
  /** Messages that waited for Redis were given up: other servers do not hear them. */
  readonly lost: [{ readonly hub: string; readonly messages: number }];
  /**
   * Another server, named as its log says when it connects, has been silent for `serverTimeout` and said no goodbye. If it was killed, what waited in its
   * outbox is lost, and its clients may have missed what was sent while it was cut off.
   */
  readonly silent: [{ readonly hub: string; readonly server: string }];
  /** It is heard again: its outbox is still there. */
  readonly heard: [{ readonly hub: string; readonly server: string }];
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

  isUp(part: Part): boolean {
    return this.#up[part];
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

  /** What came of what these channels missed. */
  recovered(recovered: Recovered, channels: readonly string[]): void {
    const hub = this.#hub;
    const fields = { hub, channels: channels.length };
    if (recovered === false) this.#log(redisEvents.messagesMissed, fields);
    else this.#log(redisEvents.messagesRecovered, { ...fields, nodeOnly: recovered === 'node-only' });
    this.#events.emit('recovered', { hub, recovered, channels });
  }

  gaveUp(messages: number): void {
    const hub = this.#hub;
    this.#lost += messages;
    this.#log(redisEvents.messagesLost, { hub, messages });
    this.#events.emit('lost', { hub, messages });
  }

  silent(server: string): void {
    const hub = this.#hub;
    this.#log(redisEvents.serverSilent, { hub, server });
    this.#events.emit('silent', { hub, server });
  }

  heard(server: string): void {
    const hub = this.#hub;
    this.#log(redisEvents.serverHeard, { hub, server });
    this.#events.emit('heard', { hub, server });
  }
}
