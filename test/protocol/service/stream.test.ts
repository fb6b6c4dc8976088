import * as fc from 'fast-check';
import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { MAX_TEXTS } from '../../../src/protocol/service/field.ts';
import { MAX_REST } from '../../../src/protocol/service/reader.ts';
import type { ReceivedServiceMessage } from '../../../src/protocol/service/received.ts';
import { ServiceStream } from '../../../src/protocol/service/stream.ts';
import { writeServiceMessage } from '../../../src/protocol/service/writer.ts';
import { cut } from '../../fuzz/mutations.ts';
import { bytesOf, vectors } from './vectors.ts';
import { readBody } from './reading.ts';

const all = Buffer.concat(vectors.map(({ framed }) => bytesOf(framed)));

/** What a stream hands over of pieces. */
function streamed(pieces: Iterable<Buffer>, limit = 0): { messages: ReceivedServiceMessage[]; stream: ServiceStream } {
  const messages: ReceivedServiceMessage[] = [];
  const stream = new ServiceStream(limit, (message) => messages.push(message) > 0);
  for (const piece of pieces) stream.push(piece);
  return { messages, stream };
}

describe('a stream of service messages', () => {
  const whole = streamed([all]).messages;

  test('is read the same wherever it is cut', () => {
    expect(whole).toHaveLength(vectors.length);
    const places = fc.array(fc.nat({ max: all.length }), { maxLength: 40 }).map((at) => at.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(places, (at) => {
        const { messages, stream } = streamed(cut(all, at));
        deepStrictEqual(messages, whole);
        expect(stream.waiting).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('is read the same in bytes', () => {
    deepStrictEqual(streamed(Array.from(all, (byte) => Buffer.of(byte))).messages, whole);
  });

  test('goes on where its reader stopped it, with what came meanwhile behind', () => {
    const messages: ReceivedServiceMessage[] = [];
    const stream = new ServiceStream(0, (message) => messages.push(message) % 7 !== 0);
    stream.push(all.subarray(0, 1_000));
    expect([messages.length, stream.stopped]).toEqual([7, true]);
    stream.push(all.subarray(1_000));
    expect(messages.length).toBe(14);
    while (stream.stopped) stream.push(Buffer.alloc(0));
    deepStrictEqual(messages, whole);
    expect(stream.waiting).toBe(0);
  });

  test('of a large message in small pieces keeps its bytes, and not the buffers they came in', () => {
    const size = 2 ** 20;
    const message = writeServiceMessage({ type: 'connectionData', connectionId: 'c', payload: Buffer.alloc(size, 7) });
    const { messages, stream } = streamed([]);
    for (let at = 0; at < message.length; at += 100) {
      expect(stream.waiting).toBe(at);
      const piece = Buffer.from(message.subarray(at, at + 100));
      stream.push(piece);
      // What was kept of a message that is not whole is a copy, or this would change it.
      if (stream.waiting > 100) piece.fill(0xff);
    }
    deepStrictEqual(messages, streamed([message]).messages);
  });

  test('of an announced giant ends before anything of it came', () => {
    const { stream } = streamed([], 1_000);
    expect(() => stream.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]))).toThrow(/2147483652 bytes is announced, and 1000 is the limit/);
  });
});

describe('arrays that are small on the wire and large in memory', () => {
  const headed = (start: readonly number[], count: number, item: number): Buffer => {
    const bytes = Buffer.alloc(start.length + 5 + count, item);
    Buffer.from(start).copy(bytes);
    bytes[start.length] = 0xdd;
    bytes.writeUInt32BE(count, start.length + 1);
    return bytes;
  };

  test('are malformed: the entries of a ping', () => {
    const ping = (entries: number): Buffer => {
      const bytes = headed([], entries + 1, 0xc0);
      bytes[5] = 3;
      return bytes;
    };
    expect(readBody(ping(MAX_REST)).type).toBe('ping');
    expect(readBody(ping(MAX_REST + 1))).toMatchObject({ type: 'malformed', message: 'ping', field: 'entries' });
  });

  test('are malformed: connections that are excluded', () => {
    const broadcast = (excluded: number): Buffer => Buffer.concat([headed([0x93, 10], excluded, 0xa0), Buffer.of(0x80)]);
    expect(readBody(broadcast(MAX_TEXTS)).type).toBe('broadcastData');
    expect(readBody(broadcast(MAX_TEXTS + 1))).toMatchObject({ type: 'malformed', message: 'broadcastData', field: 'excluded' });
  });
});
