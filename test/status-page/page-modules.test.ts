import { describe, expect, it } from 'vitest';
import type { HubStatus, ServiceStatus } from '../../src/status-page/status.ts';
import { sampleHub, sampleStatus } from './sample-status.ts';

/* The page's modules have no types: each says here what is used of it. */

interface Point {
  readonly at: number;
  readonly gap?: boolean;
  readonly clients?: number;
  readonly seconds?: number;
  readonly billed?: number;
  readonly bytesIn?: number;
  readonly hubs?: Readonly<Record<string, number>>;
  readonly closed?: Readonly<Record<string, number>>;
}

interface Axis {
  readonly end: number;
  readonly parts: number;
}

interface Unit {
  readonly least: number;
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../src/status-page/page/${name}`, import.meta.url).href)) as T;

const { LivePoints } = await load<{
  LivePoints: new () => { readonly points: readonly Point[]; add(at: number, status: ServiceStatus): void; interrupt(): void };
}>('live-points.js');
const { binsOf, withGaps } = await load<{
  binsOf: (points: readonly Point[], range: object) => { at: number; points: Point[] }[];
  withGaps: (points: readonly Point[], step: number | undefined) => Point[];
}>('bins.js');
const { Slots } = await load<{ Slots: new () => { assign(totals: Map<string, number>): (string | undefined)[] } }>('slots.js');
const { axisBeside, axisFor, units } = await load<{
  axisBeside: (axis: Axis, highest: number, unit: Unit) => Axis;
  axisFor: (highest: number, unit: Unit) => Axis;
  units: Readonly<Record<'bytes' | 'count' | 'load' | 'milliseconds' | 'percent', Unit>>;
}>('chart-scales.js');

const billing = (hubs: Readonly<Record<string, number>>, changes: Partial<ServiceStatus> = {}): ServiceStatus =>
  sampleStatus({
    hubs: Object.entries(hubs).map(([name, billed]): HubStatus => sampleHub({ name, billed })),
    billed: Object.values(hubs).reduce((sum, billed) => sum + billed, 0),
    ...changes,
  });

describe('points of what is looked at', () => {
  it('are what grew since the last look, with whole hundreds of messages by hub', () => {
    const live = new LivePoints();
    live.add(1000, billing({ chat: 1190, ['__proto__']: 40 }));
    live.add(2000, billing({ chat: 1199, ['__proto__']: 99 }, { closed: { Normal: 311, PingTimeout: 12 } }));
    live.add(4000, billing({ chat: 1420, ['__proto__']: 100 }, { closed: { Normal: 311, PingTimeout: 12, SlowClient: 2 } }));
    expect(live.points).toMatchObject([
      { at: 1000, clients: 24, latency: { p50: 0.42, p99: 3.1 } },
      { at: 2000, seconds: 1, billed: 0, bytesIn: 0, hubs: {}, closed: { Normal: 1 } },
      { at: 4000, seconds: 2, billed: 400, closed: { SlowClient: 2 } },
    ]);
    expect(live.points[0]).not.toHaveProperty('billed');
    expect(Object.entries(live.points[2]?.hubs ?? {})).toEqual([
      ['chat', 300],
      ['__proto__', 100],
    ]);
  });

  it('count of a hub that comes no more than was billed in all', () => {
    const live = new LivePoints();
    live.add(1000, billing({}, { billed: 5000 }));
    // Its meter is older than the look before.
    live.add(2000, billing({ old: 4000 }, { billed: 5000 }));
    live.add(3000, billing({ old: 4000, fresh: 500 }, { billed: 5500 }));
    // Away for a while, and back.
    live.add(4000, billing({ fresh: 500 }, { billed: 5500 }));
    live.add(5000, billing({ old: 4100, fresh: 500 }, { billed: 5600 }));
    expect(live.points.map(({ hubs }) => hubs)).toEqual([undefined, {}, { fresh: 500 }, {}, { old: 100 }]);
  });

  it('have a gap where nobody looked, where the service was started again, and after a long silence', () => {
    const live = new LivePoints();
    live.interrupt();
    live.add(1000, billing({ chat: 0 }));
    live.interrupt();
    live.interrupt();
    live.add(5000, billing({ chat: 5000 }));
    live.add(6000, billing({ chat: 100 }, { startedAt: 5500 }));
    live.add(60_000, billing({ chat: 900 }, { startedAt: 5500 }));
    expect(live.points.map(({ at, gap, billed }) => [at, gap, billed])).toEqual([
      [1000, undefined, undefined],
      [1001, true, undefined],
      [5000, undefined, undefined],
      [5001, true, undefined],
      [6000, undefined, undefined],
      [6001, true, undefined],
      [60_000, undefined, undefined],
    ]);
  });

  it('stay in order where a clock is set back, and are as many as five minutes have', () => {
    const live = new LivePoints();
    for (let at = 0; at < 1000; at++) live.add(1_000_000 + at * 1000, billing({}));
    expect(live.points.length).toBe(311);
    live.add(1_900_000, billing({}));
    expect(live.points.at(-2)?.at).toBe(1_899_000);
    expect(live.points.at(-1)).toMatchObject({ at: 1_900_000 });
    expect(live.points.at(-1)).not.toHaveProperty('billed');
  });
});

describe('points side by side', () => {
  it('have a gap at either end of what is missing', () => {
    const points = [0, 60, 120, 240, 600].map((at) => ({ at }));
    expect(withGaps(points, 60).map(({ at, gap }) => (gap === true ? -at : at))).toEqual([0, 60, 120, -180, 240, -300, -540, 600]);
    expect(withGaps(points, undefined)).toEqual(points);
  });

  it('are put into bins that begin at round times of the reader, those of the edges included', () => {
    const to = new Date(2026, 10, 21, 14, 7).getTime();
    const bins = binsOf([{ at: to - 3_600_000 }, { at: to - 1 }, { at: to - 2, gap: true }], { from: to - 3_600_000, to, step: 900_000 });
    expect(bins.map(({ at }) => new Date(at).getMinutes())).toEqual([0, 15, 30, 45, 0]);
    expect(bins.map(({ points }) => points.length)).toEqual([1, 0, 0, 0, 1]);
  });
});

describe('slots', () => {
  it('go to the largest, who keep theirs', () => {
    const slots = new Slots();
    const totals = (counts: Record<string, number>): Map<string, number> => new Map(Object.entries(counts));
    expect(slots.assign(totals({ a: 1, b: 2, none: 0 }))).toEqual(['b', 'a', undefined, undefined, undefined]);
    expect(slots.assign(totals({ a: 9, b: 2, c: 8, d: 7, e: 6, f: 5 }))).toEqual(['c', 'a', 'd', 'e', 'f']);
    expect(slots.assign(totals({ a: 9, f: 1 }))).toEqual([undefined, 'a', undefined, undefined, 'f']);
  });
});

describe('axes', () => {
  it.each([
    [0, units.count, [0, 1, 2, 3, 4, 5]],
    [4, units.count, [0, 1, 2, 3, 4, 5]],
    [7, units.count, [0, 2, 4, 6, 8]],
    [11, units.count, [0, 3, 6, 9, 12]],
    [1284, units.count, [0, 400, 800, 1200, 1600]],
    [0.02, units.percent, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [98, units.percent, [0, 20, 40, 60, 80, 100]],
    [3, units.load, [0, 20, 40, 60, 80, 100]],
    [9.9, units.milliseconds, [0, 3, 6, 9, 12]],
  ])('for values up to %d end at a round number, with round parts', (highest, unit, expected) => {
    const { end, parts } = axisFor(highest, unit);
    expect(Array.from({ length: parts + 1 }, (_, index) => Number(((end * index) / parts).toFixed(6)))).toEqual(expected);
  });

  it('have room for every value, and of what is counted whole parts only, beside another axis, too', () => {
    for (let highest = 0; highest < 100_000; highest = Math.ceil(highest * 1.1) + 1) {
      const left = axisFor(highest, units.count);
      expect(left.end).toBeGreaterThanOrEqual(highest);
      expect(Number.isInteger(Number((left.end / left.parts).toFixed(6)))).toBe(true);
      for (const parts of [4, 5]) {
        const { end } = axisBeside({ end: 1, parts }, highest, units.count);
        expect(end).toBeGreaterThanOrEqual(highest);
        expect(Number.isInteger(end / parts)).toBe(true);
      }
    }
  });
});
