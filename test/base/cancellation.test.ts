import { expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancellation.ts';

test('tells its listener once, with the first reason', () => {
  const cancellation = new Cancellation();
  const told: string[] = [];
  cancellation.listen(({ message }) => told.push(message));
  expect(cancellation.reason).toBeUndefined();
  cancellation.cancel(new Error('first'));
  cancellation.cancel(new Error('second'));
  expect(told).toEqual(['first']);
  expect(cancellation.reason?.message).toBe('first');
});
