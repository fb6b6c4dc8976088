import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timer, TimerWheel, WHEEL_TICK } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';

test('fires each timer once, never early and at most two ticks late', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 200_000 })), { maxLength: 50 }), (plans) => {
      const clock = new FakeClock();
      const wheel = new TimerWheel(clock);
      const late: number[] = [];
      for (const [pause, delay] of plans) {
        clock.advance(pause);
        const due = clock.now() + delay;
        wheel.arm(new Timer(() => late.push(clock.now() - due)), delay);
      }
      clock.advance(201_000);
      expect(late).toHaveLength(plans.length);
      for (const by of late) expect(by >= 0 && by <= 2 * WHEEL_TICK).toBe(true);
      expect(clock.tasks).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('moves a timer that is armed again, and forgets one that is cancelled', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const timer = (name: string): Timer => new Timer(() => fired.push(`${name} ${clock.now()}`));
  const [moved, cancelled, kept] = [timer('moved'), timer('cancelled'), timer('kept')];
  for (const one of [moved, cancelled, kept]) wheel.arm(one, 1_000);
  wheel.arm(moved, 5_000);
  wheel.cancel(cancelled);
  wheel.cancel(cancelled);
  clock.advance(10_000);
  expect(fired).toEqual(['kept 1100', 'moved 5100']);
  expect(moved.armed).toBe(false);
});

test('lets a timer arm itself again, or cancel its neighbour, while it fires', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  let rounds = 0;
  const again: Timer = new Timer(() => {
    if (++rounds < 3) wheel.arm(again, 100);
    wheel.cancel(neighbour);
  });
  const neighbour = new Timer(() => rounds.toFixed());
  wheel.arm(neighbour, 100);
  wheel.arm(again, 100);
  clock.advance(2_000);
  expect(rounds).toBe(3);
});

test('catches up after a stall with one look at each slot', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  let fired = 0;
  for (let i = 0; i < 100; i++) wheel.arm(new Timer(() => fired++), 1 + i * 1_000);
  clock.advance(150_000);
  expect(fired).toBe(100);
});

test('does nothing while nothing is armed, and nothing after it is closed', () => {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  expect(clock.tasks).toBe(0);
  const timer = new Timer(() => expect.unreachable());
  wheel.arm(timer, 100);
  expect(clock.tasks).toBe(1);
  wheel.close();
  clock.advance(1_000);
  expect(clock.tasks).toBe(0);
});
