import type { ClientOptions } from 'ws';
import { findRecord } from '../../../src/base/messagepack/length-prefix.ts';
import type { ServiceMessage, ServiceMessageOf } from '../../../src/protocol/service/messages.ts';
import { ServiceStream } from '../../../src/protocol/service/stream.ts';
import { eventually } from '../../eventually.ts';
import { Peer } from './peer.ts';
import type { Placeholders } from './placeholders.ts';

type Data = ServiceMessageOf<'connectionData'>;

/**
 * A server connection of a transcript. What it gets about one client is in order; what it gets about several has none among them. Data of a client is
 * a stream, whose pieces may be cut anywhere.
 */
export class RecordedServer extends Peer {
  /** What came and was not taken, by what it is about. */
  readonly #got = new Map<string, ServiceMessage[]>();
  readonly #stream: ServiceStream;
  readonly #placeholders: Placeholders;
  readonly #assembled = new PieceJoiner();
  readonly #torn: ServiceMessage[] = [];

  constructor(name: string, url: string, options: ClientOptions, placeholders: Placeholders) {
    super(name, url, options);
    this.#placeholders = placeholders;
    this.#stream = new ServiceStream(0, (message) => {
      if (message.type === 'malformed' || message.type === 'unknown') throw new Error(`${name} got no message: ${JSON.stringify(message)}`);
      this.#take(message);
      return true;
    });
  }

  protected came(data: Buffer): void {
    this.#stream.push(Buffer.from(this.#placeholders.recorded(data.toString('latin1')), 'latin1'));
  }

  /** Waits for the next message that is about the same as this one, and takes it; of data, as many bytes. */
  take(like: ServiceMessage): Promise<ServiceMessage> {
    const about = aboutOf(like);
    return eventually(() => {
      const queue = this.#got.get(about) ?? [];
      const [first] = queue;
      if (first === undefined) throw new Error(`${this.name} did not get: ${show(like)}`);
      if (like.type !== 'connectionData' || first.type !== 'connectionData') return queue.shift() as ServiceMessage;
      return takeBytes(queue, like.payload.length);
    });
  }

  /** What was not taken, and what ends within a message without being marked as partial. */
  get rest(): readonly string[] {
    return [...this.#got.values(), this.#torn].flat().map(show);
  }

  #take(message: ServiceMessage): void {
    // One without any entries only says that the service is there: when it comes is a matter of time.
    if (message.type === 'ping' && message.entries.length === 0) return;
    const joined = this.#assembled.join(message);
    if (joined === undefined) return;
    if (joined.type === 'connectionData' && !endsMessage(joined.payload)) this.#torn.push(joined);
    const about = aboutOf(joined);
    const queue = this.#got.get(about);
    if (queue === undefined) this.#got.set(about, [joined]);
    else queue.push(joined);
  }
}

/** Makes one message of a hub message that comes in pieces. */
export class PieceJoiner {
  readonly #pieces = new Map<string, Buffer[]>();

  /** Undefined where more is to come. */
  join(message: ServiceMessage): ServiceMessage | undefined {
    if (message.type !== 'connectionData') return message;
    const { connectionId, payload, extension } = message;
    const pieces = [...(this.#pieces.get(connectionId) ?? []), payload];
    if (extension.isPartial === true) {
      this.#pieces.set(connectionId, pieces);
      return undefined;
    }
    this.#pieces.delete(connectionId);
    return { ...message, payload: Buffer.concat(pieces) };
  }
}

function aboutOf(message: ServiceMessage): string {
  if (message.type === 'ack') return `ack ${message.ackId}`;
  return 'connectionId' in message ? `connection ${message.connectionId}` : message.type;
}

const RECORD_SEPARATOR = 0x1e;

/** Whether bytes end where a hub message does, of JSON or of MessagePack. */
function endsMessage(payload: Buffer): boolean {
  if (payload.at(-1) === RECORD_SEPARATOR) return true;
  const span = { start: 0, end: 0 };
  while (span.end < payload.length) if (findRecord(payload, span.end, 0, span) !== 'whole') return false;
  return true;
}

/** Takes so many bytes of data that follows itself. */
function takeBytes(queue: ServiceMessage[], length: number): Data {
  let size = 0;
  let count = 0;
  for (const message of queue) {
    if (size >= length || message.type !== 'connectionData') break;
    size += message.payload.length;
    count++;
  }
  if (size < length) throw new Error(`${size} of ${length} bytes came: ${show(queue[0])}`);
  const taken = queue.splice(0, count) as Data[];
  const bytes = Buffer.concat(taken.map(({ payload }) => payload));
  const last = taken.at(-1) as Data;
  if (size > length) queue.unshift({ ...last, payload: bytes.subarray(length) });
  return { ...last, payload: bytes.subarray(0, length) };
}

const show = (message: ServiceMessage | undefined): string =>
  JSON.stringify(message, (_, value: unknown) => {
    if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)];
    const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: readonly number[] };
    return type === 'Buffer' && data !== undefined ? Buffer.from(data).toString('latin1') : value;
  });
