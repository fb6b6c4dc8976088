import { bytesOf, byteLengthOf, SharedPayload, type Framing, type Payload } from '../base/payload.ts';

/** Bytes of a part, on average, from which on none is copied. */
const BULKY = 16 * 1024;

/**
 * What is written to one connection in one turn of the event loop, in order. It leaves as one message: records of a hub
 * protocol concatenate.
 */
export class Batch {
  /** Everything, as long as it is text only: one string goes out in one go. */
  #text = '';
  #parts: Payload[] | undefined;
  #length = 0;

  /** Bytes, where a character of a string that is not yet encoded counts as one. */
  get length(): number {
    return this.#length;
  }

  /** Bytes as they will leave. */
  get byteLength(): number {
    if (this.#parts === undefined) return Buffer.byteLength(this.#text);
    let length = 0;
    for (const part of this.#parts) length += byteLengthOf(part);
    return length;
  }

  /** The whole batch, where it consists of strings alone. */
  get text(): string | undefined {
    return this.#parts === undefined ? this.#text : undefined;
  }

  add(payload: Payload): void {
    const length = lengthOf(payload);
    if (length === 0) return;
    this.#length += length;
    if (this.#parts !== undefined) this.#parts.push(payload);
    else if (typeof payload === 'string') this.#text += payload;
    else {
      this.#parts = this.#text === '' ? [payload] : [this.#text, payload];
      this.#text = '';
    }
  }

  clear(): void {
    this.#text = '';
    this.#parts = undefined;
    this.#length = 0;
  }

  /** The bytes of the whole batch. */
  join(): Buffer {
    if (this.#parts === undefined) return Buffer.from(this.#text);
    const [first] = this.#parts;
    return this.#parts.length === 1 && first !== undefined ? bytesOf(first) : Buffer.concat(this.#parts.map(bytesOf));
  }

  /** The whole batch as one message. What many connections send alike is dressed once. */
  framed(framing: Framing): Buffer {
    const parts = this.#parts;
    if (parts === undefined || !parts.every(isShared)) return framing(this.join());
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return first.framed(framing);
    const last = lastShared.get(framing);
    if (last?.is(parts) === true) return last.framed;
    const framed = framing(this.join());
    lastShared.set(framing, new SharedBatch(parts, framed));
    return framed;
  }

  /** Whether all of it is shared, so that its framing may be needed again. */
  get shared(): boolean {
    return this.#parts?.every(isShared) === true;
  }

  /** Whether its parts are so large that copying them into one buffer would cost more than writing them one by one. */
  get bulky(): boolean {
    return this.#parts !== undefined && this.#length >= this.#parts.length * BULKY && this.#parts.every(isWritable);
  }

  /** The whole batch behind a head, in the buffers that it came in. */
  pieces(headOf: (length: number) => string): readonly Buffer[] {
    const parts = this.#parts?.map(bytesOf) ?? [];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return [Buffer.from(headOf(length), 'latin1'), ...parts];
  }

  /** The whole batch behind a head, in one buffer: its bytes are copied once. */
  gather(headOf: (length: number) => string): Buffer {
    const parts = this.#parts?.map(bytesOf) ?? [Buffer.from(this.#text)];
    let length = 0;
    for (const part of parts) length += part.length;
    const head = headOf(length);
    const gathered = Buffer.allocUnsafe(head.length + length);
    let end = gathered.write(head, 'latin1');
    for (const part of parts) {
      gathered.set(part, end);
      end += part.length;
    }
    return gathered;
  }
}

/** Several shared payloads as they left together. Broadcasts of one turn reach all their connections in the same row. */
class SharedBatch {
  readonly framed: Buffer;
  readonly #parts: readonly SharedPayload[];

  constructor(parts: readonly SharedPayload[], framed: Buffer) {
    this.#parts = parts;
    this.framed = framed;
  }

  is(parts: readonly SharedPayload[]): boolean {
    if (parts.length !== this.#parts.length) return false;
    for (let i = 0; i < parts.length; i++) if (parts[i] !== this.#parts[i]) return false;
    return true;
  }
}

/** The last one of each framing: clients of several protocols and transports may take turns. */
const lastShared = new Map<Framing, SharedBatch>();

/** Lets go of the last shared batches, at the end of a turn: the next one sends others. */
export function forgetSharedBatches(): void {
  if (lastShared.size > 0) lastShared.clear();
}

/** A small piece of a large buffer would keep that in memory until the client has taken it, which nobody has counted. */
const isWritable = (payload: Payload): boolean =>
  typeof payload !== 'string' && (isShared(payload) || payload.length * 2 >= payload.buffer.byteLength);

const isShared = (payload: Payload): payload is SharedPayload => payload instanceof SharedPayload;

function lengthOf(payload: Payload): number {
  return payload instanceof SharedPayload ? payload.bytes.length : payload.length;
}
