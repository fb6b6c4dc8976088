import { expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';

test('does what falls due, in order, at its time', () => {
  const clock = new FakeClock();
  const log: string[] = [];
  const stop = clock.every(30, () => log.push(`a${clock.now()}`));
  clock.every(20, () => log.push(`b${clock.now()}`));
  clock.advance(65);
  expect(log).toEqual(['b20', 'a30', 'b40', 'a60', 'b60']);
  stop();
  clock.advance(35);
  expect(log.slice(5)).toEqual(['b80', 'b100']);
  expect(clock.tasks).toBe(1);
});
