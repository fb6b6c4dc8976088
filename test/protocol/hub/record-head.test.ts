import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBinaryRecord, readTextRecord } from '../../../src/protocol/hub/framing.ts';
import type { HubProtocol } from '../../../src/protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../../../src/protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../../../src/protocol/hub/messagepack.ts';
import { MessageType, type HubMessage, type ReceivedMessage } from '../../../src/protocol/hub/message.ts';
import { readJsonHead, readMessagePackHead, type RecordHead } from '../../../src/protocol/hub/record-head.ts';
import { bytesOf, loadVectors, readChunks } from './vectors.ts';

const protocols = { json: new JsonHubProtocol(), messagepack: new MessagePackHubProtocol() } as const;
type Kind = keyof typeof protocols;

/** The heads of all records. */
function headsOf(kind: Kind, bytes: Buffer): (RecordHead | undefined)[] {
  const heads: (RecordHead | undefined)[] = [];
  const span = { start: 0, end: 0 };
  for (let at = 0; at < bytes.length;) {
    if (kind === 'json') {
      const end = readTextRecord(bytes, at, 0);
      heads.push(readJsonHead(bytes, at, end));
      at = end + 1;
    } else {
      if (!readBinaryRecord(bytes, at, 0, span)) throw new Error('A vector ends inside a record.');
      heads.push(readMessagePackHead(bytes, span.start, span.end));
      at = span.end;
    }
  }
  return heads;
}

/** What the head of a message that was read whole has to be. */
function expectedHead(message: ReceivedMessage): unknown {
  const { type } = message;
  if (type === 'bindingFailure') return expect.objectContaining({ invocationId: message.invocationId });
  const { invocationId, sequenceId, streamIds } = message as Partial<RecordHead>;
  // An item that can't be read becomes the failed completion of its stream.
  const failed = type === MessageType.completion && message.error !== undefined;
  return {
    type: failed ? expect.toBeOneOf([MessageType.streamItem, type]) : type,
    invocationId,
    sequenceId,
    streamIds: streamIds?.length ? streamIds : undefined,
  };
}

/** Types that the parsers skip. */
const isKnown = (head: RecordHead | undefined): boolean => head !== undefined && head.type >= 1 && head.type <= 9;

const bytesFrom = (protocol: HubProtocol, message: HubMessage): Buffer => Buffer.from(protocol.write(message) as Uint8Array);

describe.each(['json', 'messagepack'] as const)('heads of %s', (kind) => {
  test.each(loadVectors()[kind].map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const bytes = bytesOf(vector);
    const { messages, error, waiting } = readChunks(protocols[kind], [bytes]);
    const heads = error !== undefined || waiting > 0 ? [] : headsOf(kind, bytes);
    if (error === undefined && waiting === 0) expect(heads.filter(isKnown)).toEqual(messages.map(expectedHead));
  });

  test('are those that the parser finds, whatever is in a message', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 });
    const calls = fc.record({
      type: fc.constantFrom(MessageType.invocation, MessageType.streamInvocation),
      invocationId: text,
      target: text,
      arguments: fc.array(fc.jsonValue({ maxDepth: 4 })),
      headers: fc.dictionary(text, text),
      streamIds: fc.option(fc.array(text, { minLength: 1 }), { nil: undefined }),
    });
    const items = fc.record({ type: fc.constant(MessageType.streamItem), invocationId: text, item: fc.jsonValue() });
    const counts = fc.record({
      type: fc.constantFrom(MessageType.ack, MessageType.sequence),
      sequenceId: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    });
    fc.assert(
      fc.property(fc.oneof(calls, items, counts), (message) => {
        const bytes = bytesFrom(protocols[kind], message);
        expect(headsOf(kind, bytes)).toEqual(readChunks(protocols[kind], [bytes]).messages.map(expectedHead));
      }),
    );
  });

  test('of any bytes are read without an error', () => {
    const read = kind === 'json' ? readJsonHead : readMessagePackHead;
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        read(Buffer.from(bytes), 0, bytes.length);
      }),
    );
  });
});

describe('the head of JSON', () => {
  const head = (text: string): RecordHead | undefined => readJsonHead(Buffer.from(`xx${text}yy`), 2, 2 + Buffer.byteLength(text));

  test('has its properties in any order, spaced and escaped', () => {
    expect(head('{"arguments":[{"type":9,"invocationId":"no"}],"invocationId":"7","target":"t","type":1}')).toEqual({
      type: 1,
      invocationId: '7',
    });
    expect(head(' { "type" : 8 , "sequenceId" : 12345678901 } ')).toEqual({ type: 8, sequenceId: 12_345_678_901 });
    expect(head('{"t\\u0079pe":1,"invocationId":"\\"}\\u0041","arguments":["}\\"]"]}')).toEqual({ type: 1, invocationId: '"}A' });
  });

  test('is of the last of several properties of a name, as the parser has it', () => {
    expect(head('{"type":1,"type":6}')).toEqual({ type: 6 });
  });

  test.each(['', '[]', '"type"', '{}', '{"type":"1"}', '{"type":1.5}', '{"type"1}', '{"target":"type"}', '{"a":{"type":1}}'])(
    'is none in %s',
    (text) => expect(head(text)).toBeUndefined(),
  );

  test('ends where its record ends', () => {
    expect(readJsonHead(Buffer.from('{"arguments":["\u001e{"type":1}'), 0, 15)).toBeUndefined();
  });
});

test.each([[[]], [[0x90]], [[0x91, 0xa1, 0x31]], [[0x01]], [[0x92, 0xcd, 0x00]]])('there is no head of MessagePack in %j', (bytes) => {
  expect(readMessagePackHead(Buffer.from(bytes), 0, bytes.length)).toBeUndefined();
});
