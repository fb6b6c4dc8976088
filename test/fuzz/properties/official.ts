import * as official from '@microsoft/signalr';
import { MessagePackHubProtocol as OfficialMessagePack } from '@microsoft/signalr-protocol-msgpack';
import * as fc from 'fast-check';
import { MessageType } from 'signalbox/protocol';
import type { HubMessage } from 'signalbox/protocol';
import { readChunks } from '../../protocol/hub/vectors.ts';
import { json, messagePack } from '../corpus.ts';
import { jsonValue, messageOf, messagePackValue } from '../messages.ts';
import { pureProperty, type Property } from '../property.ts';
import { expectSame } from '../same.ts';

/** What the official client makes of a message: it knows no difference between absent and empty. */
function plain(message: unknown): Record<string, unknown> {
  const { hasResult: _, ...rest } = message as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => value !== undefined && !(name === 'headers' && Object.keys(value as object).length === 0),
    ),
  );
}

/** A completion as the official client writes it has a result unless that is undefined. */
const toOfficial = (message: HubMessage): official.HubMessage => plain(message) as unknown as official.HubMessage;

const clientReads = new Set<number>([
  MessageType.invocation,
  MessageType.streamItem,
  MessageType.completion,
  MessageType.ping,
  MessageType.close,
  MessageType.ack,
  MessageType.sequence,
]);

/** The official client drops the streams of what it reads, and says null where there is no error. */
const asRead = (message: unknown): unknown => {
  const { streamIds: _, error = null, ...rest } = plain(message);
  return { ...rest, error };
};

function jsonBothWays(message: HubMessage): void {
  const theirs = new official.JsonHubProtocol();
  if (clientReads.has(message.type)) {
    const [read] = theirs.parseMessages(json.protocol.write(message) as string, official.NullLogger.instance);
    expectSame(plain(read), plain(message), 'what the official client read');
  }
  const written = Buffer.from(theirs.writeMessage(toOfficial(message)));
  expectSame(readChunks(json.protocol, [written]).messages.map(plain), [plain(message)], 'what the official client wrote');
}

function messagePackBothWays(message: HubMessage): void {
  const theirs = new OfficialMessagePack();
  if (clientReads.has(message.type)) {
    const bytes = Uint8Array.from(messagePack.protocol.write(message) as Uint8Array);
    const [read] = theirs.parseMessages(bytes.buffer, official.NullLogger.instance);
    expectSame(asRead(read), asRead(message), 'what the official client read');
  }
  // The client has no close message with content.
  if (message.type === MessageType.close) return;
  const written = Buffer.from(theirs.writeMessage(toOfficial(message)));
  expectSame(readChunks(messagePack.protocol, [written]).messages.map(plain), [plain(message)], 'what the official client wrote');
}

export const officialProperties: readonly Property[] = [
  pureProperty(
    {
      name: 'json-official',
      title: 'the official JavaScript client reads what we write, and writes what we read',
      share: 20_000,
      few: 150,
    },
    () => fc.property(messageOf(jsonValue), jsonBothWays),
  ),
  pureProperty(
    {
      name: 'messagepack-official',
      title: 'the official JavaScript client reads what we write, and writes what we read',
      share: 20_000,
      few: 150,
    },
    () => fc.property(messageOf(messagePackValue), messagePackBothWays),
  ),
];
