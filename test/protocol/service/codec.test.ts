import { deepStrictEqual } from 'node:assert/strict';
import { decode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { lengthPrefixSize } from '../../../src/base/messagepack/length-prefix.ts';
import { NO_EXTENSION } from '../../../src/protocol/service/extension.ts';
import {
  layouts,
  type OutgoingServiceMessage,
  type ServiceMessage,
  type ServiceMessageOf,
} from '../../../src/protocol/service/messages.ts';
import { pingValue } from '../../../src/protocol/service/ping.ts';
import { parseServiceMessages } from '../../../src/protocol/service/reader.ts';
import type { ReceivedServiceMessage } from '../../../src/protocol/service/received.ts';
import { writeServiceMessage } from '../../../src/protocol/service/writer.ts';
import { cut, cuts } from '../../fuzz/mutations.ts';
import { anyMessage, messageOf } from './arbitrary.ts';
import { packed, readBody, readOne, readPieces } from './reading.ts';

const types = Object.keys(layouts);

const bodyOf = (message: OutgoingServiceMessage): Buffer => {
  const framed = writeServiceMessage(message);
  let size = 1;
  while (lengthPrefixSize(framed.length - size) !== size) size++;
  return framed.subarray(size);
};

describe('the table', () => {
  test('gives each message a number and a name of its own', () => {
    const numbers = Object.values(layouts).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  });

  test.each(types)('has a fallback for all that the oldest form of %s lacks, and a form for all of it', (type) => {
    const { forms, items } = layouts[type] as (typeof layouts)[string];
    expect(forms).toEqual(forms.toSorted((a, b) => a - b));
    expect(forms.at(-1)).toBe(1 + Object.keys(items).length);
    for (const [name, field] of Object.entries(items).slice((forms[0] ?? 0) - 1)) expect(field, name).toHaveProperty('fallback');
  });
});

describe.each(types)('%s', (type) => {
  test('is read as it was written, however cut', () => {
    fc.assert(
      fc.property(messageOf(type), cuts, (message, places) => {
        const bytes = writeServiceMessage(message);
        deepStrictEqual(readPieces(cut(bytes, places)), { messages: [message], waiting: 0 });
      }),
      { numRuns: 50 },
    );
  });

  test('is an array of its number and its items to an independent decoder, too', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const { number, items, rest } = layouts[type] as (typeof layouts)[string];
        const more = rest === undefined ? 0 : ((message as unknown as Record<string, unknown[]>)[Object.keys(rest)[0] ?? ''] ?? []).length;
        const body = bodyOf(message);
        // The decoder makes objects of maps, and refuses this name.
        fc.pre(!body.includes('__proto__'));
        const array = decode(body, { useBigInt64: true, mapKeyConverter: String }) as unknown[];
        expect(array).toHaveLength(1 + Object.keys(items).length + more);
        expect(array[0]).toBe(number);
      }),
      { numRuns: 20 },
    );
  });

  test('is read in every form that it has had, and with items behind it that are not known', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const { forms, items, rest } = layouts[type] as (typeof layouts)[string];
        for (const form of rest === undefined ? forms : []) {
          const read = readOne(writeServiceMessage(message, form)) as ServiceMessage;
          const names = Object.entries(items);
          const shortened = Object.fromEntries(
            names.map(([name, field], at) => [
              name,
              at < form - 1 ? message[name as keyof ServiceMessage] : (field as { fallback?: unknown }).fallback,
            ]),
          );
          deepStrictEqual(read, { type, ...shortened });
        }
        const body = bodyOf(message);
        if (rest === undefined) deepStrictEqual(readBody(withItem(body, packed({ later: [1] }))), message);
      }),
      { numRuns: 20 },
    );
  });
});

/** The array with one more item. All arrays are short: their length is in the first byte. */
const withItem = (body: Buffer, item: Buffer): Buffer => Buffer.concat([Buffer.of((body[0] ?? 0) + 1), body.subarray(1), item]);

