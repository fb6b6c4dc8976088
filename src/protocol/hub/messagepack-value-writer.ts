import type { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import type { Extensions } from './messagepack-extensions.ts';

/** As the codec has it. */
const MAX_LEVELS = 100;

/** Writes values that hold what the codec does not write as it should be: bigints, maps and sets. All else as the codec does. */
export class MessagePackValueWriter {
  readonly #extensions: Extensions;

  constructor(extensions: Extensions) {
    this.#extensions = extensions;
  }

  /** @throws Error of any kind when the value can't be represented */
  write(value: unknown, buffer: MessagePackBuffer): void {
    this.#write(value, buffer, MAX_LEVELS);
  }

  #write(value: unknown, buffer: MessagePackBuffer, levels: number): void {
    switch (typeof value) {
      case 'string':
        return buffer.writeString(value);
      case 'number':
        return buffer.writeNumber(value);
      case 'boolean':
        return buffer.writeBoolean(value);
      case 'bigint':
        return buffer.writeBigInt(value);
      case 'undefined':
        return buffer.writeNil();
      case 'object':
        return value === null ? buffer.writeNil() : this.#writeObject(value, buffer, levels);
      case 'function':
      case 'symbol':
        throw new TypeError(`Unrecognized object: a ${typeof value}`);
    }
  }

  #writeObject(value: object, buffer: MessagePackBuffer, levels: number): void {
    if (levels === 0) throw new RangeError('Too deep objects');
    const extension = this.#extensions.write(value);
    if (extension !== null) {
      const { type, data } = extension;
      buffer.writeExtension(type, typeof data === 'function' ? data(0) : data);
    } else if (ArrayBuffer.isView(value)) buffer.writeBinary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else if (Array.isArray(value)) this.#writeItems(value, value.length, buffer, levels);
    else if (value instanceof Set) this.#writeItems(value, value.size, buffer, levels);
    else if (value instanceof Map) this.#writeEntries([...(value as ReadonlyMap<unknown, unknown>)], buffer, levels);
    else this.#writeEntries(Object.entries(value), buffer, levels, true);
  }

  #writeItems(items: Iterable<unknown>, length: number, buffer: MessagePackBuffer, levels: number): void {
    buffer.writeArrayLength(length);
    for (const item of items) this.#write(item, buffer, levels - 1);
  }

  #writeEntries(all: readonly (readonly [unknown, unknown])[], buffer: MessagePackBuffer, levels: number, ofObject = false): void {
    const entries = ofObject ? all.filter(([, value]) => value !== undefined) : all;
    buffer.writeMapLength(entries.length);
    for (const [key, value] of entries) {
      this.#write(key, buffer, levels - 1);
      this.#write(value, buffer, levels - 1);
    }
  }
}
