import * as fc from 'fast-check';
import { HubProtocolError, JsonHubProtocol, MessagePackHubProtocol, lengthPrefixSize, writeLengthPrefix } from 'signalbox/protocol';
import type { HubProtocol, ReceivedMessage } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { isWellFormed } from './messages.ts';
import { bytesOf, loadVectors } from './vectors.ts';

const vectors = loadVectors();
const RUNS = { numRuns: 1_500 };

/** Reads; whatever the bytes, the result is messages in good shape, and perhaps a protocol error. */
function readAnything(protocol: HubProtocol, bytes: Buffer, start = 0, most = Number.POSITIVE_INFINITY): unknown {
  const messages: ReceivedMessage[] = [];
  let end: number | undefined;
  let failure: unknown;
  try {
    end = protocol.parse(bytes, start, 0, (message, byteLength) => {
      expect(byteLength).toBeGreaterThan(0);
      return messages.push(message) < most;
    });
    expect(end).toBeGreaterThanOrEqual(start);
    expect(end).toBeLessThanOrEqual(bytes.length);
  } catch (error) {
    expect(error).toBeInstanceOf(HubProtocolError);
    failure = String(error);
  }
  expect(messages.filter((message) => !isWellFormed(message))).toEqual([]);
  return { messages, end, failure };
}

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({ at: fc.nat(400), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) });

function mutate(bytes: Buffer, edits: readonly Edit[]): Buffer {
  let mutated = bytes;
  for (const { at, remove, insert } of edits) {
    const place = mutated.length === 0 ? 0 : at % mutated.length;
    mutated = Buffer.concat([mutated.subarray(0, place), insert, mutated.subarray(place + remove)]);
  }
  return mutated;
}

function frame(payload: Uint8Array): Buffer {
  const size = lengthPrefixSize(payload.length);
  const framed = Buffer.alloc(size + payload.length);
  writeLengthPrefix(framed, 0, payload.length);
  framed.set(payload, size);
  return framed;
}

/** The contents of every recorded or measured MessagePack message. */
const payloads = vectors.messagepack.map(bytesOf).map((bytes) => bytes.subarray(lengthPrefixSize(Math.max(bytes.length - 1, 0))));
const payload = fc.constantFrom(...payloads);

describe('messagepack', () => {
  const protocol = new MessagePackHubProtocol();

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void readAnything(protocol, Buffer.from(bytes))),
      RUNS,
    );
  });

  test('random bytes behind a true length and the head of a message', () => {
    const head = fc.constantFrom('96018001a1', '960180a131a16d', '960480a131a16d91', '940280a131', '950380a13103', '9601', '9307', '9208');
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        readAnything(protocol, frame(Buffer.concat([Buffer.from(start, 'hex'), rest])));
      }),
      RUNS,
    );
  });

  test('mutated messages', () => {
    fc.assert(
      fc.property(payload, fc.array(edit, { minLength: 1, maxLength: 4 }), (bytes, edits) => {
        readAnything(protocol, frame(mutate(bytes, edits)));
        readAnything(protocol, mutate(frame(bytes), edits));
      }),
      RUNS,
    );
  });

  test('messages cut short anywhere, behind a length that says so', () => {
    for (const bytes of payloads) {
      for (let length = 0; length < bytes.length; length++) readAnything(protocol, frame(bytes.subarray(0, length)));
    }
  });

  test('what follows a message has no part in how it is read', () => {
    fc.assert(
      fc.property(payload, fc.array(edit, { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }), (bytes, edits, rest) => {
        const framed = frame(mutate(bytes, edits));
        const first = (after: Uint8Array): unknown => {
          const embedded = Buffer.concat([Buffer.of(0xc1, 0xff), framed, after]);
          return readAnything(protocol, embedded, 2, 1);
        };
        const alone = first(new Uint8Array(0)) as { messages: unknown[]; failure: unknown };
        fc.pre(alone.messages.length > 0 || alone.failure !== undefined);
        expect(first(rest)).toEqual(alone);
      }),
      RUNS,
    );
  });
});

describe('json', () => {
  const protocol = new JsonHubProtocol();
  const texts = vectors.json.map(bytesOf);

  test('random bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 100 }).map((random) => Buffer.concat([random, Buffer.of(0x1e)]));
    fc.assert(
      fc.property(bytes, (random) => void readAnything(protocol, random)),
      RUNS,
    );
  });

  test('random tokens', () => {
    const words = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '\u001e',
      ' ',
      '\n',
      '1',
      '-0',
      '1e999',
      'null',
      'true',
      '"x"',
      '\ufeff',
      '\ud800',
    ];
    const names = [
      '"type":1',
      '"type":3',
      '"target":"m"',
      '"arguments":[',
      '"invocationId":"1"',
      '"headers":{',
      '"streamIds":[',
      '"item":',
    ];
    const text = fc.array(fc.constantFrom(...words, ...names), { maxLength: 25 }).map((tokens) => tokens.join(''));
    fc.assert(
      fc.property(text, fc.boolean(), (random, inObject) => {
        readAnything(protocol, Buffer.from(inObject ? `{"type":1,"target":"m",${random}}\u001e` : `${random}\u001e`));
      }),
      RUNS,
    );
  });

  test('mutated messages', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }), (bytes, edits) => {
        readAnything(protocol, mutate(bytes, edits));
      }),
      RUNS,
    );
  });
});
