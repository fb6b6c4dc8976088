import type { MessagePackCursor } from '../../base/messagepack/cursor.ts';
import type { Extensions } from './messagepack-extensions.ts';
import type { MessagePackReading } from './messagepack-options.ts';

/** Reads values in another way than the codec. Only whole values: what it reads has been walked over, and is not nested deeply. */
export class MessagePackValueReader {
  readonly #int64: MessagePackReading['int64'];
  readonly #maps: boolean;
  readonly #extensions: Extensions;

  constructor({ int64, maps }: MessagePackReading, extensions: Extensions) {
    this.#int64 = int64;
    this.#maps = maps === 'map';
    this.#extensions = extensions;
  }

  /** @throws Error of any kind when a value can't be represented */
  read(cursor: MessagePackCursor): unknown {
    const items = cursor.readArrayLength();
    if (items >= 0) return Array.from({ length: items }, () => this.read(cursor));
    const entries = cursor.readMapLength();
    if (entries >= 0) return this.#maps ? this.#readMap(cursor, entries) : this.#readObject(cursor, entries);
    return this.#readScalar(cursor);
  }

  #readScalar(cursor: MessagePackCursor): unknown {
    // Null is what nil is read as, and undefined what is something else.
    const text = cursor.readString();
    if (text !== undefined) return text;
    const scalar = this.#readWide(cursor) ?? cursor.readInteger() ?? cursor.readBoolean() ?? cursor.readFloat() ?? cursor.readBinary();
    if (scalar !== undefined) return scalar;
    const extension = cursor.readExtension();
    if (extension === undefined) throw new RangeError('A value is cut short.');
    return this.#extensions.decode(extension.data, extension.type);
  }

  #readWide(cursor: MessagePackCursor): bigint | number | undefined {
    if (this.#int64 === 'number') return undefined;
    const wide = cursor.readBigInt();
    if (wide === undefined || this.#int64 === 'bigint') return wide;
    const number = Number(wide);
    return Number.isSafeInteger(number) ? number : wide;
  }

  #readMap(cursor: MessagePackCursor, length: number): ReadonlyMap<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let left = length; left > 0; left--) map.set(this.read(cursor), this.read(cursor));
    return map;
  }

  #readObject(cursor: MessagePackCursor, length: number): object {
    const object: Record<string, unknown> = {};
    for (let left = length; left > 0; left--) {
      const key = this.read(cursor);
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint')
        throw new TypeError('The type of a key must be string or number.');
      if (key === '__proto__') throw new TypeError('The key __proto__ is not allowed.');
      object[String(key)] = this.read(cursor);
    }
    return object;
  }
}
