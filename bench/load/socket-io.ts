import type { Dialect, GreetingStep, Received } from './dialect.ts';
import { MessageRecords, type RecordReader, type RecordSink } from './record-reader.ts';
import { PLACEHOLDER } from './sequence.ts';
import { numbered, type NumberedMessage } from './template.ts';

/** Packets: the type of Engine.IO, and for its messages that of Socket.IO behind it. */
const PACKET = { open: '0', ping: '2', pong: '3', connect: '40', disconnect: '41', event: '42', ack: '43', connectError: '44' } as const;

/** Socket.IO's protocol, version 5 over version 4 of Engine.IO, WebSockets only. Calls are events that ask for an acknowledgement. */
export class SocketIo implements Dialect {
  readonly format = 'text';
  readonly pong: Buffer = Buffer.from(PACKET.pong);
  readonly query = '/?EIO=4&transport=websocket';

  greet(record: Buffer): GreetingStep {
    const text = record.toString();
    if (text.startsWith(PACKET.open)) return { reply: Buffer.from(PACKET.connect) };
    return text.startsWith(PACKET.connect) ? { ready: true } : { error: text };
  }

  records(sink: RecordSink): RecordReader {
    return new MessageRecords(sink);
  }

  interpret(record: Buffer): Received {
    const text = record.toString();
    if (text === PACKET.ping) return { kind: 'ping' };
    const packet = text.slice(0, 2);
    if (packet === PACKET.disconnect) return { kind: 'close', error: undefined };
    if (packet === PACKET.connectError) return { kind: 'close', error: text.slice(2) };
    const [, id = '', json = ''] = /^(\d*)(\[.*)$/s.exec(text.slice(2)) ?? [];
    if (json === '' || (packet !== PACKET.ack && packet !== PACKET.event)) throw new SyntaxError(`a packet '${text.slice(0, 40)}'`);
    const [first, ...rest] = JSON.parse(json) as unknown[];
    return packet === PACKET.ack
      ? { kind: 'completion', id, result: first }
      : { kind: 'invocation', id: id === '' ? undefined : id, target: String(first), args: rest };
  }

  call(target: string, args: readonly unknown[]): NumberedMessage {
    return message(PACKET.event + PLACEHOLDER, [target, ...args]);
  }

  send(target: string, args: readonly unknown[]): NumberedMessage {
    return message(PACKET.event, [target, ...args]);
  }

  answer(id: string, result: unknown): NumberedMessage {
    return message(PACKET.ack + id, [result]);
  }
}

function message(type: string, data: readonly unknown[]): NumberedMessage {
  return numbered(Buffer.from(type + JSON.stringify(data)));
}
