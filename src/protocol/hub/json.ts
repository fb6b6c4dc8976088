import { isAscii } from 'node:buffer';
import { readTextRecord } from './framing.ts';
import { HUB_PROTOCOL_VERSION, type HubProtocol, type MessageSink } from './hub-protocol.ts';
import { jsonConversions, type JsonConversions, type JsonOptions } from './json-options.ts';
import { readJsonMessage, reviveValues } from './json-reader.ts';
import { decodeRecord } from './json-text.ts';
import { writeJsonMessage } from './json-writer.ts';
import { unreadable } from './message-object.ts';
import type { HubMessage, ReceivedMessage } from './message.ts';

/**
 * The hub protocol as JSON text, each message ended by the byte 1E.
 *
 * Values are what `JSON.parse` gives and `JSON.stringify` takes, and on their way out also bytes, as base64 text, a `Map`, as an
 * object, a `Set`, as an array, and bigints. Numbers that are not finite and what is undefined are null; a property that is
 * undefined is left out. A message nested deeper than 64 levels ends the connection, as on the reference server.
 */
export class JsonHubProtocol implements HubProtocol {
  readonly name = 'json';
  readonly version = HUB_PROTOCOL_VERSION;
  readonly format = 'text';
  readonly #conversions: JsonConversions | undefined;

  /** @throws TypeError for a value that an option does not take */
  constructor(options?: JsonOptions) {
    this.#conversions = options && jsonConversions(options);
  }

  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    let position = start;
    let ascii: boolean | undefined;
    for (;;) {
      const end = readTextRecord(bytes, position, limit);
      if (end < 0) return position;
      ascii ??= isAscii(bytes);
      const text = decodeRecord(bytes, position, end, ascii);
      if (text === undefined) throw unreadable();
      const message = this.#read(text);
      const length = end + 1 - position;
      position = end + 1;
      if (message !== undefined && !sink(message, length, bytes, position)) return position;
    }
  }

  write(message: HubMessage): string {
    return writeJsonMessage(message, this.#conversions?.write);
  }

  #read(text: string): ReceivedMessage | undefined {
    if (this.#conversions === undefined) return readJsonMessage(text);
    const { parse, revive } = this.#conversions;
    const message = readJsonMessage(text, parse);
    return message === undefined || revive === undefined ? message : reviveValues(message, revive);
  }
}
