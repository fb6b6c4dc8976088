import type { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import type { MessagePackCursor } from '../base/messagepack/cursor.ts';
import type { Audience } from './audience.ts';

/** Writes and reads one field of an envelope. What is not such a field is read as undefined. */
export interface Field<Value> {
  write(buffer: MessagePackBuffer, value: Value): void;
  read(cursor: MessagePackCursor): Value | undefined;
}

export const text: Field<string> = {
  write: (buffer, value) => buffer.writeString(value),
  read: (cursor) => cursor.readString() ?? undefined,
};

export const number: Field<number> = {
  write: (buffer, value) => buffer.writeNumber(value),
  read: (cursor) => cursor.readInteger(),
};

export const flag: Field<boolean> = {
  write: (buffer, value) => buffer.writeBoolean(value),
  read: (cursor) => cursor.readBoolean(),
};

/** Read as a view of what came. */
export const bytes: Field<Buffer> = {
  write: (buffer, value) => buffer.writeBinary(value),
  read: (cursor) => cursor.viewBinary(),
};

export const texts: Field<readonly string[]> = {
  write: (buffer, values) => buffer.writeStrings(values),
  read: (cursor) => cursor.readStrings(),
};

/** Whole numbers. */
export const numbers: Field<readonly number[]> = {
  write: (buffer, values) => {
    buffer.writeArrayLength(values.length);
    for (const value of values) buffer.writeNumber(value);
  },
  read: (cursor) => {
    const length = cursor.readArrayLength();
    if (length < 0) return undefined;
    const values: number[] = [];
    while (values.length < length) {
      const value = cursor.readInteger();
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  },
};

/** A hub message, framed, by the name of the hub protocol. */
export const forms: Field<ReadonlyMap<string, Buffer>> = {
  write: (buffer, values) => buffer.writeBinaryMap(values),
  read: (cursor) => cursor.viewBinaryMap(),
};

const NOBODY: readonly string[] = [];

/** What it is to, whom it names, and whom it leaves out. */
export const audience: Field<Audience> = {
  write: (buffer, value) => {
    buffer.writeArrayLength(3);
    buffer.writeString(value.to);
    buffer.writeStrings(value.to === 'all' ? NOBODY : value.to === 'groups' ? value.names : value.ids);
    buffer.writeStrings(value.to === 'all' || value.to === 'groups' ? (value.except ?? NOBODY) : NOBODY);
  },
  read: (cursor) => {
    if (cursor.readArrayLength() !== 3) return undefined;
    const to = cursor.readString();
    const names = cursor.readStrings();
    const except = names && cursor.readStrings();
    if (names === undefined || except === undefined) return undefined;
    if (to === 'all') return { to, except };
    if (to === 'groups') return { to, names, except };
    return to === 'users' || to === 'connections' ? { to, ids: names } : undefined;
  },
};
