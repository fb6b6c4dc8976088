import { expect, test } from 'vitest';
import { findRecord } from '../../../src/base/messagepack/length-prefix.ts';

const find = (bytes: readonly number[], limit = 0, start = 0): unknown => {
  const span = { start: -1, end: -1 };
  return [findRecord(Buffer.from(bytes), start, limit, span), span.start, span.end];
};

test('a record is whole, or waits for more', () => {
  expect(find([2, 7, 8, 9])).toEqual(['whole', 1, 3]);
  expect(find([9, 2, 7, 8], 0, 1)).toEqual(['whole', 2, 4]);
  expect(find([2, 7])).toEqual(['partial', 1, 3]);
  expect(find([0x80])).toEqual(['partial', -1, -1]);
  expect(find([])).toEqual(['partial', -1, -1]);
  expect(find([0])).toEqual(['whole', 1, 1]);
});

test('what is announced over the limit is too large before it arrives, its prefix counted', () => {
  expect(find([99], 100)).toEqual(['partial', 1, 100]);
  expect(find([100], 100)).toEqual(['tooLarge', 1, 101]);
  expect(find([0xff, 0xff, 0xff, 0xff, 7], 100)).toEqual(['tooLarge', 5, 5 + 0x7fff_ffff]);
});

test('a prefix of more than 31 bits is no length', () => {
  expect(find([0xff, 0xff, 0xff, 0xff, 8])).toEqual(['noLength', -1, -1]);
  expect(find([0x80, 0x80, 0x80, 0x80, 0x80])).toEqual(['noLength', -1, -1]);
});
