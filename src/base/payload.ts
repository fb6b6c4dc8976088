/**
 * Bytes that leave through many connections. A transport's framing of them is made once and kept here, so a broadcast to
 * any number of WebSockets writes one and the same buffer to each.
 */
export class SharedPayload {
  /** The unframed bytes: one or more whole records. */
  readonly bytes: Buffer;
  #framing: Framing | undefined;
  #framed: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The bytes as `framing` dresses them. The last framing asked for is kept: one payload rarely needs two. */
  framed(framing: Framing): Buffer {
    if (this.#framing !== framing || this.#framed === undefined) {
      this.#framing = framing;
      this.#framed = framing(this.bytes);
    }
    return this.#framed;
  }
}

/** Dresses bytes for a wire, for example as one WebSocket frame. Compared by identity: declare it once, at module level. */
export type Framing = (bytes: Buffer) => Buffer;

/** What can be written to a connection. A string is UTF-8 on the wire. */
export type Payload = string | Uint8Array | SharedPayload;

/** The bytes of a payload, unframed: its own, where it has any. */
export function bytesOf(payload: Payload): Buffer {
  if (Buffer.isBuffer(payload)) return payload;
  if (payload instanceof SharedPayload) return payload.bytes;
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** How many bytes a payload has on the wire. A string is put in one piece for that. */
export function byteLengthOf(payload: Payload): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof SharedPayload ? payload.bytes.length : payload.length;
}
