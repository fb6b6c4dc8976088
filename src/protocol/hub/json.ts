import { isAscii } from 'node:buffer';
import { readTextRecord } from './framing.ts';
import type { HubProtocol, MessageSink } from './hub-protocol.ts';
import { readJsonMessage, unreadable } from './json-reader.ts';
import { decodeRecord } from './json-text.ts';
import { writeJsonMessage } from './json-writer.ts';
import type { HubMessage } from './message.ts';

/**
 * The hub protocol as JSON text, each message ended by the byte 1E.
 *
 * Values are what `JSON.parse` gives and `JSON.stringify` takes. A message nested deeper than 64 levels ends the
 * connection, as on the reference server.
 */
export class JsonHubProtocol implements HubProtocol {
  readonly name = 'json';
  readonly format = 'text';

  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    let position = start;
    let ascii: boolean | undefined;
    for (;;) {
      const end = readTextRecord(bytes, position, limit);
      if (end < 0) return position;
      ascii ??= isAscii(bytes);
      const text = decodeRecord(bytes, position, end, ascii);
      if (text === undefined) throw unreadable();
      const message = readJsonMessage(text);
      const length = end + 1 - position;
      position = end + 1;
      if (message !== undefined && !sink(message, length, bytes, position)) return position;
    }
  }

  write(message: HubMessage): string {
    return writeJsonMessage(message);
  }
}
