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

describe('a container of one kind', () => {
  const written = (write: (buffer: MessagePackBuffer) => void): string => {
    const buffer = new MessagePackBuffer();
    buffer.begin();
    write(buffer);
    return buffer.endWithoutLength().toString('hex');
  };

  test.each([
    [[], '90'],
    [['a', 'é'], '92a161a2c3a9'],
  ])('of texts is written and read: %j', (texts, hex) => {
    expect(written((buffer) => buffer.writeStrings(texts))).toBe(hex);
    expect(over(hex).readStrings()).toEqual(texts);
  });

  test('of binary data is written, and read as views', () => {
    const hex = '82a161c40101a162c400';
    const values = new Map([
      ['a', Buffer.of(1)],
      ['b', Buffer.alloc(0)],
    ]);
    expect(written((buffer) => buffer.writeBinaryMap(values))).toBe(hex);
    const cursor = over(hex);
    const read = cursor.viewBinaryMap();
    expect(read).toEqual(values);
    expect(read?.get('a')?.buffer).toBe(cursor.bytes.buffer);
  });

  test.each(['', 'c0', '80', '92a161', '91c0', '9101'])('of texts is not in %s', (hex) => {
    expect(over(hex).readStrings()).toBeUndefined();
  });

  test.each(['', 'c0', '90', '81a161', '81a161c0', '81a161a101', '8101c40101', '81c0c40101'])('of binary data is not in %s', (hex) => {
    expect(over(hex).viewBinaryMap()).toBeUndefined();
  });
});
