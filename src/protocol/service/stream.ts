import { findRecord, MAX_LENGTH_PREFIX, type RecordSpan } from '../../base/messagepack/length-prefix.ts';
import { parseServiceMessages, type ServiceMessageSink } from './reader.ts';

const NOTHING = Buffer.alloc(0);

/**
 * The bytes of one server connection as they arrive, cut anywhere. What has come of a message that is not whole is kept in one buffer that
 * doubles, so that a peer that sends a byte at a time makes us keep no more than twice its bytes, and copy each a few times. Payloads of what
 * is read are views that nobody writes to.
 */
export class ServiceStream {
  readonly #limit: number;
  readonly #sink: ServiceMessageSink;
  /** The start of a message that is not whole, with room behind it; nearly always there is none. */
  #kept: Buffer = NOTHING;
  #bytes = 0;
  /** How many bytes there have to be before it is worth looking again. */
  #awaited = 0;
  /** What the sink did not want yet. */
  #unread: Buffer = NOTHING;
  #stopped = false;
  readonly #take: ServiceMessageSink = (message, length) => {
    this.#stopped = !this.#sink(message, length);
    return !this.#stopped;
  };

  /**
   * @param limit - the largest message in bytes, its length prefix included; 0 for none
   * @param sink - takes each message; where it returns false, nothing more is handed to it until `push` is called again
   */
  constructor(limit: number, sink: ServiceMessageSink) {
    this.#limit = limit;
    this.#sink = sink;
  }

  /** Bytes that wait for the rest of their message, or for the sink. */
  get waiting(): number {
    return this.#bytes + this.#unread.length;
  }

  /** Whether the sink has stopped it before the end of what had come: `push` with nothing goes on. */
  get stopped(): boolean {
    return this.#unread.length > 0;
  }

  /**
   * Takes what has arrived. `chunk` must not be written to afterwards.
   *
   * @throws SignalboxError SIGNALBOX_SERVICE_STREAM when nothing behind can be read; messages before that have been handed over
   */
  push(chunk: Buffer): void {
    if (this.#unread.length > 0) {
      const unread = this.#unread;
      this.#unread = NOTHING;
      return this.#read(chunk.length === 0 ? unread : Buffer.concat([unread, chunk]));
    }
    if (this.#bytes === 0) return this.#read(chunk);
    this.#keep(chunk);
    if (this.#bytes < this.#awaited) return;
    const joined = this.#kept.subarray(0, this.#bytes);
    this.#kept = NOTHING;
    this.#bytes = 0;
    this.#read(joined);
  }

  #read(bytes: Buffer): void {
    this.#stopped = false;
    const end = parseServiceMessages(bytes, 0, this.#limit, this.#take);
    if (end === bytes.length) return;
    const rest = bytes.subarray(end);
    if (this.#stopped) {
      this.#unread = rest;
      return;
    }
    this.#awaited = lengthOf(rest, this.#limit);
    this.#keep(rest);
  }

  #keep(chunk: Buffer): void {
    const bytes = this.#bytes + chunk.length;
    if (bytes > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(this.#awaited, 2 * this.#kept.length)));
      larger.set(this.#kept.subarray(0, this.#bytes));
      this.#kept = larger;
    }
    this.#kept.set(chunk, this.#bytes);
    this.#bytes = bytes;
  }
}

/** How long the message is that begins here, or as much as is needed to tell. */
function lengthOf(bytes: Buffer, limit: number): number {
  const span: RecordSpan = { start: 0, end: 0 };
  findRecord(bytes, 0, limit, span);
  return span.end > 0 ? span.end : Math.min(bytes.length + 1, MAX_LENGTH_PREFIX);
}
