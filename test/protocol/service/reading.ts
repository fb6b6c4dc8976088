import { encode } from '@msgpack/msgpack';
import { parseServiceMessages, readServiceMessage } from '../../../src/protocol/service/reader.ts';
import type { ReceivedServiceMessage } from '../../../src/protocol/service/received.ts';

/** Reads pieces as a connection does: what is left is put in front of the next. */
export function readPieces(pieces: Iterable<Buffer>, limit = 0): { messages: ReceivedServiceMessage[]; waiting: number } {
  const messages: ReceivedServiceMessage[] = [];
  let waiting: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes = Buffer.concat([waiting, piece]);
    waiting = bytes.subarray(parseServiceMessages(bytes, 0, limit, (message) => messages.push(message) > 0));
  }
  return { messages, waiting: waiting.length };
}

export const readOne = (framed: Buffer): ReceivedServiceMessage | undefined => readPieces([framed]).messages[0];

export function readBody(body: Buffer): ReceivedServiceMessage {
  return readServiceMessage(body, 0, body.length);
}

export const packed = (value: unknown): Buffer => Buffer.from(encode(value));
