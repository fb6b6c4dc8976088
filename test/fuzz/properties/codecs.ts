import * as fc from 'fast-check';
import { MessagePackHubProtocol, lengthPrefixSize, writeLengthPrefix } from 'signalbox/protocol';
import type { HubMessage, HubProtocol, ReceivedMessage } from 'signalbox/protocol';
import { readChunks, writeAll } from '../../protocol/hub/vectors.ts';
import { json, messagePack, type Corpus } from '../corpus.ts';
import { isWellFormed, jsonValue, messageOf, messagePackValue } from '../messages.ts';
import { cut, cuts, edits, mutate, someEdits } from '../mutations.ts';
import { pureProperty, type Property } from '../property.ts';
import { expectSame, expectThat } from '../same.ts';

const limit = fc.constantFrom(0, 0, 0, 40, 200);

/** A message without what stands for nothing. */
function plain(message: ReceivedMessage): ReceivedMessage {
  const { headers, streamIds, allowReconnect, ...rest } = message as unknown as Record<string, unknown>;
  return {
    ...rest,
    headers: headers === undefined || Object.keys(headers as object).length === 0 ? undefined : headers,
    streamIds: Array.isArray(streamIds) && streamIds.length > 0 ? streamIds : undefined,
    allowReconnect: allowReconnect === true || undefined,
  } as unknown as ReceivedMessage;
}

/** What was read can be written, and is read again as the same. */
function holdsWrittenAgain(protocol: HubProtocol, message: ReceivedMessage): void {
  if (message.type === 'bindingFailure') return;
  const { messages, error } = readChunks(protocol, [Buffer.from(protocol.write(message satisfies HubMessage) as Uint8Array)]);
  expectSame(error, undefined, 'the error of a message that was written again');
  expectSame(messages.map(plain), [plain(message)], 'a message that was written again');
}

/** Whatever the bytes: messages in good shape and perhaps a protocol error, the same however they are cut. */
function holdsForBytes(protocol: HubProtocol, bytes: Buffer, places: readonly number[], most = 0): void {
  const whole = readChunks(protocol, [bytes], most);
  for (const message of whole.messages) {
    expectThat(isWellFormed(message), 'not in good shape:', message);
    holdsWrittenAgain(protocol, message);
  }
  expectThat(whole.length <= bytes.length, 'more was read than there is:', whole.length, bytes.length);
  const inPieces = readChunks(protocol, cut(bytes, places), most);
  const outcome = ({ messages, error, length }: typeof whole): unknown => ({ messages, error, length });
  expectSame(outcome(inPieces), outcome(whole), 'what was read in pieces');
  if (whole.error === undefined) expectThat(inPieces.waiting === whole.waiting, 'other bytes wait:', inPieces.waiting, whole.waiting);
}

const writtenMessages = (protocol: HubProtocol, value: fc.Arbitrary<unknown>): fc.IRawProperty<unknown> =>
  fc.property(fc.array(messageOf(value), { maxLength: 5 }), cuts, (messages, places) => {
    const bytes = writeAll(protocol, messages);
    const reading = readChunks(protocol, cut(bytes, places));
    expectSame(reading, { messages, error: undefined, waiting: 0, length: bytes.length }, 'what was read');
  });

/** Bytes as peers send them: recorded ones, and such as are written here. */
const sources = ({ protocol, messages, sessions }: Corpus, value: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.constantFrom(...messages), { minLength: 1, maxLength: 4 }).map((parts) => Buffer.concat(parts)) },
    { weight: 1, arbitrary: fc.constantFrom(...sessions) },
    { weight: 2, arbitrary: fc.array(messageOf(value), { minLength: 1, maxLength: 3 }).map((written) => writeAll(protocol, written)) },
  );

const signs = ['{', '}', '[', ']', ':', ',', '"', '\\', '\u001e', ' ', '\n', '1', '-0', '1e999', 'null', 'true', '"x"', '\ufeff', '\ud800'];
const properties = [
  '"type":1',
  '"type":3',
  '"target":"m"',
  '"arguments":[',
  '"invocationId":"1"',
  '"headers":{',
  '"streamIds":[',
  '"item":',
];

const text = fc.tuple(fc.array(fc.constantFrom(...signs, ...properties), { maxLength: 25 }), fc.boolean()).map(([tokens, inObject]) => {
  const joined = tokens.join('');
  return Buffer.from(inObject ? `{"type":1,"target":"m",${joined}}\u001e` : `${joined}\u001e`);
});

