import { describe, expect, test } from 'vitest';
import { SharedPayload, type Payload } from '../../src/base/payload.ts';
import { Batch, forgetSharedBatches } from '../../src/transport/batch.ts';
import { eventBytes, eventText } from '../../src/transport/event-stream.ts';
import { frameHead, frameHeads, framings } from '../../src/transport/websocket-frame.ts';

function batchOf(...payloads: readonly Payload[]): Batch {
  const batch = new Batch();
  for (const payload of payloads) batch.add(payload);
  return batch;
}

const shared = (text: string): SharedPayload => new SharedPayload(Buffer.from(text));

describe('a batch', () => {
  test.each<[string, Payload[], string, boolean]>([
    ['nothing', [], '', true],
    ['strings', ['a', 'ä', ''], 'aä', true],
    ['bytes', [Buffer.from('a'), Uint8Array.of(66)], 'aB', false],
    ['part of a larger buffer', [new Uint8Array(Buffer.from('abc').buffer.slice(0)).subarray(0, 0), 'x'], 'x', true],
    ['all kinds', ['a', shared('b'), 'c', 'd', Buffer.from('e')], 'abcde', false],
  ])('of %s', (_name, payloads, text, isText) => {
    const batch = batchOf(...payloads);
    expect(batch.join().toString()).toBe(text);
    expect(batch.text !== undefined).toBe(isText);
    batch.clear();
    expect([batch.length, batch.text]).toEqual([0, '']);
  });

  test('of one shared payload is framed once for all', () => {
    const payload = shared('x');
    expect(batchOf(payload).framed(framings.text)).toBe(batchOf(payload).framed(framings.text));
    expect(batchOf(payload).join()).toBe(payload.bytes);
  });

  test('of the same shared payloads is framed once for all that follow each other', () => {
    const row = [shared('a'), shared('b'), shared('c')];
    const first = batchOf(...row).framed(framings.binary);
    expect(first.toString('latin1')).toBe('\x82\x03abc');
    expect(batchOf(...row).framed(framings.binary)).toBe(first);
    const others: readonly [Payload[], typeof framings.text][] = [
      [row.slice(0, 2), framings.binary],
      [row.toReversed(), framings.binary],
      [[...row, shared('c')], framings.binary],
      [[...row.slice(0, 2), shared('c')], framings.binary],
      [row, framings.text],
      [[...row, 'own'], framings.binary],
    ];
    for (const [payloads, framing] of others) {
      const batch = batchOf(...payloads);
      expect(batch.framed(framing)).toEqual(framing(batch.join()));
    }
  });

  test('of large parts leaves as they are behind its head, unless they would keep more than themselves', () => {
    const [one, other] = [Buffer.alloc(20_000, 'a'), Buffer.alloc(70_000, 'b')];
    const batch = batchOf(one, new SharedPayload(other));
    expect(batch.bulky).toBe(true);
    const [head, ...rest] = batch.pieces(frameHeads.binary);
    expect(rest.map((piece, i) => piece.buffer === [one, other][i]?.buffer)).toEqual([true, true]);
    expect(Buffer.concat([head as Buffer, ...rest]).equals(framings.binary(batch.join()))).toBe(true);
    const few: readonly Payload[][] = [
      ['a'.repeat(70_000)],
      [other, 'text'],
      [one, ...Array.from({ length: 9 }, () => Buffer.from('small'))],
      [other.subarray(0, 20_000)],
    ];
    for (const payloads of few) expect(batchOf(...payloads).bulky).toBe(false);
  });

  test('of other kinds is gathered behind its head', () => {
    const batch = batchOf('ä', shared('b'), Uint8Array.of(67));
    expect(batch.shared).toBe(false);
    expect(batch.gather(frameHeads.text)).toEqual(framings.text(batch.join()));
    expect(batchOf('only text').gather(frameHeads.binary)).toEqual(framings.binary(Buffer.from('only text')));
    expect(batchOf(shared('a'), shared('b')).shared).toBe(true);
  });

  test('is remembered beside one of another framing', () => {
    const [text, binary] = [
      [shared('a'), shared('b')],
      [shared('c'), shared('d')],
    ];
    const framed = [batchOf(...text).framed(framings.text), batchOf(...binary).framed(framings.binary)];
    expect(batchOf(...text).framed(framings.text)).toBe(framed[0]);
    expect(batchOf(...binary).framed(framings.binary)).toBe(framed[1]);
  });

  test('is not remembered beyond its turn', () => {
    const row = [shared('a'), shared('b')];
    const framed = batchOf(...row).framed(framings.text);
    forgetSharedBatches();
    expect(batchOf(...row).framed(framings.text)).not.toBe(framed);
  });
});

describe('an event', () => {
  test.each([
    ['one', 'data: one\r\n\r\n'],
    ['a\nb', 'data: a\r\ndata: b\r\n\r\n'],
    ['a\r\nb', 'data: a\r\ndata: b\r\n\r\n'],
    ['a\rb', 'data: a\r\ndata: b\r\n\r\n'],
    ['trailing\n', 'data: trailing\r\ndata: \r\n\r\n'],
    ['\n\n', 'data: \r\ndata: \r\ndata: \r\n\r\n'],
    ['ä😀\u001e', 'data: ä😀\u001e\r\n\r\n'],
  ])('of %j', (text, event) => {
    expect(eventText(text)).toBe(event);
    expect(eventBytes(Buffer.from(text)).toString()).toBe(event);
  });
});

describe('the head of a frame', () => {
  test.each([
    [0, '\x81\x00'],
    [125, '\x81\x7d'],
    [126, '\x81\x7e\x00\x7e'],
    [65_535, '\x81\x7e\xff\xff'],
    [65_536, '\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00'],
    [2 ** 40 + 1, '\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x01'],
  ])('around %i bytes', (length, head) => {
    expect(frameHead(length, 'text')).toBe(head);
    expect(frameHead(length, 'binary')).toBe(`\x82${head.slice(1)}`);
  });
});
