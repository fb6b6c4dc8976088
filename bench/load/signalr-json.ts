import type { Acknowledgements, Dialect, GreetingStep, Received, StreamCalls } from './dialect.ts';
import { SeparatedRecords, type RecordReader, type RecordSink } from './record-reader.ts';
import { PLACEHOLDER } from './sequence.ts';
import { handshake, handshakeError, HUB_MESSAGE, UPLOAD_STREAM } from './signalr.ts';
import { numbered, type NumberedMessage } from './template.ts';

interface JsonMessage {
  readonly type: number;
  readonly invocationId?: string;
  readonly target?: string;
  readonly arguments?: readonly unknown[];
  readonly result?: unknown;
  readonly item?: unknown;
  readonly error?: string;
}

/** SignalR's hub protocol in JSON. */
export class SignalRJson implements Dialect {
  readonly format = 'text';
  readonly opening: Buffer;
  readonly acknowledgements?: Acknowledgements;
  readonly query = '';
  readonly streams: StreamCalls = {
    call: (target, args) => record({ type: HUB_MESSAGE.streamInvocation, invocationId: PLACEHOLDER, target, arguments: args }),
    upload: (target, items) => [
      record({ type: HUB_MESSAGE.invocation, invocationId: PLACEHOLDER, target, arguments: [], streamIds: [UPLOAD_STREAM] }),
      ...items.map((item) => record({ type: HUB_MESSAGE.streamItem, invocationId: UPLOAD_STREAM, item })),
      record({ type: HUB_MESSAGE.completion, invocationId: UPLOAD_STREAM }),
    ],
  };

  /** @param stateful - whether what comes is acknowledged, for stateful reconnect */
  constructor(stateful = false) {
    this.opening = handshake('json', stateful ? 2 : 1);
    if (stateful) this.acknowledgements = acknowledgements;
  }

  greet(bytes: Buffer): GreetingStep {
    const error = handshakeError(bytes);
    return error === undefined ? { ready: true } : { error };
  }

  records(sink: RecordSink): RecordReader {
    return new SeparatedRecords(sink);
  }

  interpret(bytes: Buffer): Received {
    const message = JSON.parse(bytes.toString()) as JsonMessage;
    const { invocationId: id = '', error } = message;
    switch (message.type) {
      case HUB_MESSAGE.completion:
        return { kind: 'completion', id, result: message.result, ...(error !== undefined && { error }) };
      case HUB_MESSAGE.invocation:
        return { kind: 'invocation', id: message.invocationId, target: message.target ?? '', args: message.arguments ?? [] };
      case HUB_MESSAGE.streamItem:
        return { kind: 'item', id, item: message.item };
      case HUB_MESSAGE.ping:
      case HUB_MESSAGE.ack:
        return { kind: 'ping' };
      case HUB_MESSAGE.close:
        return { kind: 'close', error };
      default:
        throw new TypeError(`a message of type ${message.type}`);
    }
  }

  call(target: string, args: readonly unknown[]): NumberedMessage {
    return record({ type: HUB_MESSAGE.invocation, invocationId: PLACEHOLDER, target, arguments: args });
  }

  send(target: string, args: readonly unknown[]): NumberedMessage {
    return record({ type: HUB_MESSAGE.invocation, target, arguments: args });
  }

  answer(id: string, result: unknown): NumberedMessage {
    return record({ type: HUB_MESSAGE.completion, invocationId: id, result });
  }
}

const TYPE_AT = '{"type":'.length;
const COUNTING = '12345';

/** Messages begin with their type: that is looked at alone. */
const acknowledgements: Acknowledgements = {
  counts: (buffer, start) => COUNTING.includes(String.fromCharCode(buffer[start + TYPE_AT] ?? 0)),
  ack: (sequenceId) => record({ type: HUB_MESSAGE.ack, sequenceId }).bytes,
};

function record(message: object): NumberedMessage {
  return numbered(Buffer.from(`${JSON.stringify(message)}\x1e`));
}
