import type { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import type { MessagePackCursor } from '../../base/messagepack/cursor.ts';

/** How one item of a message is written and read. */
export interface Field<Value> {
  /** What the item is, in a few words: for errors and the documentation. */
  readonly kind: string;
  write(buffer: MessagePackBuffer, value: Value): void;
  /** Undefined for an item of another kind, or one that is cut short. */
  read(cursor: MessagePackCursor): Value | undefined;
}

/** A field that a message may leave out: the shorter forms of an array lack it. */
export interface DefaultedField<Value> extends Field<Value> {
  readonly fallback: Value;
}

export const orElse = <Value>(field: Field<Value>, fallback: Value): DefaultedField<Value> => ({ ...field, fallback });

/** What a field writes and reads. */
export type ValueOf<F> = F extends Field<infer Value> ? Value : never;

/** Entries that one map may have: a name and an empty value are two bytes on the wire, and a hundred in memory. */
export const MAX_MAP_ENTRIES = 4_096;
/** Texts that one array may have: an empty one is a byte on the wire, and eight in memory. */
export const MAX_TEXTS = 1_048_576;

export const text: Field<string> = {
  kind: 'text',
  write: (buffer, value) => buffer.writeString(value),
  read: (cursor) => cursor.readString() ?? undefined,
};

export const optionalText: Field<string | null> = {
  kind: 'text or nil',
  write: (buffer, value) => (value === null ? buffer.writeNil() : buffer.writeString(value)),
  read: (cursor) => cursor.readString(),
};

/** Text that may come as nil, which says the same as no text. */
export const looseText: Field<string> = {
  kind: 'text (nil is read as empty)',
  write: (buffer, value) => buffer.writeString(value),
  read: (cursor) => {
    const value = cursor.readString();
    return value === null ? '' : value;
  },
};

export const texts: Field<readonly string[]> = {
  kind: 'array of text',
  write: (buffer, values) => buffer.writeStrings(values),
  read: (cursor) => cursor.readStrings(MAX_TEXTS),
};

export const flag: Field<boolean> = {
  kind: 'boolean',
  write: (buffer, value) => buffer.writeBoolean(value),
  read: (cursor) => cursor.readBoolean(),
};

const isInt32 = (value: number): boolean => value <= 0x7fff_ffff && value >= -0x8000_0000;

export const int32: Field<number> = {
  kind: 'int32',
  write: (buffer, value) => buffer.writeInteger(value),
  read: (cursor) => {
    const value = cursor.readInteger();
    return value !== undefined && isInt32(value) ? value : undefined;
  },
};

/** An integer of 64 bits without sign. */
export const uint64: Field<bigint> = {
  kind: 'uint64',
  write: (buffer, value) => (value < 0x1_0000_0000n ? buffer.writeInteger(Number(value)) : buffer.writeBigInt(value)),
  read: (cursor) => {
    const value = cursor.readBigInt() ?? cursor.readInteger();
    return value === undefined || value < 0 ? undefined : BigInt(value);
  },
};

/** An integer of 32 bits that is written in five bytes, however small. */
export const wideInt32: Field<number> = { ...int32, write: (buffer, value) => buffer.writeInt32(value) };

/** One of a few numbers, written as `integer` writes them. */
export function oneOf<Value extends number>(allowed: Readonly<Record<string, Value>>, integer: Field<number> = int32): Field<Value> {
  const values = new Set<number>(Object.values(allowed));
  const names = Object.entries(allowed).map(([name, value]) => `${value} ${name}`);
  return {
    kind: `one of ${names.join(', ')}`,
    write: (buffer, value) => integer.write(buffer, value),
    read: (cursor) => {
      const value = integer.read(cursor);
      return value !== undefined && values.has(value) ? (value as Value) : undefined;
    },
  };
}

const NO_BYTES = Buffer.alloc(0);

/** Bytes, read as a view of what came; also where they come as text or nil, which the official reader allows. */
export const payload: Field<Buffer> = {
  kind: 'bytes',
  write: (buffer, value) => buffer.writeBinary(value),
  read: (cursor) => (cursor.skipNil() ? NO_BYTES : cursor.viewBytes()),
};

export const optionalPayload: Field<Buffer | null> = {
  kind: 'bytes or nil',
  write: (buffer, value) => (value === null ? buffer.writeNil() : buffer.writeBinary(value)),
  read: (cursor) => (cursor.skipNil() ? null : cursor.viewBytes()),
};

/** A number, text or nil. */
export const scalar: Field<number | string | null> = {
  kind: 'int32, text or nil',
  write: (buffer, value) => (typeof value === 'number' ? int32.write(buffer, value) : optionalText.write(buffer, value)),
  read: (cursor) => {
    const value = cursor.readInteger();
    if (value === undefined) return cursor.readString();
    return isInt32(value) ? value : undefined;
  },
};

/** A map from text, in the order of the wire. Undefined for a broken one, or one of more than `MAX_MAP_ENTRIES`. */
export function readEntries<Value>(cursor: MessagePackCursor, value: Field<Value>): (readonly [string, Value])[] | undefined {
  const entries: (readonly [string, Value])[] = [];
  let left = cursor.readMapLength();
  if (left < 0 || left > MAX_MAP_ENTRIES) return undefined;
  for (; left > 0; left--) {
    const name = cursor.readString();
    const read = typeof name === 'string' ? value.read(cursor) : undefined;
    if (typeof name !== 'string' || read === undefined) return undefined;
    entries.push([name, read]);
  }
  return entries;
}

/** A map whose names may repeat, as claims do: a list of pairs. */
export function pairsOf<Value>(value: Field<Value>): Field<readonly (readonly [string, Value])[]> {
  return {
    kind: `map from text, which may repeat, to ${value.kind}`,
    write: (buffer, entries) => {
      buffer.writeMapLength(entries.length);
      for (const [name, item] of entries) {
        buffer.writeString(name);
        value.write(buffer, item);
      }
    },
    read: (cursor) => readEntries(cursor, value),
  };
}

/** A map of distinct names; of a name that comes again, the last value is read. */
export function mapOf<Value>(value: Field<Value>): Field<ReadonlyMap<string, Value>> {
  return {
    kind: `map from text to ${value.kind}`,
    write: (buffer, entries) => {
      buffer.writeMapLength(entries.size);
      for (const [name, item] of entries) {
        buffer.writeString(name);
        value.write(buffer, item);
      }
    },
    read: (cursor) => {
      const entries = readEntries(cursor, value);
      return entries && new Map(entries);
    },
  };
}