describe('a message', () => {
  test('can be written without what has a fallback', () => {
    expect(readOne(writeServiceMessage({ type: 'handshakeRequest', version: 1 }))).toEqual({
      type: 'handshakeRequest',
      version: 1,
      connectionType: 0,
      target: '',
      migrationLevel: 0,
      extension: {},
      allowStatefulReconnects: false,
    });
    expect(readOne(writeServiceMessage({ type: 'ack', ackId: 1, status: 1, message: '' }))).toMatchObject({ payload: null });
    const payload = Buffer.alloc(0);
    const ids = { invocationId: 'i', connectionId: 'c', senderServerId: 's' };
    const completion = writeServiceMessage({ type: 'clientCompletion', ...ids, protocol: 'json', payload });
    expect(readOne(completion)).toMatchObject({ extension: { protocol: 'json' } });
  });

  test('has the type that the table says', () => {
    expectTypeOf<ServiceMessageOf<'openConnection'>['claims']>().toEqualTypeOf<readonly (readonly [string, string])[]>();
    expectTypeOf<ServiceMessageOf<'ack'>['payload']>().toEqualTypeOf<Buffer | null>();
    expectTypeOf<ServiceMessageOf<'ping'>['entries']>().toEqualTypeOf<readonly (string | null)[]>();
    expectTypeOf<ServiceMessageOf<'connectionFlowControl'>['target']>().toEqualTypeOf<1 | 2>();
    expectTypeOf<ServiceMessageOf<'userJoinGroup'>['extension']['ttl']>().toEqualTypeOf<number | undefined>();
    // @ts-expect-error a group is missing
    ({ type: 'joinGroup', connectionId: 'c' }) satisfies OutgoingServiceMessage;
    // @ts-expect-error there is no such operation
    ({ type: 'connectionFlowControl', connectionId: 'c', target: 1, operation: 9 }) satisfies OutgoingServiceMessage;
  });

  test('has a form of its own', () => {
    expect(() => writeServiceMessage({ type: 'ack', ackId: 1, status: 1, message: '' }, 3)).toThrow(TypeError);
    expect(() => writeServiceMessage({ type: 'ack', ackId: 1, status: 1, message: '' }, 7)).toThrow(TypeError);
    expect(() => writeServiceMessage({ type: 'nothing' } as never)).toThrow(TypeError);
  });

  test('of a length that no form has is read as the form below it', () => {
    expect(readBody(packed([4, 'c', {}, 'no headers']))).toMatchObject({ type: 'openConnection', headers: new Map() });
    expect(readBody(packed([1, 1, 'no type']))).toMatchObject({ type: 'handshakeRequest', connectionType: 0 });
    expect(readBody(packed([13, 'g', [], {}, {}, 7]))).toMatchObject({ type: 'groupBroadcastData', excludedUserIds: [] });
  });

  test('shares the bytes that it was read from, and copies none', () => {
    const payload = Buffer.from('{}\u001e');
    const bytes = Buffer.concat([
      writeServiceMessage({ type: 'connectionData', connectionId: 'c', payload }),
      writeServiceMessage({ type: 'broadcastData', excluded: [], payloads: new Map([['json', payload]]) }),
      writeServiceMessage({ type: 'ack', ackId: 1, status: 1, message: null, payload }),
    ]);
    const [data, broadcast, ack] = readPieces([bytes]).messages as unknown as [
      { payload: Buffer },
      { payloads: Map<string, Buffer> },
      { payload: Buffer },
    ];
    const direct: ReceivedServiceMessage[] = [];
    parseServiceMessages(bytes, 0, 0, (message) => direct.push(message) > 0);
    expect(direct).toEqual([data, broadcast, ack]);
    const [first, second, third] = direct as unknown as [typeof data, typeof broadcast, typeof ack];
    for (const view of [first.payload, second.payloads.get('json'), third.payload]) expect(view?.buffer).toBe(bytes.buffer);
  });

  test.each([0, 0xff, 0x100, 0xffff, 0x10000, 1_000_000])('carries %d bytes', (length) => {
    const payload = Buffer.alloc(length, 'x');
    const read = readOne(writeServiceMessage({ type: 'connectionData', connectionId: 'c', payload })) as { payload: Buffer };
    expect(read.payload.equals(payload)).toBe(true);
  });

  test('of a number that is not known is told apart, whatever it holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 41 }), fc.uint8Array({ maxLength: 20 }), (number, behind) => {
        const body = Buffer.concat([Buffer.of(0x92), packed(number), Buffer.of(0xc0), behind]);
        expect(readBody(body)).toEqual({ type: 'unknown', number });
      }),
    );
    expect(readBody(packed([0]))).toEqual({ type: 'unknown', number: 0 });
    expect(readBody(packed([-5]))).toEqual({ type: 'unknown', number: -5 });
  });

  test('that asks for members of a group is read in any order of what it asks', () => {
    const before = [40, {}, 'g', 5];
    expect(readBody(packed([...before, 100, null]))).toMatchObject({ ackId: 5, query: [100, null] });
    expect(readBody(packed([...before, null, 50, 'next']))).toMatchObject({ ackId: 5, query: [null, 50, 'next'] });
    expect(readBody(packed([...before, true]))).toMatchObject({ type: 'malformed', field: 'query' });
  });
});

