import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../../bench/load/latency-histogram.ts';
import { OrderChecker } from '../../bench/load/order-checker.ts';
import { cpuTimeOf, descriptorLimit, residentOf } from '../../bench/load/process-usage.ts';
import { RecordPattern } from '../../bench/load/record-pattern.ts';
import { FIRST_NUMBER, readNumber } from '../../bench/load/sequence.ts';

describe('OrderChecker', () => {
  const check = (received: readonly number[], end: number): object => {
    const checker = new OrderChecker(0);
    for (const value of received) checker.received(value);
    return checker.finish(end);
  };

  test.each([
    ['nothing wrong', [0, 1, 2, 3], 4, {}],
    ['a loss in the middle', [0, 1, 3], 4, { lost: 1 }],
    ['a loss at the end', [0, 1], 4, { lost: 2 }],
    ['a loss of all', [], 4, { lost: 4 }],
    ['two neighbours swapped', [0, 2, 1, 3], 4, { swapped: 1 }],
    ['a late one behind several', [0, 2, 3, 1], 4, { swapped: 1 }],
    ['a repetition', [0, 1, 1, 2, 3], 4, { repeated: 1 }],
    ['a repetition of a late one', [1, 0, 0, 2, 3], 4, { swapped: 1, repeated: 1 }],
    ['one of each', [0, 0, 2, 1, 4], 6, { lost: 2, swapped: 1, repeated: 1 }],
  ])('finds %s', (_, received, end, found) => {
    expect(check(received, end)).toEqual({ lost: 0, swapped: 0, repeated: 0, ...found });
  });

  test('counts each loss and each repetition of any run', () => {
    const fates = fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fates, (times) => {
        const received = times.flatMap((count, value) => Array.from({ length: count }, () => value));
        const [lost, repeated] = [times.filter((count) => count === 0).length, times.filter((count) => count === 2).length];
        expect(check(received, times.length)).toEqual({ lost, swapped: 0, repeated });
      }),
    );
  });

  test('stays small behind a gap of any size', () => {
    const checker = new OrderChecker(0);
    checker.received(1_000_000_000);
    checker.received(5);
    checker.received(500_000);
    expect(checker.finish(1_000_000_001)).toEqual({ lost: 999_999_999, swapped: 1, repeated: 1 });
  });
});

describe('RecordPattern', () => {
  const record = (value: number | string, rest = 'text'): Buffer => Buffer.from(`{"id":"${value}","result":"${rest}"}`);
  const learned = (): RecordPattern => {
    const pattern = new RecordPattern();
    pattern.learn(record(FIRST_NUMBER), FIRST_NUMBER);
    return pattern;
  };
  const read = (pattern: RecordPattern, bytes: Buffer): number => pattern.read(bytes, 0, bytes.length);

  test('reads the number of what looks like the record learned', () => {
    expect(read(learned(), record(1_234_567_890))).toBe(1_234_567_890);
    const inside = Buffer.concat([Buffer.from('1e'), record(FIRST_NUMBER + 7), Buffer.from('1e')]);
    expect(learned().read(inside, 2, inside.length - 2)).toBe(FIRST_NUMBER + 7);
  });

  test.each([
    ['of another length', record(FIRST_NUMBER, 'longer')],
    ['without a number there', record('12345x7890')],
    ['with the number elsewhere', Buffer.from(`{"di":0${FIRST_NUMBER}0,"result":"text}`)],
  ])('has a record %s read in full', (_, other) => {
    expect(read(learned(), other)).toBe(-1);
  });

  test('has one record in 64 read in full', () => {
    const pattern = learned();
    const full = Array.from({ length: 640 }, () => read(pattern, record(FIRST_NUMBER))).filter((value) => value === -1);
    expect(full).toHaveLength(10);
  });

  test('learns nothing from a record that has the number twice', () => {
    const pattern = new RecordPattern();
    const twice = record(FIRST_NUMBER, String(FIRST_NUMBER));
    pattern.learn(twice, FIRST_NUMBER);
    expect(read(pattern, twice)).toBe(-1);
  });
});

test('readNumber reads ten digits and nothing else', () => {
  expect(readNumber(Buffer.from('x9876543210x'), 1)).toBe(9_876_543_210);
  for (const text of ['123456789', '12345 7890', '-123456789', '123456789:']) expect(readNumber(Buffer.from(text), 0), text).toBe(-1);
});

describe('LatencyHistogram', () => {
  test('gives quantiles within 1.6 % of the exact ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 100 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (all, share) => {
          const histogram = new LatencyHistogram();
          for (const microseconds of all) histogram.add(microseconds / 1000);
          const exact = all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1] ?? 0;
          expect(Math.abs((histogram.quantile(share) ?? 0) * 1000 - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.016));
        },
      ),
    );
  });

  test('is the same in parts', () => {
    const whole = new LatencyHistogram();
    const merged = new LatencyHistogram();
    for (const part of [[0.5, 3, 900], [3, 70_000], []]) {
      const histogram = new LatencyHistogram();
      for (const value of part) {
        histogram.add(value);
        whole.add(value);
      }
      merged.merge(histogram.pack());
    }
    expect(merged.pack()).toEqual(whole.pack());
    expect(merged.total).toBe(5);
    expect(merged.quantile(0.5)).toBe(whole.quantile(0.5));
  });

  test('takes any number, and is empty again when cleared', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.quantile(0.5)).toBeUndefined();
    for (const value of [-1, 1e12]) histogram.add(value);
    expect(histogram.total).toBe(2);
    histogram.clear();
    expect(histogram.quantile(0.5)).toBeUndefined();
    expect(histogram.pack()).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('what a process uses', () => {
  test('is read of the process asked for', () => {
    const before = process.cpuUsage();
    for (let busy = 0; process.cpuUsage(before).user + process.cpuUsage(before).system < 100_000;) busy++;
    const own = process.cpuUsage();
    const read = cpuTimeOf(process.pid);
    expect(Math.abs((read?.user ?? 0) + (read?.system ?? 0) - own.user - own.system)).toBeLessThan(50_000);
    expect(Math.abs((residentOf(process.pid) ?? 0) / process.memoryUsage.rss() - 1)).toBeLessThan(0.2);
    expect(descriptorLimit()).toBeGreaterThan(100);
  });

  test('is unknown of a process that is not there', () => {
    expect(cpuTimeOf(2 ** 30)).toBeUndefined();
    expect(residentOf(2 ** 30)).toBeUndefined();
  });
});
