import { describe, expect, test } from 'vitest';
import { bytesOf, loadVectors, messagesOf, piecesOf, protocolOf, readChunks, writeAll } from './vectors.ts';
import type { MessageVector } from './vectors.ts';

const vectors = loadVectors();

function everyCut(bytes: Buffer): Buffer[][] {
  return Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte));
}

describe.each(['json', 'messagepack'] as const)('%s vectors', (kind) => {
  const named = vectors[kind].map((vector): [string, MessageVector] => [vector.name, vector]);

  test('have names of their own', () => {
    expect(new Set(named.map(([name]) => name)).size).toBe(named.length);
    expect(named.length).toBeGreaterThan(150);
  });

  test.each(named)('%s', (_, vector) => {
    const bytes = bytesOf(vector);
    const protocol = protocolOf(kind, vector);
    const whole = readChunks(protocol, [bytes], vector.limit);
    expect(whole).toEqual({
      messages: messagesOf(vector),
      error: vector.error,
      waiting: vector.error === undefined ? 0 : expect.any(Number),
      length: expect.any(Number),
    });

    for (const chunks of [...everyCut(bytes), byteByByte(bytes)]) {
      const { messages, error } = readChunks(protocol, chunks, vector.limit);
      expect({ messages, error }).toEqual({ messages: whole.messages, error: vector.error });
    }

    const pieces = piecesOf(vector);
    if (pieces.length > 0) {
      expect(Buffer.concat(pieces)).toEqual(bytes);
      expect(readChunks(protocol, pieces)).toEqual(whole);
    }

    if (vector.error === undefined && vector.write !== false) {
      expect(writeAll(protocol, whole.messages).toString('latin1')).toBe(bytes.toString('latin1'));
      expect(whole.length).toBe(bytes.length);
    }
  });
});

test('a message of each type is written and read back in each protocol', () => {
  for (const kind of ['json', 'messagepack'] as const) {
    const written = vectors[kind].filter(({ write, error }) => write !== false && error === undefined);
    const types = new Set(written.flatMap((vector) => messagesOf(vector).map(({ type }) => type)));
    expect(types).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  }
});
