import * as fc from 'fast-check';
import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { MAX_MAP_ENTRIES } from '../../../src/protocol/service/field.ts';
import type { ServiceMessage } from '../../../src/protocol/service/messages.ts';
import { malformedMessageError, type MalformedServiceMessage } from '../../../src/protocol/service/received.ts';
import { writeServiceMessage } from '../../../src/protocol/service/writer.ts';
import { cut, cuts, mutate, someEdits } from '../../fuzz/mutations.ts';
import { packed, readBody, readOne, readPieces } from './reading.ts';
import { bytesOf, vectors } from './vectors.ts';

describe('what is malformed', () => {
  const malformed = (message: string, field: string): object => ({ type: 'malformed', message, field, problem: expect.any(String) });

  test.each([
    [[], 'unknown', 'array'],
    ['text', 'unknown', 'array'],
    [['6'], 'unknown', 'number'],
    [[6.5], 'unknown', 'number'],
    [[6], 'connectionData', 'array'],
    [[6, 'c'], 'connectionData', 'array'],
    [[6, 7, new Uint8Array()], 'connectionData', 'connectionId'],
    [[6, null, new Uint8Array()], 'connectionData', 'connectionId'],
    [[6, 'c', 7], 'connectionData', 'payload'],
    [[10, ['a', 7], {}], 'broadcastData', 'excluded'],
    [[10, [], { json: 7 }], 'broadcastData', 'payloads'],
    [[18, 'c', 'g', 2 ** 31], 'joinGroupWithAck', 'ackId'],
    [[18, 'c', 'g', 1.5], 'joinGroupWithAck', 'ackId'],
    [[39, 'c', 1, 5], 'connectionFlowControl', 'operation'],
    [[3, 'status', 1], 'ping', 'entries'],
    [[1, 1, 0, '', 0, {}, 'yes'], 'handshakeRequest', 'allowStatefulReconnects'],
  ])('%j is told by message and field', (value, message, field) => {
    expect(readBody(packed(value))).toEqual(malformed(message, field));
  });

  test('becomes a coded error that says both', () => {
    const error = malformedMessageError(readBody(packed([18, 'c', 'g', 'x'])) as MalformedServiceMessage);
    expect(error.code).toBe('SIGNALBOX_SERVICE_MESSAGE');
    expect(error.message).toContain('in joinGroupWithAck, ackId is not: int32');
  });

  test('harms nothing behind it', () => {
    const good = writeServiceMessage({ type: 'ping', entries: [] });
    const { messages } = readPieces([Buffer.concat([good, Buffer.of(0), Buffer.of(1, 0xc1), good])]);
    expect(messages.map(({ type }) => type)).toEqual(['ping', 'malformed', 'malformed', 'ping']);
  });

  test('is every message that is cut short within its record', () => {
    for (const { body, name } of vectors) {
      const bytes = bytesOf(body);
      for (let length = 0; length < bytes.length; length++) {
        const read = readBody(Buffer.from(bytes.subarray(0, length)));
        expect(read.type, `${name} cut at ${length}`).toBe('malformed');
      }
    }
  });
});

describe('limits', () => {
  const mapOf = (entries: number): Buffer => {
    const map = Buffer.alloc(3 + entries * 2, 0xa0);
    map[0] = 0xde;
    map.writeUInt16BE(entries, 1);
    return map;
  };

  test.each([
    [MAX_MAP_ENTRIES, 'openConnection'],
    [MAX_MAP_ENTRIES + 1, 'malformed'],
  ])('a map of %d entries is of a message that is %s', (entries, type) => {
    const body = Buffer.concat([Buffer.of(0x93, 4, 0xa1, 0x63), mapOf(entries)]);
    expect(readBody(body).type).toBe(type);
  });

  test.each(['dd', 'df', 'c6', 'db'])('a head %s that promises more than there is costs nothing', (head) => {
    for (const start of ['9306a163', '9407', '940a', '9404a163']) {
      expect(readBody(Buffer.from(`${start}${head}ffffffff00`, 'hex')).type).toBe('malformed');
    }
  });

  test('a message larger than the limit breaks the stream as soon as it is announced', () => {
    const bytes = writeServiceMessage({ type: 'connectionData', connectionId: 'c', payload: Buffer.alloc(100) });
    expect(readPieces([bytes], bytes.length).messages).toHaveLength(1);
    const code = 'SIGNALBOX_SERVICE_STREAM';
    expect(() => readPieces([bytes.subarray(0, 1)], bytes.length - 1)).toThrow(expect.objectContaining({ code }));
    expect(() => readPieces([Buffer.alloc(5, 0xff)])).toThrow(expect.objectContaining({ code }));
  });
});

describe('a stream', () => {
  test('of changed bytes throws nothing but its own error, and what is read of it can be written again', () => {
    const recorded = fc.array(fc.constantFrom(...vectors), { minLength: 1, maxLength: 4 });
    const streams = recorded.map((some) => Buffer.concat(some.map(({ framed }) => bytesOf(framed))));
    fc.assert(
      fc.property(streams, someEdits, cuts, (bytes, changes, places) => {
        const changed = mutate(bytes, changes);
        deepStrictEqual(outcome(cut(changed, places)), outcome([changed]));
      }),
      { numRuns: 1_000 },
    );
  });

  test('of records of changed bytes is read or told to be malformed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...vectors), someEdits, ({ body }, changes) => {
        const read = readBody(mutate(bytesOf(body), changes));
        if (read.type !== 'malformed' && read.type !== 'unknown') deepStrictEqual(readOne(writeServiceMessage(read)), rewritten(read));
      }),
      { numRuns: 3_000 },
    );
  });
});

/** A message as it comes back: a completion's extension repeats its protocol. */
function rewritten(message: ServiceMessage): ServiceMessage {
  if (message.type !== 'clientCompletion' || message.protocol === null) return message;
  return { ...message, extension: { ...message.extension, protocol: message.protocol } };
}

function outcome(pieces: readonly Buffer[]): unknown {
  try {
    return readPieces(pieces, 1_000);
  } catch (error) {
    expect(error).toMatchObject({ code: 'SIGNALBOX_SERVICE_STREAM' });
    return String(error);
  }
}
