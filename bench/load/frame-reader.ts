import { constants } from 'node:buffer';

/** Where the frames of a server go. Buffers are valid during the call only. */
export interface FrameSink {
  /** A piece of a message. A frame that two reads brought comes in two. */
  payload(buffer: Buffer, start: number, end: number): void;
  /** The last frame of a message has ended. */
  messageEnd(): void;
  ping(payload: Buffer): void;
  /** The server's close frame. Nothing follows. */
  close(code: number): void;
  /** What no server may send. Nothing follows. */
  violation(reason: string): void;
}

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LONGEST_CONTROL = 125;
const NO_STATUS = 1005;

/** Takes apart the WebSocket frames of a server, wherever reads cut them. Keeps no payload but that of control frames. */
export class FrameReader {
  readonly #sink: FrameSink;
  /** A header that is not whole yet: at most ten bytes. */
  readonly #header: Buffer = Buffer.alloc(10);
  #headerLength = 0;
  #final = true;
  #opcode = 0;
  /** Bytes of the current frame's payload that are to come; -1 between frames. */
  #rest = -1;
  #control: Buffer[] = [];
  #ended = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  read(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (!this.#ended && (at < to || this.#rest === 0)) {
      at = this.#rest === -1 ? this.#readHeader(chunk, at, to) : this.#readPayload(chunk, at, to);
    }
  }

  #readHeader(chunk: Buffer, at: number, to: number): number {
    if (this.#headerLength === 0 && to - at >= 4) {
      const size = headerSize(chunk[at + 1] ?? 0);
      if (to - at >= size) {
        this.#begin(chunk, at);
        return at + size;
      }
    }
    this.#header[this.#headerLength++] = chunk[at] ?? 0;
    if (this.#headerLength >= 2 && this.#headerLength === headerSize(this.#header[1] ?? 0)) {
      this.#headerLength = 0;
      this.#begin(this.#header, 0);
    }
    return at + 1;
  }

  #begin(header: Buffer, at: number): void {
    const first = header[at] ?? 0;
    const second = header[at + 1] ?? 0;
    this.#final = (first & FIN) !== 0;
    this.#opcode = first & 0x0f;
    const reason = violationIn(first, second);
    const length = reason === undefined ? payloadLength(header, at) : -1;
    if (reason !== undefined || length > constants.MAX_LENGTH) {
      this.#ended = true;
      this.#sink.violation(reason ?? 'a frame longer than any buffer');
      return;
    }
    this.#rest = length;
  }

  #readPayload(chunk: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#rest);
    if (end > at) {
      if (this.#opcode >= OPCODE.close) this.#control.push(Buffer.from(chunk.subarray(at, end)));
      else this.#sink.payload(chunk, at, end);
    }
    this.#rest -= end - at;
    if (this.#rest === 0) {
      this.#rest = -1;
      if (this.#opcode >= OPCODE.close) this.#controlEnd();
      else if (this.#final) this.#sink.messageEnd();
    }
    return end;
  }

  #controlEnd(): void {
    const payload = Buffer.concat(this.#control);
    this.#control = [];
    if (this.#opcode === OPCODE.ping) this.#sink.ping(payload);
    if (this.#opcode !== OPCODE.close) return;
    this.#ended = true;
    this.#sink.close(payload.length >= 2 ? payload.readUInt16BE() : NO_STATUS);
  }
}

function headerSize(second: number): number {
  const length = second & 0x7f;
  if (length < LENGTH_16) return 2;
  return length === LENGTH_16 ? 4 : 10;
}

function payloadLength(header: Buffer, at: number): number {
  const length = (header[at + 1] ?? 0) & 0x7f;
  if (length < LENGTH_16) return length;
  if (length === LENGTH_16) return header.readUInt16BE(at + 2);
  return header.readUInt32BE(at + 2) * 2 ** 32 + header.readUInt32BE(at + 6);
}

function violationIn(first: number, second: number): string | undefined {
  const opcode = first & 0x0f;
  if ((first & RESERVED) !== 0) return 'a reserved bit set';
  if ((second & MASKED) !== 0) return 'a masked frame';
  if (opcode >= OPCODE.close) {
    if (opcode > OPCODE.pong) return `opcode ${opcode}`;
    if ((first & FIN) === 0) return 'a control frame in fragments';
    return (second & 0x7f) > LONGEST_CONTROL ? 'a long control frame' : undefined;
  }
  return opcode > OPCODE.binary ? `opcode ${opcode}` : undefined;
}
