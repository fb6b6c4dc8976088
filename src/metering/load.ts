import { performance } from 'node:perf_hooks';
import type { HubMeter } from './hub-meter.ts';
import type { Latency } from './latency.ts';
import { newBuckets, quantile, type BucketCounts } from './latency-buckets.ts';
import type { LoadReading } from './load-reading.ts';
import { SlidingMinute } from './sliding-minute.ts';

/** Time that the event loop has spent, in milliseconds. */
export interface LoopTime {
  readonly active: number;
  readonly idle: number;
}

interface Operations {
  all: number;
  user: number;
  system: number;
}

/** What of a meter is looked at. */
export interface CountedHubs {
  readonly hubs: ReadonlyMap<string, Pick<HubMeter, 'operations' | 'userErrors' | 'systemErrors'>>;
}

const MILLISECONDS = 1_000;

/** How busy the service was, and how it did, in the last minute. Looked at once a second, and nothing is kept in between. */
export class Load {
  readonly #meter: CountedHubs;
  readonly #latency: Latency;
  readonly #loopTime: () => LoopTime;
  readonly #loop: SlidingMinute<{ active: number; idle: number }>;
  readonly #operations: SlidingMinute<Operations>;
  readonly #latencies: SlidingMinute<BucketCounts>;

  constructor(meter: CountedHubs, latency: Latency, loopTime: () => LoopTime = performance.eventLoopUtilization) {
    this.#meter = meter;
    this.#latency = latency;
    this.#loopTime = loopTime;
    this.#loop = new SlidingMinute(
      () => ({ active: 0, idle: 0 }),
      (reading) => {
        const { active, idle } = loopTime();
        reading.active = active;
        reading.idle = idle;
      },
    );
    this.#operations = new SlidingMinute(newOperations, (reading) => this.#sum(reading));
    this.#latencies = new SlidingMinute(newBuckets, (reading) => reading.set(latency.buckets));
  }

  secondOver(): void {
    this.#loop.secondOver();
    this.#operations.secondOver();
    this.#latencies.secondOver();
  }

  get reading(): LoadReading {
    const before = this.#operations.oldest;
    const now = newOperations();
    this.#sum(now);
    const operations = now.all - before.all;
    return {
      serverLoad: this.#serverLoad(),
      latency: this.#quantiles(),
      userErrors: percent(now.user - before.user, operations),
      systemErrors: percent(now.system - before.system, operations),
    };
  }

  #serverLoad(): number {
    const before = this.#loop.oldest;
    const now = this.#loopTime();
    const active = now.active - before.active;
    return percent(active, active + now.idle - before.idle);
  }

  #quantiles(): LoadReading['latency'] {
    const [p50, p99] = [0.5, 0.99].map((part) => quantile(part, this.#latencies.oldest, this.#latency.buckets));
    return p50 === undefined || p99 === undefined ? null : { p50: p50 * MILLISECONDS, p99: p99 * MILLISECONDS };
  }

  #sum(into: Operations): void {
    into.all = 0;
    into.user = 0;
    into.system = 0;
    for (const { operations, userErrors, systemErrors } of this.#meter.hubs.values()) {
      into.all += operations;
      into.user += userErrors;
      into.system += systemErrors;
    }
  }
}

const newOperations = (): Operations => ({ all: 0, user: 0, system: 0 });

/** Of none, none failed. What is counted a moment before its operation is no more than all. */
const percent = (part: number, all: number): number => (all > 0 ? Math.min(100, (100 * part) / all) : 0);
