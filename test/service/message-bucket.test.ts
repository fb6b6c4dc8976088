import * as fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MessageBucket, type Waiter } from '../../src/service/message-bucket.ts';

let clock: FakeClock;
let wheel: TimerWheel;
beforeEach(() => {
  clock = new FakeClock();
  wheel = new TimerWheel(clock);
});

/** Somebody with messages that wait. */
class Sender implements Waiter {
  left: number;
  readonly #bucket: MessageBucket;

  constructor(bucket: MessageBucket, messages: number) {
    this.#bucket = bucket;
    this.left = messages;
    this.turn();
  }

  turn(): void {
    const messages = Math.min(this.left, this.#bucket.available);
    this.#bucket.take(messages);
    this.left -= messages;
    if (this.left > 0) this.#bucket.wait(this);
  }
}

test('has as many messages at once as its burst, and then its rate', () => {
  const bucket = new MessageBucket({ perSecond: 10, burst: 4 }, wheel);
  expect(bucket.available).toBe(4);
  bucket.take(4);
  expect(bucket.available).toBe(0);
  clock.advance(99);
  expect(bucket.available).toBe(0);
  clock.advance(1);
  expect(bucket.available).toBe(1);
  clock.advance(60_000);
  expect(bucket.available).toBe(4);
  expect(clock.tasks).toBe(0);
});

test.each([
  [1, 1],
  [7, 1],
  [100, 1],
  [5_000, 3],
])('lets %i messages a second through, whose burst is %i, however late the wheel comes', (perSecond, burst) => {
  const bucket = new MessageBucket({ perSecond, burst }, wheel);
  const sender = new Sender(bucket, 20 * perSecond);
  clock.advance(10_000);
  const passed = 20 * perSecond - sender.left;
  // Two ticks of the wheel may be due.
  expect(passed).toBeLessThanOrEqual(10 * perSecond + burst);
  expect(passed).toBeGreaterThanOrEqual(10 * perSecond + burst - Math.ceil(perSecond / 5) - 1);
  clock.advance(11_000);
  expect([sender.left, bucket.waiting, clock.tasks]).toEqual([0, 0, 0]);
});

test('gives those who wait the same, whatever each of them has', () => {
  const bucket = new MessageBucket({ perSecond: 100, burst: 1 }, wheel);
  const flood = new Sender(bucket, 100_000);
  const others = Array.from({ length: 9 }, () => new Sender(bucket, 50));
  clock.advance(5_000);
  const passed = others.map(({ left }) => 50 - left);
  expect(Math.min(...passed)).toBeGreaterThanOrEqual(40);
  expect(100_000 - flood.left).toBeLessThanOrEqual(60);
  clock.advance(2_000);
  expect(others.map(({ left }) => left)).toEqual(others.map(() => 0));
});

test('lets nobody overtake those who wait', () => {
  const bucket = new MessageBucket({ perSecond: 10, burst: 1 }, wheel);
  const first = new Sender(bucket, 3);
  clock.advance(50);
  expect(bucket.available).toBe(0);
  const second = new Sender(bucket, 1);
  expect([first.left, second.left]).toEqual([2, 1]);
  clock.advance(1_000);
  expect([first.left, second.left]).toEqual([0, 0]);
});

test('forgets who leaves, and looks at no clock for nobody', () => {
  const bucket = new MessageBucket({ perSecond: 1, burst: 1 }, wheel);
  const sender = new Sender(bucket, 5);
  expect(clock.tasks).toBe(1);
  bucket.leave(sender);
  expect([bucket.waiting, clock.tasks]).toEqual([0, 0]);
  clock.advance(10_000);
  expect(sender.left).toBe(4);
});

test('what was taken on credit is paid back first', () => {
  const bucket = new MessageBucket({ perSecond: 10, burst: 10 }, wheel);
  bucket.take(30);
  expect(bucket.untilFull).toBe(3_000);
  clock.advance(2_000);
  expect(bucket.available).toBe(0);
  clock.advance(200);
  expect(bucket.available).toBe(2);
});

test('whoever comes whenever, no more than the burst and the rate ever passes, and all of it in the end', () => {
  const arrival = fc.record({ after: fc.nat({ max: 700 }), messages: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), fc.array(arrival), (perSecond, burst, arrivals) => {
      const own = new FakeClock();
      const bucket = new MessageBucket({ perSecond, burst }, new TimerWheel(own));
      const senders: Sender[] = [];
      let sent = 0;
      for (const { after, messages } of arrivals) {
        own.advance(after);
        senders.push(new Sender(bucket, messages));
        sent += messages;
        const passed = sent - senders.reduce((sum, { left }) => sum + left, 0);
        expect(passed).toBeLessThanOrEqual(burst + (own.now() * perSecond) / 1_000);
      }
      own.advance(Math.ceil((sent * 1_000) / perSecond) + 400);
      expect([senders.every(({ left }) => left === 0), bucket.waiting, own.tasks]).toEqual([true, 0, 0]);
    }),
  );
});
