import { decode, encode } from '@msgpack/msgpack';
import type { Dialect, GreetingStep, Received, StreamCalls } from './dialect.ts';
import { MeasuredRecords, type RecordReader, type RecordSink } from './record-reader.ts';
import { PLACEHOLDER } from './sequence.ts';
import { handshake, handshakeError, HUB_MESSAGE, UPLOAD_STREAM } from './signalr.ts';
import { numbered, type NumberedMessage } from './template.ts';

/** How a completion ends: the fourth item of its array. */
const RESULT_KIND = { error: 1, nothing: 2, value: 3 } as const;
const NO_HEADERS = {};

/** SignalR's hub protocol in MessagePack. */
export class SignalRMessagePack implements Dialect {
  readonly format = 'binary';
  readonly opening: Buffer = handshake('messagepack');
  readonly query = '';
  readonly streams: StreamCalls = {
    call: (target, args) => record([HUB_MESSAGE.streamInvocation, NO_HEADERS, PLACEHOLDER, target, args, []]),
    upload: (target, items) => [
      record([HUB_MESSAGE.invocation, NO_HEADERS, PLACEHOLDER, target, [], [UPLOAD_STREAM]]),
      ...items.map((item) => record([HUB_MESSAGE.streamItem, NO_HEADERS, UPLOAD_STREAM, item])),
      record([HUB_MESSAGE.completion, NO_HEADERS, UPLOAD_STREAM, RESULT_KIND.nothing]),
    ],
  };

  greet(bytes: Buffer): GreetingStep {
    const error = handshakeError(bytes);
    return error === undefined ? { ready: true } : { error };
  }

  records(sink: RecordSink): RecordReader {
    return new MeasuredRecords(sink);
  }

  interpret(bytes: Buffer): Received {
    const message = decode(bytes);
    if (!Array.isArray(message)) throw new TypeError('a message that is no array');
    const fields: readonly unknown[] = message;
    const [type, second, id] = fields;
    switch (type) {
      case HUB_MESSAGE.completion:
        return completion(String(id), fields);
      case HUB_MESSAGE.invocation:
        return { kind: 'invocation', id: typeof id === 'string' ? id : undefined, target: String(fields[3]), args: fields[4] as unknown[] };
      case HUB_MESSAGE.streamItem:
        return { kind: 'item', id: String(id), item: fields[3] };
      case HUB_MESSAGE.ping:
        return { kind: 'ping' };
      case HUB_MESSAGE.close:
        return { kind: 'close', error: typeof second === 'string' ? second : undefined };
      default:
        throw new TypeError(`a message of type ${String(type)}`);
    }
  }

  call(target: string, args: readonly unknown[]): NumberedMessage {
    return record([HUB_MESSAGE.invocation, NO_HEADERS, PLACEHOLDER, target, args, []]);
  }

  send(target: string, args: readonly unknown[]): NumberedMessage {
    return record([HUB_MESSAGE.invocation, NO_HEADERS, null, target, args, []]);
  }

  answer(id: string, result: unknown): NumberedMessage {
    return record([HUB_MESSAGE.completion, NO_HEADERS, id, RESULT_KIND.value, result]);
  }
}

function completion(id: string, [, , , kind, value]: readonly unknown[]): Received {
  return kind === RESULT_KIND.error
    ? { kind: 'completion', id, result: undefined, error: String(value) }
    : { kind: 'completion', id, result: value };
}

function record(message: readonly unknown[]): NumberedMessage {
  const bytes = encode(message);
  const prefix: number[] = [];
  let rest = bytes.length;
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  prefix.push(rest);
  return numbered(Buffer.concat([Buffer.from(prefix), bytes]));
}
