import * as fc from 'fast-check';
import { MAX_LENGTH_PREFIX, lengthPrefixSize, readBinaryRecord, readTextRecord, writeLengthPrefix } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';

const tooLarge = (limit: number): string =>
  `The maximum message size of ${limit}B was exceeded. The message size can be configured in AddHubOptions.`;

describe('readTextRecord', () => {
  test('finds the separator behind the start', () => {
    const bytes = Buffer.from('a\u001ebc\u001e');
    expect(readTextRecord(bytes, 0, 0)).toBe(1);
    expect(readTextRecord(bytes, 2, 0)).toBe(4);
    expect(readTextRecord(bytes, 5, 0)).toBe(-1);
    expect(readTextRecord(Buffer.alloc(0), 0, 1)).toBe(-1);
  });

  test('counts the separator against the limit', () => {
    expect(readTextRecord(Buffer.from(`${'a'.repeat(99)}\u001e`), 0, 100)).toBe(99);
    expect(() => readTextRecord(Buffer.from(`${'a'.repeat(100)}\u001e`), 0, 100)).toThrow(tooLarge(100));
    expect(readTextRecord(Buffer.from(`${'a'.repeat(32_767)}\u001e`), 0, 32_768)).toBe(32_767);
    expect(() => readTextRecord(Buffer.from(`${'a'.repeat(32_768)}\u001e`), 0, 32_768)).toThrow(tooLarge(32_768));
  });

  test('refuses what has grown over the limit before it ends', () => {
    expect(readTextRecord(Buffer.alloc(100, 'a'), 0, 100)).toBe(-1);
    expect(() => readTextRecord(Buffer.alloc(101, 'a'), 0, 100)).toThrow(tooLarge(100));
    expect(readTextRecord(Buffer.alloc(150, 'a'), 50, 100)).toBe(-1);
  });

  test('without a limit takes any length', () => {
    expect(readTextRecord(Buffer.alloc(1_000_000, 'a'), 0, 0)).toBe(-1);
  });
});

describe('readBinaryRecord', () => {
  const read = (bytes: Buffer, start = 0, limit = 0): [start: number, end: number] | undefined => {
    const span = { start: -1, end: -1 };
    return readBinaryRecord(bytes, start, limit, span) ? [span.start, span.end] : undefined;
  };

  test('finds the contents behind the prefix', () => {
    expect(read(Buffer.of(2, 7, 8, 0, 1))).toEqual([1, 3]);
    expect(read(Buffer.of(2, 7, 8, 0, 1), 3)).toEqual([4, 4]);
    expect(read(Buffer.of(2, 7, 8, 0, 1), 4)).toBeUndefined();
    expect(read(Buffer.of(2, 7, 8), 3)).toBeUndefined();
  });

  test.each([0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000, 0xfffffff, 0x10000000, 0x7fffffff])(
    'reads the prefix that is written for %i bytes',
    (length) => {
      const prefix = Buffer.alloc(lengthPrefixSize(length));
      writeLengthPrefix(prefix, 0, length);
      const span = { start: -1, end: -1 };
      // The length alone: a limit one below the whole is exceeded by nothing shorter.
      const whole = prefix.length + length;
      if (whole > 1) expect(() => readBinaryRecord(prefix, 0, whole - 1, span)).toThrow(tooLarge(whole - 1));
      expect(readBinaryRecord(prefix, 0, whole, span)).toBe(length === 0);
      for (let cut = 0; cut < prefix.length; cut++) expect(read(prefix.subarray(0, cut))).toBeUndefined();
    },
  );

  test('refuses more than 31 bits', () => {
    const message = 'Messages over 2GB in size are not supported.';
    expect(() => read(Buffer.of(0xff, 0xff, 0xff, 0xff, 0x08))).toThrow(expect.objectContaining({ name: 'FormatException', message }));
    expect(() => read(Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80))).toThrow(message);
    expect(read(Buffer.of(0xff, 0xff, 0xff, 0xff, 0x07))).toBeUndefined();
    expect(read(Buffer.of(0x80, 0x80, 0x80, 0x80, 0x00))).toEqual([5, 5]);
  });

  test('counts the prefix against the limit, and refuses at once what is announced over it', () => {
    expect(read(Buffer.concat([Buffer.of(99), Buffer.alloc(99)]), 0, 100)).toEqual([1, 100]);
    expect(() => read(Buffer.of(100), 0, 100)).toThrow(tooLarge(100));
  });

  test('reads what is written, wherever it lies', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20), (contents, before, after) => {
        const size = lengthPrefixSize(contents.length);
        const bytes = Buffer.alloc(before + size + contents.length + after, 0xff);
        writeLengthPrefix(bytes, before, contents.length);
        bytes.set(contents, before + size);
        expect(size).toBeLessThanOrEqual(MAX_LENGTH_PREFIX);
        expect(read(bytes, before)).toEqual([before + size, before + size + contents.length]);
      }),
    );
  });
});
