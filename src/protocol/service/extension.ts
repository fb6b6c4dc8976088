import { flag, int32, orElse, text, uint64, type DefaultedField, type Field, type ValueOf } from './field.ts';

/** How deep a value may be nested that is passed over because its key is not known. */
const MAX_DEPTH = 16;

/** What the map that most messages end in may say, with its keys: integers, unlike those of the other maps. */
export const extensionTable = {
  /** Where messages are traced, the number that one has in the logs. */
  tracingId: { key: 1, field: uint64 },
  /** Seconds that a user stays in a group. */
  ttl: { key: 2, field: int32 },
  /** The name of a hub protocol. */
  protocol: { key: 3, field: text },
  /** An OData filter over the connections that are sent to. */
  filter: { key: 4, field: text },
  /** One of `DataType`, or a number of later releases. */
  dataType: { key: 5, field: int32 },
  /** Whether more of the same hub message follows. */
  isPartial: { key: 6, field: flag },
} as const;

type ExtensionTable = typeof extensionTable;

/** What a message says beyond its own fields. */
export type Extension = { readonly [Name in keyof ExtensionTable]?: ValueOf<ExtensionTable[Name]['field']> };

export const NO_EXTENSION: Extension = Object.freeze({});

interface Member {
  readonly name: string;
  readonly key: number;
  readonly field: Field<unknown>;
}

const members: readonly Member[] = Object.entries(extensionTable).map(([name, { key, field }]) => ({
  name,
  key,
  field: field as Field<unknown>,
}));
const byKey = new Map(members.map((member) => [member.key, member]));

/** Entries of unknown keys are passed over; later releases may add keys. */
export const extension: DefaultedField<Extension> = orElse<Extension>(
  {
    kind: 'extension',
    write: (buffer, value) => {
      if (value === NO_EXTENSION) return buffer.writeMapLength(0);
      const given = value as Readonly<Record<string, unknown>>;
      let present = 0;
      for (const { name } of members) if (given[name] !== undefined) present++;
      buffer.writeMapLength(present);
      for (const { name, key, field } of members) {
        if (given[name] === undefined) continue;
        buffer.writeInteger(key);
        field.write(buffer, given[name]);
      }
    },
    read: (cursor) => {
      let left = cursor.readMapLength();
      if (left <= 0) return left === 0 ? NO_EXTENSION : undefined;
      const read: Record<string, unknown> = {};
      for (; left > 0; left--) {
        const key = cursor.readInteger();
        if (key === undefined) return undefined;
        const member = byKey.get(key);
        const value = member ? member.field.read(cursor) : cursor.skip(MAX_DEPTH);
        if (value === undefined) return undefined;
        if (member) read[member.name] = value;
      }
      return read;
    },
  },
  NO_EXTENSION,
);
