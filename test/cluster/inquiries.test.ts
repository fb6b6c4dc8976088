import { expect, test } from 'vitest';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { Inquiries, type Answer, type Inquirer } from '../../src/cluster/inquiries.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';

const answer = (status: number): Answer => ({ status, message: '', payload: Buffer.alloc(0) });

class Asked implements Inquirer {
  readonly ends: (readonly [statuses: readonly number[], complete: boolean])[] = [];
  enough({ status }: Answer): boolean {
    return status === 1;
  }
  ended(answers: readonly Answer[], complete: boolean): void {
    this.ends.push([answers.map(({ status }) => status), complete]);
  }
}

function setUp(): { readonly clock: FakeClock; readonly inquiries: Inquiries; readonly asked: Asked } {
  const clock = new FakeClock();
  return { clock, inquiries: new Inquiries(new TimerWheel(clock), 5_000), asked: new Asked() };
}

test('a request ends when all have answered, or one answer is enough', () => {
  const { inquiries, asked } = setUp();
  const first = inquiries.ask(['a', 'b'], asked);
  inquiries.answered('a', first, answer(2));
  inquiries.answered('a', first, answer(2));
  inquiries.answered('c', first, answer(1));
  expect(asked.ends).toEqual([]);
  inquiries.answered('b', first, answer(2));
  const second = inquiries.ask(['a', 'b'], asked);
  inquiries.answered('b', second, answer(1));
  inquiries.answered('a', second, answer(1));
  expect(asked.ends).toEqual([
    [[2, 2], true],
    [[1], true],
  ]);
});

test('a request to nobody ends at once', () => {
  const { inquiries, asked } = setUp();
  expect(inquiries.ask([], asked)).toBe(0);
  expect(asked.ends).toEqual([[[], true]]);
});

test('a request ends without those who do not answer in time, or are gone', () => {
  const { clock, inquiries, asked } = setUp();
  const first = inquiries.ask(['a', 'b'], asked);
  inquiries.answered('a', first, answer(2));
  clock.advance(3_000);
  inquiries.ask(['a'], asked);
  clock.advance(3_000);
  expect(asked.ends).toEqual([[[2], false]]);
  inquiries.left('a');
  expect(asked.ends).toEqual([
    [[2], false],
    [[], false],
  ]);
  inquiries.ask(['a'], asked);
  clock.advance(6_000);
  expect(asked.ends).toHaveLength(3);
});

test('too many requests end at once', () => {
  const { inquiries, asked } = setUp();
  for (let n = 0; n < 100_000; n++) inquiries.ask(['a'], asked);
  expect(asked.ends).toEqual([]);
  inquiries.ask(['a'], asked);
  expect(asked.ends).toEqual([[[], false]]);
});