/** A whole record of MessagePack around any contents. */
function frame(payload: Uint8Array): Buffer {
  const size = lengthPrefixSize(payload.length);
  const framed = Buffer.alloc(size + payload.length);
  writeLengthPrefix(framed, 0, payload.length);
  framed.set(payload, size);
  return framed;
}

/** The contents of recorded records. */
const payloads = messagePack.messages.map((bytes) => bytes.subarray(lengthPrefixSize(Math.max(bytes.length - 1, 0))));
const payload = fc.constantFrom(...payloads);
const head = fc.constantFrom(
  '96018001a1',
  '960180a131a16d',
  '960480a131a16d91',
  '940280a131',
  '950380a13103',
  '9601',
  '9307',
  '9208',
  '9209',
);

/** Behind a length that is true: any bytes, the head of a message and any bytes, a message cut short, a changed message. */
const records = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.tuple(head, fc.uint8Array({ maxLength: 60 })).map(([start, rest]) => Buffer.concat([Buffer.from(start, 'hex'), rest])),
  fc.tuple(payload, fc.nat(500)).map(([bytes, length]) => bytes.subarray(0, length % (bytes.length + 1))),
  fc.tuple(payload, someEdits).map(([bytes, changes]) => mutate(bytes, changes)),
);

/** The first record of some bytes, with what lies around it. */
function readFirst(protocol: HubProtocol, record: Buffer, behind: Uint8Array): unknown {
  const messages: ReceivedMessage[] = [];
  try {
    protocol.parse(Buffer.concat([Buffer.of(0xc1, 0xff), record, behind]), 2, 0, (message) => {
      messages.push(message);
      return false;
    });
    return { messages };
  } catch (error) {
    return { error: String(error) };
  }
}

const bigIntegers = new MessagePackHubProtocol({ int64: 'bigint' });

export const codecProperties: readonly Property[] = [
  pureProperty({ name: 'json-messages', title: 'any messages are read as they were written, however cut', share: 50_000, few: 250 }, () =>
    writtenMessages(json.protocol, jsonValue),
  ),
  pureProperty(
    { name: 'messagepack-messages', title: 'any messages are read as they were written, however cut', share: 50_000, few: 250 },
    () => writtenMessages(messagePack.protocol, messagePackValue),
  ),
  pureProperty(
    {
      name: 'json-changes',
      title: 'changed messages are read or refused, the same however cut, and can be written again',
      share: 160_000,
      few: 1_000,
    },
    () =>
      fc.property(sources(json, jsonValue), edits, cuts, limit, (bytes, changes, places, most) =>
        holdsForBytes(json.protocol, mutate(bytes, changes), places, most),
      ),
  ),
  pureProperty(
    {
      name: 'messagepack-changes',
      title: 'changed messages are read or refused, the same however cut, and can be written again',
      share: 160_000,
      few: 1_000,
    },
    () =>
      fc.property(sources(messagePack, messagePackValue), edits, cuts, limit, fc.boolean(), (bytes, changes, places, most, big) =>
        holdsForBytes(big ? bigIntegers : messagePack.protocol, mutate(bytes, changes), places, most),
      ),
  ),
  pureProperty({ name: 'json-words', title: 'words of JSON in any order are read or refused', share: 40_000, few: 1_000 }, () =>
    fc.property(
      fc.oneof(
        text,
        fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.concat([bytes, Buffer.of(0x1e)])),
      ),
      cuts,
      (bytes, places) => holdsForBytes(json.protocol, bytes, places),
    ),
  ),
  pureProperty(
    { name: 'messagepack-records', title: 'any record is read or refused, and what follows has no part in it', share: 120_000, few: 1_500 },
    () =>
      fc.property(records, cuts, fc.uint8Array({ maxLength: 40 }), fc.boolean(), (contents, places, behind, big) => {
        const protocol = big ? bigIntegers : messagePack.protocol;
        const record = frame(contents);
        holdsForBytes(protocol, record, places);
        const alone = readFirst(protocol, record, Buffer.alloc(0)) as { readonly messages?: readonly unknown[] };
        // A record of an unknown type is passed over: what is read first then is what follows.
        if (alone.messages?.length !== 0) expectSame(readFirst(protocol, record, behind), alone, 'a record with others behind it');
      }),
  ),
];
