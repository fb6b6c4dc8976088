import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventLoopDelay } from '../../src/metering/event-loop-delay.ts';
import { Latency, LatencyProbe } from '../../src/metering/latency.ts';
import { bucketOf, newBuckets, quantile } from '../../src/metering/latency-buckets.ts';
import { Load } from '../../src/metering/load.ts';
import { Meter } from '../../src/metering/meter.ts';
import { SlidingMinute } from '../../src/metering/sliding-minute.ts';

/** The clock of what is timed. */
let now = 1_000;

describe('a sliding minute', () => {
  it('begins where it began until a minute is over, and then goes along', () => {
    let seconds = 0;
    const minute = new SlidingMinute(
      () => ({ at: 0 }),
      (reading) => (reading.at = seconds),
    );
    const oldest: number[] = [];
    for (seconds = 1; seconds <= 200; seconds++) {
      minute.secondOver();
      oldest.push(seconds - minute.oldest.at);
    }
    expect(oldest.slice(0, 59)).toEqual(Array.from({ length: 59 }, (_, index) => index + 1));
    expect(new Set(oldest.slice(59))).toEqual(new Set([59]));
  });
});

describe('the load of a service', () => {
  function load(): {
    readonly load: Load;
    readonly meter: Meter;
    readonly latency: Latency;
    readonly loop: { active: number; idle: number };
  } {
    const loop = { active: 5_000, idle: 1_000 };
    const meter = new Meter(10);
    const latency = new Latency(() => now);
    return { load: new Load(meter, latency, () => ({ ...loop })), meter, latency, loop };
  }

  it('is nothing at first', () => {
    expect(load().load.reading).toEqual({ serverLoad: 0, latency: null, userErrors: 0, systemErrors: 0 });
  });

  it('is how busy the event loop was since the start, and later in the last minute', () => {
    const { load: measured, loop } = load();
    loop.active += 250;
    loop.idle += 750;
    expect(measured.reading.serverLoad).toBe(25);
    for (let second = 0; second < 100; second++) {
      loop.active += 900;
      loop.idle += 100;
      measured.secondOver();
    }
    expect(measured.reading.serverLoad).toBe(90);
  });

  it('has the operations that failed of all of the last minute, by whose fault', () => {
    const { load: measured, meter } = load();
    const [chat, news] = [meter.hub('chat'), meter.hub('news')];
    Object.assign(chat, { operations: 150, userErrors: 20 });
    Object.assign(news, { operations: 50, systemErrors: 1 });
    expect(measured.reading).toMatchObject({ userErrors: 10, systemErrors: 0.5 });
    for (let second = 0; second < 61; second++) measured.secondOver();
    expect(measured.reading).toMatchObject({ userErrors: 0, systemErrors: 0 });
    chat.operations += 3;
    chat.userErrors += 3;
    expect(measured.reading).toMatchObject({ userErrors: 100, systemErrors: 0 });
  });

  it('has latencies in milliseconds, of the last minute', () => {
    const { load: measured, latency } = load();
    const { toClient } = latency.hub('chat');
    const time = (milliseconds: number): void => {
      const taken = toClient.start(now);
      now += milliseconds;
      taken();
    };
    for (let n = 0; n < 100; n++) time(n === 99 ? 400 : 2);
    const { p50, p99 } = measured.reading.latency ?? { p50: 0, p99: 0 };
    expect([p50 > 1 && p50 <= 2.5, p99 > 2 && p99 <= 2.5]).toEqual([true, true]);
    time(400);
    time(400);
    expect(measured.reading.latency?.p99).toBeGreaterThan(250);
    for (let second = 0; second < 61; second++) measured.secondOver();
    expect(measured.reading.latency).toBeNull();
  });
});

describe('latencies in buckets', () => {
  it('have quantiles as Prometheus reckons them', () => {
    const none = newBuckets();
    const some = newBuckets();
    expect(quantile(0.5, none, some)).toBeUndefined();
    // Four between 1 and 2.5 ms, four between 5 and 10 ms.
    some[bucketOf(0.002)] = 4;
    some[bucketOf(0.007)] = 4;
    expect(quantile(0.25, none, some)).toBeCloseTo(0.001_75, 10);
    expect(quantile(0.5, none, some)).toBeCloseTo(0.002_5, 10);
    expect(quantile(0.75, none, some)).toBeCloseTo(0.007_5, 10);
    expect(quantile(1, none, some)).toBeCloseTo(0.01, 10);
    some[bucketOf(60)] = 8;
    expect(quantile(0.99, none, some)).toBe(10);
  });

  it('have bounds that belong to the lower one', () => {
    expect([bucketOf(0), bucketOf(0.000_1), bucketOf(0.000_11), bucketOf(10), bucketOf(11)]).toEqual([0, 0, 1, 15, 16]);
  });
});

describe('the messages that are timed', () => {
  /** Messages that were timed, of so many in each second. */
  function timed(seconds: readonly number[]): readonly (readonly number[])[] {
    const probe = new LatencyProbe(
      () => 0,
      () => {},
    );
    return seconds.map((messages) => {
      const picked: number[] = [];
      for (let n = 0; n < messages; n++) {
        if (!probe.due()) continue;
        probe.start(0);
        picked.push(n);
      }
      probe.secondOver();
      return picked;
    });
  }

  it('are all of a quiet hub', () => {
    expect(timed([1, 0, 3, 7, 10, 0, 2]).map(({ length }) => length)).toEqual([1, 0, 3, 7, 10, 0, 2]);
  });

  it('are ten a second at most, spread over the second', () => {
    const seconds = timed(Array.from({ length: 50 }, () => 10_000)).slice(1);
    for (const picked of seconds) {
      expect(picked).toHaveLength(10);
      expect(picked.every((at, index) => index === 0 || at - (picked[index - 1] ?? 0) === 1_000)).toBe(true);
    }
    expect(new Set(seconds.map(([first]) => first)).size).toBeGreaterThan(10);
  });

  it('are some again soon after a rush', () => {
    const counts = timed([1_000_000, 5, 5, 5]).map(({ length }) => length);
    expect(counts.slice(2)).toEqual([5, 5]);
  });

  it('are told to whoever listens, by hub and way', () => {
    const latency = new Latency(() => now);
    const heard: unknown[] = [];
    latency.listen((...passage) => heard.push(passage));
    latency.hub('chat').toServer.start(now - 500)();
    latency.hub('news').toClient.start(now + 1)();
    expect(heard).toEqual([
      ['chat', 'to_server', 0.5],
      ['news', 'to_client', 0],
    ]);
    expect(latency.hub('chat')).toBe(latency.hub('chat'));
  });
});

describe('the event loop', () => {
  it('was late where something kept it', async () => {
    const delay = new EventLoopDelay();
    expect(delay.minute).toEqual({ mean: 0, longest: 0 });
    // Two looks of Node's own have to be around it.
    for (let round = 0; delay.minute.longest < 0.05 && round < 100; round++) {
      const until = performance.now() + 100;
      while (performance.now() < until);
      await nextTurn();
    }
    delay.secondOver();
    const { mean, longest } = delay.minute;
    expect(longest).toBeGreaterThanOrEqual(0.05);
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(longest);
    for (let second = 0; second < 61; second++) delay.secondOver();
    expect(delay.minute.longest).toBeLessThan(longest);
    delay.close();
  });
});
