import type { RecordSpan } from '../../base/messagepack/length-prefix.ts';
import { readBinaryRecord } from './framing.ts';
import { HUB_PROTOCOL_VERSION, type HubProtocol, type MessageSink } from './hub-protocol.ts';
import type { HubMessage } from './message.ts';
import { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import { Extensions } from './messagepack-extensions.ts';
import { messagePackReading, type MessagePackOptions } from './messagepack-options.ts';
import { MessagePackReader } from './messagepack-reader.ts';
import { MessagePackValues } from './messagepack-values.ts';
import { writeMessagePackMessage } from './messagepack-writer.ts';

export { ExtData } from '@msgpack/msgpack';

/**
 * The hub protocol as MessagePack, each message preceded by its length.
 *
 * Values are those of JSON, and: `Uint8Array` (any view of an `ArrayBuffer` is written as its bytes), `Date` (the timestamp
 * extension), `bigint` (an integer of 64 bits), `Map` (a map whose keys are what they are), `Set` (an array), `ExtData` (any other
 * extension). Safe integers are written as integers, other numbers as floats of 64 bits. A property that is undefined is left out,
 * as in JSON; `toJSON` is not called. The keys of a map that is read as an object must be strings or numbers. Values nested deeper
 * than 62 levels are not read.
 */
export class MessagePackHubProtocol implements HubProtocol {
  readonly name = 'messagepack';
  readonly version = HUB_PROTOCOL_VERSION;
  readonly format = 'binary';
  readonly #values: MessagePackValues;
  readonly #reader: MessagePackReader;
  #buffer: MessagePackBuffer | undefined;

  /** @throws TypeError for a value that an option does not take */
  constructor(options: MessagePackOptions = {}) {
    this.#values = new MessagePackValues(messagePackReading(options), new Extensions(options.extensions));
    this.#reader = new MessagePackReader(this.#values);
  }

  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    const span: RecordSpan = { start, end: start };
    let position = start;
    while (readBinaryRecord(bytes, position, limit, span)) {
      const message = this.#reader.read(bytes, span.start, span.end);
      const length = span.end - position;
      position = span.end;
      if (message !== undefined && !sink(message, length, bytes, position)) break;
    }
    return position;
  }

  write(message: HubMessage): Uint8Array {
    // A getter of a value may write another message meanwhile: that one gets a buffer of its own.
    const buffer = this.#buffer ?? new MessagePackBuffer();
    this.#buffer = undefined;
    try {
      buffer.begin();
      writeMessagePackMessage(message, buffer, this.#values);
      return buffer.end();
    } finally {
      this.#buffer = buffer;
    }
  }
}
