import { describe, expect, test } from 'vitest';
import { MessagePackBuffer } from '../../../src/base/messagepack/buffer.ts';
import { MessagePackCursor } from '../../../src/base/messagepack/cursor.ts';

function over(hex: string): MessagePackCursor {
  const cursor = new MessagePackCursor();
  const bytes = Buffer.from(hex, 'hex');
  cursor.open(bytes, 0, bytes.length);
  return cursor;
}

describe('bytes', () => {
  test.each([
    ['binary', 'c4020102'],
    ['binary of 16 bits', 'c500020102'],
    ['binary of 32 bits', 'c6000000020102'],
    ['short text', 'a20102'],
    ['text of 8 bits', 'd9020102'],
    ['text of 32 bits', 'db000000020102'],
  ])('are a view of %s', (_, hex) => {
    const cursor = over(`${hex}c0`);
    const view = cursor.viewBytes();
    expect(view?.toString('hex')).toBe('0102');
    expect(view?.buffer).toBe(cursor.bytes.buffer);
    expect(cursor.skipNil()).toBe(true);
    expect(cursor.head).toBe(-1);
  });

  test.each(['', 'c0', '05', '90', 'c4', 'c403aabb', 'a3aabb', 'd9', 'd903aabb', 'c6ffffffff00'])('are not in %s', (hex) => {
    expect(over(hex).viewBytes()).toBeUndefined();
  });
});

test('nil is passed over, and nothing else is', () => {
  const cursor = over('c0c2');
  expect([cursor.skipNil(), cursor.skipNil(), cursor.readBoolean(), cursor.skipNil()]).toEqual([true, false, false, false]);
});

test.each([
  [1, 'd200000001'],
  [-1, 'd2ffffffff'],
  [0x7fff_ffff, 'd27fffffff'],
])('an integer of 32 bits takes five bytes: %d', (value, hex) => {
  const buffer = new MessagePackBuffer();
  buffer.begin();
  buffer.writeInt32(value);
  expect(buffer.endWithoutLength().toString('hex')).toBe(hex);
  expect(over(hex).readInteger()).toBe(value);
});
