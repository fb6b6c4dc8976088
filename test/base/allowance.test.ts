import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Allowances, TokenBucket, WindowQuota, type Allowance } from '../../src/base/allowance.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('a token bucket', () => {
  test('gives what it holds at once, and then as fast as it is filled', () => {
    const bucket = new TokenBucket({ capacity: 3, refillPerSecond: 2 });
    expect([1, 1, 1, 1].map((cost) => bucket.take(cost, 0, 0))).toEqual([0, 0, 0, 500]);
    expect(bucket.take(1, 499, 0)).toBeCloseTo(1);
    expect(bucket.take(1, 500, 0)).toBe(0);
    expect(bucket.take(2, 1_000, 0)).toBe(500);
    expect(bucket.take(2, 1_500, 0)).toBe(0);
  });

  test('never holds more than its capacity', () => {
    const bucket = new TokenBucket({ capacity: 2, refillPerSecond: 10 });
    expect(bucket.take(2, 0, 0)).toBe(0);
    expect(bucket.isWhole(199)).toBe(false);
    expect(bucket.isWhole(200)).toBe(true);
    expect(bucket.take(2, 100_000, 0)).toBe(0);
    expect(bucket.take(1, 100_000, 0)).toBeCloseTo(100);
  });

  test('puts down what somebody waits for, in order, and no more than they wait for', () => {
    const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 });
    expect([0, 0, 0, 0].map((now) => bucket.take(1, now, 2_000))).toEqual([0, 1_000, 2_000, 3_000]);
    expect(bucket.take(1, 1_000, 2_000)).toBe(2_000);
  });

  test('never gives what it can not hold', () => {
    expect(new TokenBucket({ capacity: 5, refillPerSecond: 1 }).take(6, 0, 1e9)).toBe(NEVER);
  });

  test('gives in any time no more than it held and was filled with', () => {
    const calls = fc.array(fc.record({ pause: fc.nat(400), cost: fc.integer({ min: 1, max: 4 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 20 }), (schedule, capacity, refillPerSecond) => {
        const bucket = new TokenBucket({ capacity, refillPerSecond });
        const given: { readonly at: number; readonly cost: number }[] = [];
        let now = 0;
        for (const { pause, cost } of schedule) {
          now += pause;
          if (bucket.take(cost, now, 0) === 0) given.push({ at: now, cost });
        }
        for (const [first, { at }] of given.entries()) {
          let sum = 0;
          for (const { at: later, cost } of given.slice(first)) {
            sum += cost;
            expect(sum).toBeLessThanOrEqual(capacity + ((later - at) / 1_000) * refillPerSecond + 0.01);
          }
        }
      }),
    );
  });
});

describe('a quota', () => {
  test('begins with the first use, and anew with the first after its end', () => {
    const quota = new WindowQuota({ limit: 2, window: 1_000 });
    expect(quota.isWhole(0)).toBe(true);
    expect([50, 60, 70].map((now) => quota.take(1, now))).toEqual([0, 0, 980]);
    expect(quota.isWhole(1_049)).toBe(false);
    expect(quota.take(1, 1_050)).toBe(0);
    expect(quota.take(2, 1_051)).toBe(999);
    expect(quota.take(3, 5_000)).toBe(NEVER);
  });
});

describe('allowances', () => {
  const bucket = (): Allowance => new TokenBucket({ capacity: 2, refillPerSecond: 1 });

  test('are one for each key', () => {
    const allowances = new Allowances(10, bucket);
    expect(allowances.of('a', 0)).toBe(allowances.of('a', 0));
    expect(allowances.of('b', 0)).not.toBe(allowances.of('a', 0));
  });

  test('are forgotten when they are whole again', () => {
    const allowances = new Allowances(1_000, bucket);
    for (let i = 0; i < 100; i++) allowances.of(`early ${i}`, 0).take(1, 0, 0);
    expect(allowances.size).toBe(100);
    for (let i = 0; i < 100; i++) allowances.of('late', 1_000).take(0.001, 1_000, 0);
    expect(allowances.size).toBe(1);
  });

  test('are no more than the bound: who has not called for the longest time begins anew', () => {
    const allowances = new Allowances(3, bucket);
    const kept = (key: string): Allowance => {
      const allowance = allowances.of(key, 0);
      allowance.take(2, 0, 0);
      return allowance;
    };
    const [a, b] = ['a', 'b', 'c'].map(kept);
    expect(allowances.of('a', 0)).toBe(a);
    kept('d');
    expect(allowances.size).toBe(3);
    expect(allowances.of('a', 0)).toBe(a);
    expect(allowances.of('b', 0)).not.toBe(b);
    expect(allowances.size).toBe(3);
  });
});
