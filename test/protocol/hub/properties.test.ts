import * as official from '@microsoft/signalr';
import { MessagePackHubProtocol as OfficialMessagePack } from '@microsoft/signalr-protocol-msgpack';
import * as fc from 'fast-check';
import { JsonHubProtocol, MessagePackHubProtocol, MessageType } from 'signalbox/protocol';
import type { HubMessage, HubProtocol } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { jsonValue, messageOf, messagePackValue } from './messages.ts';
import { readChunks, writeAll } from './vectors.ts';

const protocols: readonly [string, HubProtocol, fc.Arbitrary<unknown>][] = [
  ['json', new JsonHubProtocol(), jsonValue],
  ['messagepack', new MessagePackHubProtocol(), messagePackValue],
];

describe.each(protocols)('%s', (_, protocol, value) => {
  test('any messages are read as they were written, however their bytes are cut', () => {
    const someMessages = fc.array(messageOf(value), { maxLength: 5 });
    fc.assert(
      fc.property(someMessages, fc.array(fc.nat(200), { minLength: 1, maxLength: 6 }), (messages, cuts) => {
        const bytes = writeAll(protocol, messages);
        const sizes = cuts.toSorted((a, b) => a - b);
        const chunks = sizes.map((size, index) => bytes.subarray(index === 0 ? 0 : sizes[index - 1], size));
        const reading = readChunks(protocol, [...chunks, bytes.subarray(sizes.at(-1))]);
        expect(reading).toEqual({ messages, error: undefined, waiting: 0, length: bytes.length });
      }),
      { numRuns: 300 },
    );
  });
});

/** What the official client makes of a message: it knows no difference between absent and empty. */
function plain(message: unknown): unknown {
  const { hasResult: _, ...rest } = message as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => value !== undefined && !(name === 'headers' && Object.keys(value as object).length === 0),
    ),
  );
}

/** A completion as the official client writes it has a result unless that is undefined. */
function toOfficial(message: HubMessage): official.HubMessage {
  return plain(message) as official.HubMessage;
}

const clientReads = new Set<number>([
  MessageType.invocation,
  MessageType.streamItem,
  MessageType.completion,
  MessageType.ping,
  MessageType.close,
  MessageType.ack,
  MessageType.sequence,
]);

describe('the official JavaScript client, JSON', () => {
  const ours = new JsonHubProtocol();
  const theirs = new official.JsonHubProtocol();

  test('reads what we write', () => {
    fc.assert(
      fc.property(messageOf(jsonValue), (message) => {
        fc.pre(clientReads.has(message.type));
        const [read] = theirs.parseMessages(ours.write(message), official.NullLogger.instance);
        expect(plain(read)).toEqual(plain(message));
      }),
    );
  });

  test('writes what we read', () => {
    fc.assert(
      fc.property(messageOf(jsonValue), (message) => {
        const written = theirs.writeMessage(toOfficial(message));
        expect(readChunks(ours, [Buffer.from(written)]).messages.map(plain)).toEqual([plain(message)]);
      }),
    );
  });
});

describe('the official JavaScript client, MessagePack', () => {
  const ours = new MessagePackHubProtocol();
  const theirs = new OfficialMessagePack();

  /** It drops the streams of what it reads. */
  const withoutStreams = (message: unknown): unknown => {
    const { streamIds: _, ...rest } = plain(message) as Record<string, unknown>;
    return rest;
  };

  test('reads what we write', () => {
    fc.assert(
      fc.property(messageOf(messagePackValue), (message) => {
        fc.pre(clientReads.has(message.type));
        const bytes = Uint8Array.from(ours.write(message));
        const [read] = theirs.parseMessages(bytes.buffer, official.NullLogger.instance);
        expect({ error: null, ...(withoutStreams(read) as object) }).toEqual({ error: null, ...(withoutStreams(message) as object) });
      }),
    );
  });

  test('writes what we read', () => {
    fc.assert(
      fc.property(messageOf(messagePackValue), (message) => {
        // The client has no close message with content.
        fc.pre(message.type !== MessageType.close);
        const written = Buffer.from(theirs.writeMessage(toOfficial(message)));
        expect(readChunks(ours, [written]).messages.map(plain)).toEqual([plain(message)]);
      }),
    );
  });
});
