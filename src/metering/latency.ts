import { bucketOf, newBuckets, type BucketCounts } from './latency-buckets.ts';

/** Which way through the service. */
export type Passage = 'to_server' | 'to_client';

/** Told of each message that was timed. */
export type LatencyListener = (hub: string, passage: Passage, seconds: number) => void;

const MILLISECONDS = 1_000;
/** Messages of one hub and way that are timed in a second. */
const MOST = 10;
/** More messages than can come in a second. */
const NONE = 2 ** 30;

/**
 * Picks the messages of one way through one hub that are timed, so that each is as likely to be picked as the others. It is asked about every
 * message, and does no more than count down.
 */
export class LatencyProbe {
  /** Messages until the one that is timed. */
  #left = 1;
  /** What `#left` began with. */
  #began = 1;
  /** Messages of this second before `#left` began. */
  #seen = 0;
  #stride = 1;
  #timed = 0;
  readonly #now: () => number;
  readonly #time: (seconds: number) => void;

  constructor(now: () => number, time: (seconds: number) => void) {
    this.#now = now;
    this.#time = time;
  }

  /** Whether the message that comes is to be timed: `start` is to follow. */
  due(): boolean {
    return --this.#left === 0;
  }

  /**
   * Times a message.
   *
   * @param readAt - when its bytes were read
   * @returns what is to be called when the receiver's socket has taken it
   */
  start(readAt: number): () => void {
    this.#timed++;
    this.#begin(this.#timed < MOST ? this.#stride : NONE);
    return () => this.#time(Math.max(0, this.#now() - readAt) / MILLISECONDS);
  }

  /** A second is over: as many are picked in the next one, should as many come as in this. */
  secondOver(): void {
    this.#begin(NONE);
    this.#stride = Math.max(1, Math.ceil(this.#seen / MOST));
    this.#seen = 0;
    this.#timed = 0;
    this.#begin(1 + Math.floor(Math.random() * this.#stride));
  }

  #begin(left: number): void {
    this.#seen += this.#began - this.#left;
    this.#began = left;
    this.#left = left;
  }
}

/** The ways through one hub. */
export interface HubLatency {
  readonly toServer: LatencyProbe;
  readonly toClient: LatencyProbe;
  /** When the bytes of the app server were read that are being served; undefined while there are none. */
  servedAt: number | undefined;
}

/** How long messages take through the service. */
export class Latency {
  /** Of all hubs and both ways. */
  readonly buckets: BucketCounts = newBuckets();
  readonly #hubs = new Map<string, HubLatency>();
  readonly #listeners: LatencyListener[] = [];
  readonly #now: () => number;

  /** @param now - milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  hub(name: string): HubLatency {
    const known = this.#hubs.get(name);
    if (known !== undefined) return known;
    const hub = { toServer: this.#probe(name, 'to_server'), toClient: this.#probe(name, 'to_client'), servedAt: undefined };
    this.#hubs.set(name, hub);
    return hub;
  }

  listen(listener: LatencyListener): void {
    this.#listeners.push(listener);
  }

  secondOver(): void {
    for (const { toServer, toClient } of this.#hubs.values()) {
      toServer.secondOver();
      toClient.secondOver();
    }
  }

  #probe(hub: string, passage: Passage): LatencyProbe {
    return new LatencyProbe(this.#now, (seconds) => {
      const bucket = bucketOf(seconds);
      this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
      for (const listener of this.#listeners) listener(hub, passage, seconds);
    });
  }
}
