import { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import { MessagePackCursor } from '../base/messagepack/cursor.ts';
import type { Field } from './envelope-fields.ts';

/** One kind of message: its code, and its fields in their order on the wire. */
export interface EnvelopeLayout {
  readonly code: number;
  readonly fields: Readonly<Record<string, Field<unknown>>>;
}

/** Every kind of message that the ends of a bus say to each other. */
export type EnvelopeLayouts = Readonly<Record<string, EnvelopeLayout>>;

type ValueOf<F> = F extends Field<infer Value> ? Value : never;

/** A message of one kind. */
export type EnvelopeMessageOf<Layouts extends EnvelopeLayouts, Kind extends keyof Layouts> = { readonly kind: Kind } & {
  readonly [Name in keyof Layouts[Kind]['fields']]: ValueOf<Layouts[Kind]['fields'][Name]>;
};

/** A message of any kind. */
export type EnvelopeMessage<Layouts extends EnvelopeLayouts> = { [Kind in keyof Layouts]: EnvelopeMessageOf<Layouts, Kind> }[keyof Layouts];

interface Entry {
  readonly kind: string;
  readonly code: number;
  readonly fields: readonly (readonly [name: string, field: Field<unknown>])[];
}

// Neither writing nor reading calls code from outside, so nothing can use them meanwhile.
const buffer = new MessagePackBuffer();
const cursor = new MessagePackCursor();

/**
 * Writes and reads what the ends of a bus say to each other: a MessagePack array of the version, the code of the kind, and the fields of the kind in
 * their order. A reader passes over items behind those that it knows, so fields can be added; any other change makes a new version.
 */
export class Envelope<Layouts extends EnvelopeLayouts> {
  readonly #version: number;
  readonly #byKind: ReadonlyMap<string, Entry>;
  readonly #byCode: ReadonlyMap<number, Entry>;

  constructor(version: number, layouts: Layouts) {
    const entries = Object.entries(layouts).map(([kind, { code, fields }]): Entry => ({
      kind,
      code,
      fields: Object.entries(fields),
    }));
    this.#version = version;
    this.#byKind = new Map(entries.map((entry) => [entry.kind, entry]));
    this.#byCode = new Map(entries.map((entry) => [entry.code, entry]));
  }

  write(message: EnvelopeMessage<Layouts>): Buffer {
    const layout = this.#byKind.get(message.kind as string);
    if (layout === undefined) throw new TypeError(`There is no kind ${String(message.kind)}.`);
    buffer.begin();
    buffer.writeArrayLength(2 + layout.fields.length);
    buffer.writeNumber(this.#version);
    buffer.writeNumber(layout.code);
    for (const [name, field] of layout.fields) field.write(buffer, (message as Readonly<Record<string, unknown>>)[name]);
    return buffer.endWithoutLength();
  }

  /** Undefined for bytes that are no message of this version. What is read as bytes are views of those given. */
  read(given: Buffer): EnvelopeMessage<Layouts> | undefined {
    cursor.open(given, 0, given.length);
    try {
      const items = cursor.readArrayLength();
      if (items < 2 || cursor.readInteger() !== this.#version) return undefined;
      const layout = this.#byCode.get(cursor.readInteger() ?? 0);
      if (layout === undefined || items < 2 + layout.fields.length) return undefined;
      const message: Record<string, unknown> = { kind: layout.kind };
      for (const [name, field] of layout.fields) {
        const value = field.read(cursor);
        if (value === undefined) return undefined;
        message[name] = value;
      }
      return message as unknown as EnvelopeMessage<Layouts>;
    } finally {
      cursor.close();
    }
  }
}
