import {
  HubProtocolError,
  readBinaryRecord,
  readMessageObject,
  writeLengthPrefix,
  writeMessageObject,
  lengthPrefixSize,
  type HubMessage,
  type HubProtocol,
  type MessageSink,
} from 'signalbox/protocol';

/** Each message as a JSON object in UTF-8, behind its length. */
export class LengthPrefixedJson implements HubProtocol {
  readonly name = 'length-prefixed-json';
  readonly version = 2;
  readonly format = 'binary';

  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    const record = { start, end: start };
    let position = start;
    // Answers false while the record has not arrived whole, and throws where it is larger than the limit.
    while (readBinaryRecord(bytes, position, limit, record)) {
      const message = readMessageObject(decode(bytes, record.start, record.end));
      const length = record.end - position;
      position = record.end;
      // Undefined is a message of a type that is not known here: it is skipped.
      if (message !== undefined && !sink(message, length)) break;
    }
    return position;
  }

  write(message: HubMessage): Uint8Array {
    const json = Buffer.from(JSON.stringify(writeMessageObject(message)));
    const size = lengthPrefixSize(json.length);
    const record = Buffer.allocUnsafe(size + json.length);
    writeLengthPrefix(record, 0, json.length);
    json.copy(record, size);
    return record;
  }
}

function decode(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch (error) {
    throw new HubProtocolError(`The message is no JSON: ${String(error)}`);
  }
}
