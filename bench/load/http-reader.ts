import { HttpHead } from './http-head.ts';

/** Where the responses of a server go. Buffers are valid during the call only. */
export interface HttpSink {
  head(status: number): void;
  body(buffer: Buffer, start: number, end: number): void;
  /** The response has ended. Not called for one that ends with the connection. */
  end(): void;
}

const NO_CONTENT = 204;
const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LONGEST_LINE = 8192;

/** What comes next: the head, a body of known length, or the parts of a chunked one: size line, data, the line end behind it, trailers. */
type State = 'head' | 'body' | 'size' | 'data' | 'data end' | 'trailers';

/** Takes apart the HTTP/1.1 responses on one connection, wherever reads cut them. */
export class HttpReader {
  readonly #sink: HttpSink;
  #state: State = 'head';
  #head = new HttpHead();
  /** Bytes of the body or chunk that are to come. */
  #rest = 0;
  /** A line of a chunked body, as far as it has come. */
  #line = '';

  constructor(sink: HttpSink) {
    this.#sink = sink;
  }

  read(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) at = this.#step(chunk, at, to);
  }

  #step(chunk: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk, at, to);
      case 'body':
      case 'data':
        return this.#readBody(chunk, at, to);
      case 'size':
      case 'data end':
      case 'trailers':
        return this.#readLine(chunk, at, to);
      default:
        return to;
    }
  }

  #readHead(chunk: Buffer, from: number, to: number): number {
    const head = this.#head;
    const at = head.read(chunk, from, to);
    if (!head.whole) return at;
    this.#head = new HttpHead();
    this.#sink.head(head.status);
    if (head.chunked) {
      this.#state = 'size';
    } else {
      this.#state = 'body';
      this.#rest = head.contentLength ?? (head.status === NO_CONTENT ? 0 : Infinity);
      if (this.#rest === 0) this.#end();
    }
    return at;
  }

  #readBody(chunk: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#rest);
    this.#rest -= end - at;
    this.#sink.body(chunk, at, end);
    if (this.#rest > 0) return end;
    if (this.#state === 'data') this.#state = 'data end';
    else this.#end();
    return end;
  }

  #readLine(chunk: Buffer, at: number, to: number): number {
    const found = chunk.indexOf(LINE_END, at);
    const end = found === -1 || found >= to ? to : found;
    this.#line += chunk.toString('latin1', at, chunk[end - 1] === CARRIAGE_RETURN && end > at ? end - 1 : end);
    if (this.#line.length > LONGEST_LINE) throw new RangeError('a chunk whose size does not end');
    if (end === to) return to;
    const line = this.#line;
    this.#line = '';
    this.#lineEnd(line);
    return end + 1;
  }

  #lineEnd(line: string): void {
    if (this.#state === 'data end') {
      this.#state = 'size';
    } else if (this.#state === 'size') {
      this.#rest = Number.parseInt(line, 16);
      if (Number.isNaN(this.#rest)) throw new TypeError(`a chunk of size '${line}'`);
      this.#state = this.#rest === 0 ? 'trailers' : 'data';
    } else if (line === '') {
      this.#end();
    }
  }

  #end(): void {
    this.#state = 'head';
    this.#sink.end();
  }
}
