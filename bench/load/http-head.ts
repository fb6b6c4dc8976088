const END = Buffer.from('\r\n\r\n');
const LONGEST_HEAD = 65_536;
const EMPTY = Buffer.alloc(0);

/** The head of an HTTP response, read wherever it is cut. */
export class HttpHead {
  /** Whether all of it has come. The other members are of use then. */
  whole = false;
  status = 0;
  /** Bytes of the body; undefined where the head does not say. */
  contentLength: number | undefined;
  chunked = false;
  #bytes: Buffer = EMPTY;

  /** Returns where what is behind the head begins, or `to`. */
  read(chunk: Buffer, from: number, to: number): number {
    const known = this.#bytes.length;
    const bytes = known === 0 ? chunk.subarray(from, to) : Buffer.concat([this.#bytes, chunk.subarray(from, to)]);
    const end = bytes.indexOf(END);
    if (end === -1) {
      if (bytes.length > LONGEST_HEAD) throw new RangeError('a response whose head does not end');
      this.#bytes = Buffer.from(bytes);
      return to;
    }
    this.#parse(bytes.toString('latin1', 0, end));
    return from + end + END.length - known;
  }

  #parse(text: string): void {
    this.whole = true;
    this.status = Number(text.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    this.contentLength = length === undefined ? undefined : Number(length);
    this.chunked = /\r\ntransfer-encoding: *chunked/i.test(text);
  }
}
