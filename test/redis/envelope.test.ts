import { encode } from '@msgpack/msgpack';
import { anything, assert, oneof, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAck, readAnswer, readGroupCommand, readInvocation, renumbered, writeAge, writeForms } from '../../src/redis/envelope.ts';

const packed = (value: unknown): Buffer => Buffer.from(encode(value));
const json = new Uint8Array(Buffer.from('{"type":6}\u001e'));
const forms = { json };

describe('an invocation is read', () => {
  test('with nothing in it', () => {
    expect(readInvocation(packed([[], {}]))).toEqual({ excluded: [], forms: new Map(), returnPath: undefined, mark: undefined });
  });

  test('with three items as with two, as the reference server does', () => {
    expect(readInvocation(packed([[], forms, 'id']))).toMatchObject({ returnPath: undefined });
  });

  test.each([
    ['nil', null],
    ['empty', ''],
  ])('as an ordinary one where the invocation id is %s', (_, id) => {
    expect(readInvocation(packed([[], forms, id, 'channel']))).toMatchObject({ returnPath: undefined });
  });

  test('with items of strangers behind what is known', () => {
    const read = readInvocation(packed([['a'], forms, null, null, 5, 'x', { y: [1] }]));
    expect(read).toMatchObject({ excluded: ['a'], returnPath: undefined, mark: undefined });
  });

  test('with the mark of a send, and more behind it', () => {
    const stamp = new Uint8Array([0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 1]);
    const mark = { origin: 'abc', sequence: 7, several: true };
    expect(readInvocation(packed([[], forms, null, null, 'abc', stamp, 'later']))?.mark).toEqual({ ...mark, age: 0 });
    expect(readInvocation(packed([[], forms, null, null, 'abc', stamp.subarray(1)]))?.mark).toBeUndefined();
    const marked = writeForms(new Map([['json', json]]), [], undefined, mark);
    expect(marked).toEqual(packed([[], forms, null, null, 'abc', stamp]));
    const again = renumbered(marked, 2 ** 40);
    writeAge(again, 1_234.5);
    expect(readInvocation(again)?.mark).toEqual({ ...mark, sequence: 2 ** 40, age: 1_235 });
    expect(readInvocation(marked)?.mark?.sequence).toBe(7);
    // As the script leaves it: with a head for two items more, and its place behind.
    const place = Buffer.from('cf000606b5b1d2a5c0ce00000102', 'hex');
    const placed = Buffer.concat([Buffer.from([0x98]), marked.subarray(1), place]);
    expect(readInvocation(placed)).toMatchObject({ mark, position: { epoch: 0x0606b5b1d2a5c0, offset: 0x102 } });
    expect(readInvocation(placed.subarray(0, -1))).toMatchObject({ mark, position: undefined });
  });

  test('with headers longer than need be', () => {
    const bytes = Buffer.concat([
      Buffer.from('dc0002dd00000000de0001da0004', 'hex'),
      Buffer.from('json'),
      Buffer.from('c60000000c', 'hex'),
      Buffer.from('{"type":6} \u001e'),
    ]);
    expect(readInvocation(bytes)?.forms.get('json')?.toString()).toBe('{"type":6} \u001e');
  });
});

describe('bytes are no message where', () => {
  test.each([
    ['there are too few items', packed([[]])],
    ['there is nil', packed(null)],
    ['the excluded are nil', packed([null, forms])],
    ['an excluded id is a number', packed([[1], forms])],
    ['the blob is text', packed([[], { json: 'x'.repeat(40) }])],
    ['a protocol has no name', Buffer.from('92908101c400', 'hex')],
    ['the invocation id is a number', packed([[], forms, 1, 'channel'])],
    ['they are text', Buffer.from('hello')],
    ['there are none', Buffer.alloc(0)],
    ['they are cut short', packed([[], forms]).subarray(0, -1)],
    ['an array has more items than there are bytes', Buffer.from('92ddffffffff', 'hex')],
  ])('%s', (_, bytes) => {
    expect(readInvocation(bytes)).toBeUndefined();
  });

  test.each([
    ['an id is beyond 32 bits', packed([2 ** 32, 's', 1, 'g', 'c'])],
    ['an id is no integer', packed([1.5, 's', 1, 'g', 'c'])],
    ['a group has no name', packed([1, 's', 1, null, 'c'])],
    ['an action is missing', packed([1, 's'])],
  ])('%s, in a group command', (_, bytes) => {
    expect(readGroupCommand(bytes)).toBeUndefined();
  });

  test('an ack or an answer is another array', () => {
    expect(readAck(packed([]))).toBeUndefined();
    expect(readAck(packed(['1']))).toBeUndefined();
    expect(readAnswer(packed(['json']))).toBeUndefined();
    expect(readAnswer(packed(['json', 'text']))).toBeUndefined();
    expect(readAnswer(packed([null, json]))).toBeUndefined();
  });
});

test('reading bytes of any kind throws nothing', () => {
  assert(
    property(oneof(uint8Array({ maxLength: 60 }), anything().map(encodable)), (bytes) => {
      const buffer = Buffer.from(bytes);
      for (const read of [readInvocation, readGroupCommand, readAck, readAnswer]) read(buffer);
    }),
  );
});

function encodable(value: unknown): Uint8Array {
  try {
    return encode([[], value, value, value]);
  } catch {
    return new Uint8Array();
  }
}
