import { Decoder, Encoder } from '@msgpack/msgpack';
import type { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import type { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import { NEEDS_OWN_WRITER, type Extensions } from './messagepack-extensions.ts';
import {
  FALSE,
  FIXMAP,
  FIXSTR,
  FLOAT_32,
  FLOAT_64,
  INT_64,
  NEGATIVE_FIXINT,
  NIL,
  STR_32,
  STR_8,
  TRUE,
  UINT_64,
  UINT_8,
} from '../../base/messagepack/formats.ts';
import type { MessagePackReading } from './messagepack-options.ts';
import { MessagePackValueReader } from './messagepack-value-reader.ts';
import { MessagePackValueWriter } from './messagepack-value-writer.ts';
import { MAX_DEPTH } from './nesting.ts';

/** An argument lies in two arrays: the message and its arguments. */
const MAX_VALUE_DEPTH = MAX_DEPTH - 2;

/** An encoder whose buffer grew beyond this is not kept. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * Reads and writes the values in messages: arguments, items, results. Simple ones here, arrays, maps and extensions by the
 * codec, which gets whole and shallow values only: it would trust any length it reads.
 */
export class MessagePackValues {
  readonly #extensions: Extensions;
  readonly #decoder: Decoder;
  /** Where values are not read as the codec reads them. */
  readonly #reader: MessagePackValueReader | undefined;
  readonly #writer: MessagePackValueWriter;
  #encoder: Encoder | undefined;

  /** @param reading - undefined for the usual */
  constructor(reading: MessagePackReading | undefined, extensions: Extensions) {
    this.#extensions = extensions;
    this.#decoder = new Decoder({ extensionCodec: extensions });
    this.#reader = reading && new MessagePackValueReader(reading, extensions);
    this.#writer = new MessagePackValueWriter(extensions);
  }

  /** @throws Error of any kind when there is no value, or none that can be represented */
  read(cursor: MessagePackCursor): unknown {
    const { head } = cursor;
    if (isString(head)) return whole(cursor.readString());
    if (isInteger(head) && !(this.#reader !== undefined && isWide(head))) return whole(cursor.readInteger());
    switch (head) {
      case NIL:
        return cursor.readString();
      case TRUE:
      case FALSE:
        return cursor.readBoolean();
      case FLOAT_32:
      case FLOAT_64:
        return whole(cursor.readFloat());
      default:
        return this.#decode(cursor);
    }
  }

  /** @throws TypeError when the value can't be represented in MessagePack */
  write(value: unknown, buffer: MessagePackBuffer): void {
    if (typeof value === 'string') buffer.writeString(value);
    else if (typeof value === 'number') buffer.writeNumber(value);
    else if (typeof value === 'boolean') buffer.writeBoolean(value);
    else if (value === undefined || value === null) buffer.writeNil();
    else this.#encode(value, buffer);
  }

  #decode(cursor: MessagePackCursor): unknown {
    const start = cursor.position;
    // Whoever reads it may then trust the lengths in it, and go as deep as it goes.
    const kind = cursor.skip(MAX_VALUE_DEPTH);
    if (kind === undefined) throw new RangeError('A value is broken or nested too deeply.');
    if (this.#reader !== undefined) {
      cursor.position = start;
      return this.#reader.read(cursor);
    }
    const bytes = cursor.bytes.subarray(start, cursor.position);
    // Binary values are views of what they were read from, which is the connection's for the length of this call only.
    return this.#decoder.decode(kind === 'bytes' ? new Uint8Array(bytes) : bytes);
  }

  #encode(value: unknown, buffer: MessagePackBuffer): void {
    try {
      const encoded = this.#encodeShared(value);
      if (encoded === undefined) this.#writer.write(value, buffer);
      else buffer.writeBytes(encoded);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TypeError(`A value can't be sent as MessagePack: ${reason}`, { cause: error });
    }
  }

  /** The bytes are the encoder's: they last until its next use. Undefined where it can't write the value as it should be. */
  #encodeShared(value: unknown): Uint8Array | undefined {
    const encoder = (this.#encoder ??= new Encoder({ extensionCodec: this.#extensions, ignoreUndefined: true }));
    let encoded: Uint8Array;
    try {
      encoded = encoder.encodeSharedRef(value);
    } catch (error) {
      if (error === NEEDS_OWN_WRITER) return undefined;
      throw error;
    }
    if (encoded.length > MAX_KEPT_BYTES) this.#encoder = undefined;
    return encoded;
  }
}

function isString(head: number): boolean {
  return (head >= FIXSTR && head < NIL) || (head >= STR_8 && head <= STR_32);
}

function isInteger(head: number): boolean {
  return (head >= 0 && head < FIXMAP) || head >= NEGATIVE_FIXINT || (head >= UINT_8 && head <= INT_64);
}

function isWide(head: number): boolean {
  return head === UINT_64 || head === INT_64;
}

function whole<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('A value is cut short.');
  return value;
}
