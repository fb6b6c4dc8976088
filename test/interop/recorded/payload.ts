import { decode, encode, ExtensionCodec } from '@msgpack/msgpack';
import type { Bindings } from './bindings.ts';
import type { Payload } from './session.ts';

export type ProtocolName = 'json' | 'messagepack';

const SEPARATOR = 0x1e;
/** Leaves timestamps as their bytes: these are compared. */
const extensionCodec = new ExtensionCodec();
extensionCodec.register({ type: -1, encode: () => null, decode: (bytes) => ({ timestamp: Buffer.from(bytes).toString('hex') }) });

/** The bytes that a client sent, with what the server chose filled in. */
export function bytesToSend(payload: Payload, bindings: Bindings): Buffer {
  const { messages, fill = 0, end = '', endBase64 = '' } = payload;
  if (messages) return Buffer.concat(messages.map((message) => framed(encode(filled(message, bindings)))));
  const start = payload.base64 === undefined ? Buffer.from(bindings.fill(payload.text ?? '')) : Buffer.from(payload.base64, 'base64');
  return Buffer.concat([start, Buffer.alloc(fill, 'a'), Buffer.from(end), Buffer.from(endBase64, 'base64')]);
}

/** The bytes that a server sent; what it chose first in them stays a name. */
export function bytesExpected({ text = '', base64, fill = 0, end = '', endBase64 = '' }: Payload, bindings: Bindings): Buffer {
  const start = base64 === undefined ? Buffer.from(bindings.fillKnown(text)) : Buffer.from(base64, 'base64');
  return Buffer.concat([start, Buffer.alloc(fill, 'a'), Buffer.from(end), Buffer.from(endBase64, 'base64')]);
}

/** The hub messages that a server's event consists of. */
export function messagesExpected(payload: Payload, bindings: Bindings): unknown[] {
  if (payload.messages) return [...payload.messages];
  const bytes = bytesExpected(payload, bindings);
  const reader = new HubMessageReader(payload.base64 === undefined ? 'json' : 'messagepack', true);
  const messages = reader.read(bytes);
  if (reader.rest > 0) throw new Error(`The recording ends within a message: ${bytes.toString()}`);
  return messages;
}

/** Takes hub messages out of bytes, in whatever pieces these come. */
export class HubMessageReader {
  readonly #protocol: ProtocolName;
  #handshaken: boolean;
  #bytes: Buffer = Buffer.alloc(0);

  /** @param handshaken - whether the handshake, which is always JSON, is over */
  constructor(protocol: ProtocolName, handshaken = false) {
    this.#protocol = protocol;
    this.#handshaken = handshaken;
  }

  /** Bytes of a message whose end has not come. */
  get rest(): number {
    return this.#bytes.length;
  }

  read(bytes: Uint8Array): unknown[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const messages: unknown[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): unknown {
    const json = this.#protocol === 'json' || !this.#handshaken;
    const message = json ? this.#take(this.#bytes.indexOf(SEPARATOR), 0, 1) : this.#nextBinary();
    if (message === undefined) return undefined;
    this.#handshaken = true;
    return json ? JSON.parse(message.toString()) : plain(decode(message, { extensionCodec, useBigInt64: true }));
  }

  #nextBinary(): Buffer | undefined {
    let length = 0;
    let at = 0;
    for (let more = true; more; at++) {
      const byte = this.#bytes[at];
      if (byte === undefined) return undefined;
      length |= (byte & 0x7f) << (7 * at);
      more = byte >= 0x80;
    }
    return this.#take(this.#bytes.length < at + length ? -1 : at + length, at, 0);
  }

  #take(end: number, start: number, behind: number): Buffer | undefined {
    if (end < 0) return undefined;
    const taken = this.#bytes.subarray(start, end);
    this.#bytes = this.#bytes.subarray(end + behind);
    return taken;
  }
}

/** The value with a bigint only where a number would not do: the size of an integer on the wire means nothing. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function filled(value: unknown, bindings: Bindings): unknown {
  if (typeof value === 'string') return bindings.fill(value);
  return Array.isArray(value) ? value.map((item) => filled(item, bindings)) : value;
}

/** A message of MessagePack behind its length. */
export function framed(message: Uint8Array): Buffer {
  const prefix: number[] = [];
  let length = message.length;
  for (; length > 0x7f; length >>>= 7) prefix.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...prefix, length]), message]);
}
