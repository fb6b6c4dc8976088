import * as fc from 'fast-check';
import { layouts, type ServiceMessage } from '../../../src/protocol/service/messages.ts';
import type { extensionTable } from '../../../src/protocol/service/extension.ts';
import { FlowControlOperation, FlowControlTarget } from '../../../src/protocol/service/codes.ts';

/** Random messages of every kind. Values are made by what the table says of a field, so a field of a new kind needs a line here. */

const text = fc.string({ unit: 'binary', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((given) => Buffer.from(given));
const int32 = fc.oneof(fc.integer(), fc.integer({ min: -200, max: 300 }));
const texts = fc.array(text, { maxLength: 20 });
const mapTo = <T>(value: fc.Arbitrary<T>) => fc.array(fc.tuple(text, value), { maxLength: 6 }).map((entries) => new Map(entries));
const orNil = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const extensionValues: Readonly<Record<keyof typeof extensionTable, fc.Arbitrary<unknown>>> = {
  tracingId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ttl: int32,
  protocol: text,
  filter: text,
  dataType: int32,
  isPartial: fc.boolean(),
};

const kinds: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  text,
  'text or nil': orNil(text),
  'text (nil is read as empty)': text,
  'array of text': texts,
  boolean: fc.boolean(),
  int32,
  bytes,
  'bytes or nil': orNil(bytes),
  'int32, text or nil': orNil(fc.oneof(text, int32)),
  'map from text, which may repeat, to text': fc.array(fc.tuple(fc.oneof(fc.constant('role'), text), text), { maxLength: 20 }),
  'map from text to array of text': mapTo(texts),
  'map from text to bytes': mapTo(bytes),
  extension: fc.record(extensionValues, { requiredKeys: [], noNullPrototype: true }),
};

const codes: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  target: fc.constantFrom(...Object.values(FlowControlTarget)),
  operation: fc.constantFrom(...Object.values(FlowControlOperation)),
};

function valueOf(name: string, kind: string): fc.Arbitrary<unknown> {
  const value = kind.startsWith('one of ') ? codes[name] : kinds[kind];
  if (value === undefined) throw new Error(`There are no random values of the kind ${kind}, for ${name}.`);
  return value;
}

/** Random messages of one kind. */
export function messageOf(type: string): fc.Arbitrary<ServiceMessage> {
  const { items, rest = {}, repeatsProtocol } = layouts[type] as (typeof layouts)[string];
  const values = Object.entries(items).map(([name, { kind }]) => [name, valueOf(name, kind)] as const);
  const more = Object.entries(rest).map(([name, { kind }]) => [name, fc.array(valueOf(name, kind), { maxLength: 20 })] as const);
  const made = fc.record({ type: fc.constant(type), ...Object.fromEntries([...values, ...more]) }, { noNullPrototype: true });
  return (repeatsProtocol === true ? made.map(withRepeatedProtocol) : made) as fc.Arbitrary<unknown> as fc.Arbitrary<ServiceMessage>;
}

/** As a completion comes back: its extension says the protocol once more. */
function withRepeatedProtocol(message: object): object {
  const { protocol, extension } = message as { protocol?: string | null; extension?: object };
  return protocol === null ? message : { ...message, extension: { ...extension, protocol } };
}

export const anyMessage: fc.Arbitrary<ServiceMessage> = fc.oneof(...Object.keys(layouts).map(messageOf));
