import { describe, expect, test } from 'vitest';
import { MessagePackBuffer } from '../../../src/base/messagepack/buffer.ts';
import { MessagePackCursor } from '../../../src/base/messagepack/cursor.ts';

/** Bytes that tell where they are from. */
const large = (length: number, first: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (first + i) & 0xff));

/** Buffers by their bytes, and quickly. */
const same = (one: unknown, other: unknown): boolean =>
  Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other;

function readBack(bytes: Buffer): readonly unknown[] {
  const cursor = new MessagePackCursor();
  cursor.open(bytes, 0, bytes.length);
  return Array.from({ length: cursor.readArrayLength() }, (_, i) => (i % 2 === 0 ? cursor.readString() : cursor.viewBytes()));
}

describe('a message with large binary data', () => {
  test.each([
    [0, 10],
    [16_383, 16_384],
    [16_384, 16_385],
    [70_000, 10],
    [300_000, 65_536],
  ])('of %i and %i bytes has each where it was written', (one, other) => {
    const buffer = new MessagePackBuffer();
    const values = ['first', large(one, 1), 'second', large(other, 7), 'third'] as const;
    // Again and again: what one message leaves must not show in the next.
    for (let i = 0; i < 3; i++) {
      buffer.begin();
      buffer.writeArrayLength(values.length);
      for (const value of values) {
        if (typeof value === 'string') buffer.writeString(value);
        else buffer.writeBinary(value);
      }
      const read = readBack(buffer.endWithoutLength());
      expect(read.map((value, at) => same(value, values[at]))).toEqual(values.map(() => true));
    }
  });

  test('is preceded by its whole length', () => {
    const buffer = new MessagePackBuffer();
    buffer.begin();
    buffer.writeBinary(large(20_000, 0));
    // 20,003 bytes, seven bits a byte.
    expect(buffer.end().subarray(0, 5).toString('hex')).toBe('a39c01c54e');
  });

  test('that is given up leaves nothing to the next', () => {
    const buffer = new MessagePackBuffer();
    buffer.begin();
    buffer.writeBinary(large(20_000, 0));
    buffer.begin();
    buffer.writeBoolean(true);
    expect(buffer.endWithoutLength().toString('hex')).toBe('c3');
  });
});