describe('claims', () => {
  const claims = [
    ['role', 'a'],
    ['sub', 'x'],
    ['role', 'b'],
    ['__proto__', 'c'],
  ] as const;

  test('keep their order, and names that come again', () => {
    const read = readOne(writeServiceMessage({ type: 'openConnection', connectionId: 'c', claims }));
    expect(read).toMatchObject({ type: 'openConnection', claims });
  });
});

describe('an extension', () => {
  const close = (extension: Buffer): ReceivedServiceMessage =>
    readBody(Buffer.concat([Buffer.of(0x95), packed(5), packed('c'), packed(''), packed({}), extension]));

  test('is the same object where it is empty', () => {
    expect((close(Buffer.of(0x80)) as { extension?: unknown }).extension).toBe(NO_EXTENSION);
  });

  test.each([
    ['a number', '01'],
    ['text', 'a178'],
    ['nil', 'c0'],
    ['bytes', 'c40105'],
    ['an array in a map in an array', '9181a1789101'],
    ['a timestamp', 'd6ff00000000'],
  ])('is read without a key that is not known, which holds %s', (_, hex) => {
    const unknown = Buffer.concat([packed(7), Buffer.from(hex, 'hex')]);
    const known = Buffer.concat([packed(3), packed('json')]);
    expect(close(Buffer.concat([Buffer.of(0x82), unknown, known]))).toMatchObject({ extension: { protocol: 'json' } });
    expect(close(Buffer.concat([Buffer.of(0x82), known, unknown]))).toMatchObject({ extension: { protocol: 'json' } });
  });

  test.each([
    ['a key of text', '81a13301'],
    ['a member of another kind', '810305'],
    ['a number beyond 32 bits', '8102cf0000000100000000'],
    ['a negative tracing id', '8101ff'],
    ['what is nested too deep', `8107${'91'.repeat(17)}c0`],
    ['nothing for its last key', '8103'],
    ['nil for a map', 'c0'],
  ])('is refused with %s', (_, hex) => {
    expect(close(Buffer.from(hex, 'hex'))).toMatchObject({ type: 'malformed', message: 'closeConnection', field: 'extension' });
  });

  test('has a tracing id of 64 bits, in any encoding', () => {
    for (const hex of ['810105', '8101cf0000000000000005', '8101d30000000000000005']) {
      expect(close(Buffer.from(hex, 'hex'))).toMatchObject({ extension: { tracingId: 5n } });
    }
    const tooLarge = { type: 'connectionReconnect', connectionId: 'c', extension: { tracingId: 2n ** 64n } } as const;
    expect(() => writeServiceMessage(tooLarge)).toThrow(RangeError);
  });
});

describe('a stream', () => {
  test('of any messages is read as it was written, however cut', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), cuts, (messages, places) => {
        const bytes = Buffer.concat(messages.map((message) => writeServiceMessage(message)));
        deepStrictEqual(readPieces(cut(bytes, places)), { messages, waiting: 0 });
      }),
      { numRuns: 200 },
    );
  });

  test('stops behind a message where the sink says so', () => {
    const ping = writeServiceMessage({ type: 'ping', entries: [] });
    const lengths: number[] = [];
    const end = parseServiceMessages(Buffer.concat([ping, ping, ping]), ping.length, 0, (_, length) => lengths.push(length) < 1);
    expect({ end, lengths }).toEqual({ end: ping.length * 2, lengths: [ping.length] });
  });
});

test('a value of a ping is looked up by its key', () => {
  const ping = { entries: ['status', '1', 'echo', null, 'status', '2', 'odd'] };
  expect(['status', 'echo', 'odd', '1', 'servers'].map((key) => pingValue(ping, key))).toEqual([
    '1',
    null,
    undefined,
    undefined,
    undefined,
  ]);
});
