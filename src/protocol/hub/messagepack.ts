import { readBinaryRecord } from './framing.ts';
import type { RecordSpan } from './framing.ts';
import type { HubProtocol, MessageSink } from './hub-protocol.ts';
import type { HubMessage } from './message.ts';
import { MessagePackBuffer } from './messagepack-buffer.ts';
import { MessagePackReader } from './messagepack-reader.ts';
import { MessagePackValues } from './messagepack-values.ts';
import { writeMessagePackMessage } from './messagepack-writer.ts';

export { ExtData } from '@msgpack/msgpack';

export interface MessagePackOptions {
  /**
   * Whether integers that were sent in 64 bits are read as bigints; else as numbers, rounded beyond 2^53. Default: false.
   * Bigints can be sent either way.
   */
  readonly useBigInt64?: boolean;
}

/**
 * The hub protocol as MessagePack, each message preceded by its length.
 *
 * Values are those of JSON, and: `Uint8Array` (any view of an `ArrayBuffer` is written as its bytes), `Date` (the timestamp
 * extension), `bigint` (an integer of 64 bits), `ExtData` (any other extension). Safe integers are written as integers,
 * other numbers as floats of 64 bits. A property that is undefined is left out, as in JSON; `toJSON` is not called. The keys
 * of a map that is read must be strings or numbers. Values nested deeper than 62 levels are not read.
 */
export class MessagePackHubProtocol implements HubProtocol {
  readonly name = 'messagepack';
  readonly format = 'binary';
  readonly #values: MessagePackValues;
  readonly #reader: MessagePackReader;
  #buffer: MessagePackBuffer | undefined;

  constructor(options: MessagePackOptions = {}) {
    this.#values = new MessagePackValues(options.useBigInt64 ?? false);
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
