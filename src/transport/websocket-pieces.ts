const FIN = 0x80;
const RSV1 = 0x40;
const RSV2 = 0x20;
const OPCODE = 0x0f;
const MASK = 0x80;
const LENGTH = 0x7f;
const SIXTEEN_BITS = 126;
const SIXTY_FOUR_BITS = 127;
const CONTINUATION = 0;
const BINARY = 2;
const CLOSE = 8;
const KEY_BYTES = 4;
const TWO_TO_32 = 2 ** 32;
/** The longest head of a frame: two bytes, a length of 64 bits, and the key. */
const LONGEST_HEAD = 14;
const NOTHING = Buffer.alloc(0);

/** The head of a frame. */
interface Head {
  readonly bytes: number;
  readonly length: number;
}

/**
 * Makes of a client's WebSocket messages, however long, ones of at most so many bytes: for whoever reads them as one stream. The library behind
 * it keeps a message until it is whole; with this before it, it never keeps more than a piece. Only the heads of frames are looked at and
 * written anew (RFC 6455, section 5.2); masks, contents and all that is wrong with frames are the library's business.
 */
export abstract class WebSocketPieces {
  readonly #most: number;
  /** A head that has come in part, or up to three bytes of a message that is being cut. */
  #rest = NOTHING;
  /** Bytes of a frame that is passed on as it is, behind its head. */
  #left = 0;
  /** Bytes of a frame that is being cut. */
  #cutting = 0;
  /** Of the frame that is being cut: what is written before each of its pieces. */
  #opcode = 0;
  #key = NOTHING;
  /** The kind of a message that comes in several frames. */
  #fragmented = 0;
  /** What follows is passed on as it is: a fault that the library finds. */
  #blind = false;
  #closing = false;
  #stopped = false;

  /** @param most - bytes of the longest piece, a multiple of 4 */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes the bytes in which no frame is longer. */
  protected abstract pass(bytes: Buffer): void;

  /** Takes bytes of the socket. They are the callee's, and may be written to. */
  take(chunk: Buffer): void {
    if (this.#stopped) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = NOTHING;
    const end = this.#walk(bytes);
    if (this.#stopped || end === bytes.length) return;
    // A copy: it is a few bytes, and would keep what came with it.
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  /** Passes on all that can be, and returns the offset behind that. */
  #walk(bytes: Buffer): number {
    let at = 0;
    /** Where that begins which is still to be passed on as it is. */
    let from = 0;
    while (at < bytes.length && !this.#closed && !this.#stopped) {
      if (this.#blind) at = bytes.length;
      else if (this.#cutting > 0) {
        const end = this.#cut(bytes, at);
        if (end === at) break;
        at = from = end;
      } else if (this.#left > 0) at = this.#skip(bytes, at);
      else {
        const head = headOf(bytes, at);
        if (head === undefined) break;
        const end = this.#judge(bytes, at, head);
        if (this.#cutting > 0) {
          this.#passOn(bytes, from, at);
          from = end;
        }
        at = end;
      }
    }
    this.#passOn(bytes, from, at);
    if (this.#closed) this.stop();
    return at;
  }

  /** Whether the client's close frame is whole: nothing may follow it. */
  get #closed(): boolean {
    return this.#closing && this.#left === 0;
  }

  #passOn(bytes: Buffer, start: number, end: number): void {
    if (end > start && !this.#stopped) this.pass(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  /** Nothing more is passed on: the client has said its last, or what it said can't be read. */
  stop(): void {
    this.#stopped = true;
    this.#rest = NOTHING;
  }

  #skip(bytes: Buffer, at: number): number {
    const skipped = Math.min(this.#left, bytes.length - at);
    this.#left -= skipped;
    return at + skipped;
  }

  /** Looks at a head, and decides what becomes of its frame. Returns the offset behind it. */
  #judge(bytes: Buffer, at: number, { bytes: size, length }: Head): number {
    const first = bytes[at] as number;
    const opcode = first & OPCODE;
    const isFaulty = (first & RSV1) !== 0 || ((bytes[at + 1] as number) & MASK) === 0 || length > Number.MAX_SAFE_INTEGER;
    if (isFaulty || (opcode === CONTINUATION && this.#fragmented === 0)) {
      this.#blind = true;
      return bytes.length;
    }
    if (opcode > BINARY) {
      this.#closing = opcode === CLOSE;
      this.#left = length;
      return at + size;
    }
    if (opcode !== CONTINUATION && this.#fragmented !== 0) {
      // The message before it has not ended: the library does not know that any more, and refuses the bit.
      bytes[at] = first | RSV2;
      this.#blind = true;
      return bytes.length;
    }
    const kind = opcode === CONTINUATION ? this.#fragmented : opcode;
    this.#fragmented = (first & FIN) === 0 ? kind : 0;
    if (length <= this.#most) {
      bytes[at] = FIN | (first & ~OPCODE) | kind;
      this.#left = length;
    } else {
      this.#cutting = length;
      this.#opcode = FIN | kind;
      this.#key = Buffer.from(bytes.subarray(at + size - KEY_BYTES, at + size));
    }
    return at + size;
  }

  /** Passes on as much of a long frame as there is: in whole steps of the key, so that it fits every piece. */
  #cut(bytes: Buffer, at: number): number {
    const there = Math.min(bytes.length - at, this.#cutting, this.#most);
    const length = there === this.#cutting ? there : there - (there % KEY_BYTES);
    if (length === 0) return at;
    this.#cutting -= length;
    this.pass(this.#pieceHead(length));
    this.#passOn(bytes, at, at + length);
    return at + length;
  }

  #pieceHead(length: number): Buffer {
    if (length < SIXTEEN_BITS) return Buffer.concat([Buffer.from([this.#opcode, MASK | length]), this.#key]);
    if (length < 0x1_0000) return Buffer.concat([Buffer.from([this.#opcode, MASK | SIXTEEN_BITS, length >> 8, length & 0xff]), this.#key]);
    const head = Buffer.alloc(LONGEST_HEAD - KEY_BYTES);
    head[0] = this.#opcode;
    head[1] = MASK | SIXTY_FOUR_BITS;
    head.writeUInt32BE(length, 6);
    return Buffer.concat([head, this.#key]);
  }
}

/** The head that begins here; undefined where it has not come whole. Without a mask, it ends four bytes before `bytes`. */
function headOf(bytes: Buffer, at: number): Head | undefined {
  const short = (bytes[at + 1] ?? 0) & LENGTH;
  const size = KEY_BYTES + (short === SIXTY_FOUR_BITS ? 10 : short === SIXTEEN_BITS ? 4 : 2);
  if (bytes.length - at < 2 || ((bytes[at + 1] as number) & MASK) === 0) {
    return bytes.length - at < 2 ? undefined : { bytes: 2, length: 0 };
  }
  if (bytes.length - at < size) return undefined;
  if (short < SIXTEEN_BITS) return { bytes: size, length: short };
  if (short === SIXTEEN_BITS) return { bytes: size, length: bytes.readUInt16BE(at + 2) };
  return { bytes: size, length: bytes.readUInt32BE(at + 2) * TWO_TO_32 + bytes.readUInt32BE(at + 6) };
}
