import { findRecord, MAX_LENGTH_PREFIX, type RecordSpan } from '../../base/messagepack/length-prefix.ts';
import { parseServiceMessages, type ServiceMessageSink } from './reader.ts';

/**
 * The bytes of one server connection as they arrive, cut anywhere. The pieces of a message are kept as they came until it is whole, and joined
 * once: however small the pieces are, a byte is copied a single time. Payloads of what is read are views that nobody writes to.
 */
export class ServiceStream {
  readonly #limit: number;
  readonly #sink: ServiceMessageSink;
  /** The start of a message that is not whole; nearly always there is none. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes there have to be before it is worth looking again. */
  #awaited = 0;

  /**
   * @param limit - the largest message in bytes, its length prefix included; 0 for none
   * @param sink - takes each message; where it returns false, nothing more is handed to it
   */
  constructor(limit: number, sink: ServiceMessageSink) {
    this.#limit = limit;
    this.#sink = sink;
  }

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.#bytes;
  }

  /**
   * Takes what has arrived. `chunk` must not be written to afterwards.
   *
   * @throws SignalboxError SIGNALBOX_SERVICE_STREAM when nothing behind can be read; messages before that have been handed over
   */
  push(chunk: Buffer): void {
    if (this.#bytes === 0) return this.#read(chunk);
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#awaited) return;
    const joined = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#read(joined);
  }

  #read(bytes: Buffer): void {
    const end = parseServiceMessages(bytes, 0, this.#limit, this.#sink);
    if (end === bytes.length) return;
    const rest = bytes.subarray(end);
    this.#pieces = [rest];
    this.#bytes = rest.length;
    this.#awaited = lengthOf(rest, this.#limit);
  }
}

/** How long the message is that begins here, or as much as is needed to tell. */
function lengthOf(bytes: Buffer, limit: number): number {
  const span: RecordSpan = { start: 0, end: 0 };
  findRecord(bytes, 0, limit, span);
  return span.end > 0 ? span.end : Math.min(bytes.length + 1, MAX_LENGTH_PREFIX);
}
