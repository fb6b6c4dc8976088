import { HubProtocolError, readMessageObject, writeMessageObject } from 'signalbox/protocol';
import type { HubMessage, HubProtocol, MessageSink } from 'signalbox/protocol';

const LINE_END = 0x0a;

/** A text protocol of one's own: each message is a line of JSON. */
export class JsonLines implements HubProtocol {
  readonly name = 'json-lines';
  readonly version = 1;
  readonly format = 'text';

  parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    let position = start;
    for (;;) {
      const found = bytes.indexOf(LINE_END, position);
      const end = found < 0 ? bytes.length : found + 1;
      if (limit > 0 && end - position > limit) throw new HubProtocolError(`A line is longer than ${limit} bytes.`);
      if (found < 0) return position;
      const message = readMessageObject(parsed(bytes.toString('utf8', position, found)));
      const length = end - position;
      position = end;
      if (message !== undefined && !sink(message, length)) return position;
    }
  }

  write(message: HubMessage): string {
    return `${JSON.stringify(writeMessageObject(message))}\n`;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HubProtocolError('A line is no JSON.');
  }
}
