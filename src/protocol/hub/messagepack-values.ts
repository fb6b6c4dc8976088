import { Decoder, Encoder } from '@msgpack/msgpack';
import { widenIntegers } from './messagepack-bigint.ts';
import type { MessagePackBuffer } from './messagepack-buffer.ts';
import type { MessagePackCursor } from './messagepack-cursor.ts';
import { HOLDS_BIGINT, extensions } from './messagepack-extensions.ts';
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
} from './messagepack-formats.ts';
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
  readonly #useBigInt64: boolean;
  readonly #decoder: Decoder;
  #encoder: Encoder | undefined;

  constructor(useBigInt64: boolean) {
    this.#useBigInt64 = useBigInt64;
    this.#decoder = new Decoder({ extensionCodec: extensions, useBigInt64 });
  }

  /** @throws Error of any kind when there is no value, or none that can be represented */
  read(cursor: MessagePackCursor): unknown {
    const { head } = cursor;
    if (isString(head)) return whole(cursor.readString());
    if (isInteger(head) && !(this.#useBigInt64 && isWide(head))) return whole(cursor.readInteger());
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
    else buffer.writeBytes(this.#encode(value));
  }

  #decode(cursor: MessagePackCursor): unknown {
    const start = cursor.position;
    const kind = cursor.skip(MAX_VALUE_DEPTH);
    if (kind === undefined) throw new RangeError('A value is broken or nested too deeply.');
    const bytes = cursor.bytes.subarray(start, cursor.position);
    // Binary values are views of what they were read from, which is the connection's for the length of this call only.
    return this.#decoder.decode(kind === 'bytes' ? new Uint8Array(bytes) : bytes);
  }

  #encode(value: unknown): Uint8Array {
    try {
      return this.#encodeShared(value);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TypeError(`A value can't be sent as MessagePack: ${reason}`, { cause: error });
    }
  }

  /** The bytes are the encoder's: they last until its next use. */
  #encodeShared(value: unknown): Uint8Array {
    const encoder = (this.#encoder ??= new Encoder({ extensionCodec: extensions, ignoreUndefined: true }));
    let encoded: Uint8Array;
    try {
      encoded = encoder.encodeSharedRef(value);
    } catch (error) {
      if (error !== HOLDS_BIGINT) throw error;
      return new Encoder({ extensionCodec: extensions, ignoreUndefined: true, useBigInt64: true }).encodeSharedRef(widenIntegers(value));
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
