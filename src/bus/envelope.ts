import type { Audience } from '../backplane/audience.ts';
import { MessagePackBuffer } from '../base/messagepack/buffer.ts';
import { MessagePackCursor } from '../base/messagepack/cursor.ts';

/**
 * What servers of a farm say to each other over a bus: a MessagePack array of the version, the code of the kind, and the fields of the kind in their
 * order. A reader passes over items behind those that it knows, so fields can be added; any other change makes a new version.
 */
export const ENVELOPE_VERSION = 1;

const buffer = new MessagePackBuffer();
const cursor = new MessagePackCursor();

/** Writes and reads one field. What is not such a field is read as undefined. */
interface Field<Value> {
  write(value: Value): void;
  read(): Value | undefined;
}

const text: Field<string> = {
  write: (value) => buffer.writeString(value),
  read: () => cursor.readString() ?? undefined,
};

const number: Field<number> = {
  write: (value) => buffer.writeNumber(value),
  read: () => cursor.readInteger(),
};

const flag: Field<boolean> = {
  write: (value) => buffer.writeBoolean(value),
  read: () => cursor.readBoolean(),
};

/** Read as a view of what came. */
const bytes: Field<Buffer> = {
  write: (value) => buffer.writeBinary(value),
  read: () => cursor.viewBinary(),
};

const texts: Field<readonly string[]> = {
  write: (values) => buffer.writeStrings(values),
  read: () => cursor.readStrings(),
};

/** A hub message, framed, by the name of the hub protocol. */
const forms: Field<ReadonlyMap<string, Buffer>> = {
  write: (values) => buffer.writeBinaryMap(values),
  read: () => cursor.viewBinaryMap(),
};

const NOBODY: readonly string[] = [];

/** What it is to, whom it names, and whom it leaves out. */
const audience: Field<Audience> = {
  write: (value) => {
    buffer.writeArrayLength(3);
    text.write(value.to);
    texts.write(value.to === 'all' ? NOBODY : value.to === 'groups' ? value.names : value.ids);
    texts.write(value.to === 'all' || value.to === 'groups' ? (value.except ?? NOBODY) : NOBODY);
  },
  read: () => {
    if (cursor.readArrayLength() !== 3) return undefined;
    const to = cursor.readString();
    const names = texts.read();
    const except = names && texts.read();
    if (names === undefined || except === undefined) return undefined;
    if (to === 'all') return { to, except };
    if (to === 'groups') return { to, names, except };
    return to === 'users' || to === 'connections' ? { to, ids: names } : undefined;
  },
};

/** Every kind of message: its code, and its fields in their order on the wire. */
const layouts = {
  /** A hub message for clients. */
  message: { code: 1, fields: { audience, forms } },
  /** A client result is asked of a connection; `server` gets the answer. */
  question: { code: 2, fields: { id: text, server: text, connectionId: text, forms } },
  /** What the client answered, in the protocol that it speaks. */
  answer: { code: 3, fields: { id: text, protocol: text, record: bytes } },
  /** Whoever has the connection puts it into a group, or takes it out. */
  change: { code: 4, fields: { id: text, server: text, connectionId: text, group: text, joins: flag } },
  /** The change has been made. */
  done: { code: 5, fields: { id: text } },
  /** The connection that a question or a change is about has gone. */
  left: { code: 6, fields: { id: text } },
  /** Which of these connections does each server have? */
  look: { code: 7, fields: { number, server: text, connectionIds: texts } },
  /** These. */
  found: { code: 8, fields: { number, server: text, connectionIds: texts } },
  /** The server is there; `asks` whether others are. */
  here: { code: 9, fields: { server: text, asks: flag } },
  /** The server goes. */
  gone: { code: 10, fields: { server: text } },
} as const;

type Layouts = typeof layouts;
type Kind = keyof Layouts;
type ValueOf<F> = F extends Field<infer Value> ? Value : never;

/** A message of one kind. */
export type BusMessageOf<K extends Kind> = { readonly kind: K } & {
  readonly [Name in keyof Layouts[K]['fields']]: ValueOf<Layouts[K]['fields'][Name]>;
};

/** What one server says to others. */
export type BusMessage = { [K in Kind]: BusMessageOf<K> }[Kind];

type AnyFields = Readonly<Record<string, Field<unknown>>>;

const entries = Object.entries(layouts).map(([kind, { code, fields }]) => ({
  kind,
  code: code as number,
  fields: Object.entries(fields as AnyFields),
}));
const byKind = new Map(entries.map((entry) => [entry.kind, entry]));
const byCode = new Map(entries.map((entry) => [entry.code, entry]));

export function writeBusMessage(message: BusMessage): Buffer {
  const layout = byKind.get(message.kind);
  if (layout === undefined) throw new TypeError(`There is no kind ${message.kind}.`);
  buffer.begin();
  buffer.writeArrayLength(2 + layout.fields.length);
  buffer.writeNumber(ENVELOPE_VERSION);
  buffer.writeNumber(layout.code);
  for (const [name, field] of layout.fields) field.write((message as Readonly<Record<string, unknown>>)[name]);
  return buffer.endWithoutLength();
}

/** Undefined for bytes that are no message of this version. What is read as bytes are views of those given. */
export function readBusMessage(given: Buffer): BusMessage | undefined {
  cursor.open(given, 0, given.length);
  try {
    const items = cursor.readArrayLength();
    if (items < 2 || cursor.readInteger() !== ENVELOPE_VERSION) return undefined;
    const layout = byCode.get(cursor.readInteger() ?? 0);
    if (layout === undefined || items < 2 + layout.fields.length) return undefined;
    const message: Record<string, unknown> = { kind: layout.kind };
    for (const [name, field] of layout.fields) {
      const value = field.read();
      if (value === undefined) return undefined;
      message[name] = value;
    }
    return message as unknown as BusMessage;
  } finally {
    cursor.close();
  }
}
