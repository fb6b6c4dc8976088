/** Where the events of a stream go. Buffers are valid during the call only. */
export interface EventSink {
  payload(buffer: Buffer, start: number, end: number): void;
  messageEnd(): void;
}

const PREFIX = Buffer.from('data: ');
const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Takes the data out of server-sent events, wherever they are cut. For records of JSON: these contain no line ends. */
export class EventStreamReader {
  readonly #sink: EventSink;
  /** Bytes of `PREFIX` that the current line began with, as far as it has come; -1 for a line that is something else. */
  #matched = 0;
  #hasData = false;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) at = this.#matched === PREFIX.length ? this.#readData(buffer, at, end) : this.#readPrefix(buffer, at, end);
  }

  #readData(buffer: Buffer, at: number, end: number): number {
    const found = buffer.indexOf(LINE_END, at);
    const cut = found === -1 || found >= end;
    const stop = cut ? end : found;
    const dataEnd = stop > at && buffer[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
    if (dataEnd > at) this.#sink.payload(buffer, at, dataEnd);
    this.#hasData = true;
    if (cut) return end;
    this.#matched = 0;
    return stop + 1;
  }

  #readPrefix(buffer: Buffer, at: number, end: number): number {
    for (let i = at; i < end; i++) {
      const byte = buffer[i];
      if (byte === LINE_END) {
        this.#lineEnd();
        return i + 1;
      }
      if (byte === CARRIAGE_RETURN || this.#matched === -1) continue;
      this.#matched = byte === PREFIX[this.#matched] ? this.#matched + 1 : -1;
      if (this.#matched === PREFIX.length) return i + 1;
    }
    return end;
  }

  /** An empty line ends the event. */
  #lineEnd(): void {
    if (this.#matched === 0 && this.#hasData) {
      this.#hasData = false;
      this.#sink.messageEnd();
    }
    this.#matched = 0;
  }
}
