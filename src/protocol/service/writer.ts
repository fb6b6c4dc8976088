import { MessagePackBuffer } from '../../base/messagepack/buffer.ts';
import type { DefaultedField, Field } from './field.ts';
import { NO_EXTENSION, type Extension } from './extension.ts';
import { layouts, type OutgoingServiceMessage } from './messages.ts';

interface WriteLayout {
  readonly number: number;
  readonly forms: readonly number[];
  readonly newest: number;
  readonly items: readonly (readonly [name: string, field: Field<unknown>])[];
  readonly rest: readonly [name: string, field: Field<unknown>] | undefined;
  readonly repeatsProtocol: boolean;
}

const byType = new Map<string, WriteLayout>(
  Object.entries(layouts).map(([type, { number, items, forms, rest = {}, repeatsProtocol = false }]) => [
    type,
    { number, forms, newest: forms.at(-1) ?? 1, items: Object.entries(items), rest: Object.entries(rest)[0], repeatsProtocol },
  ]),
);

const NOTHING: readonly unknown[] = [];

// Writing calls no code from outside, so nothing can use the buffer meanwhile.
const buffer = new MessagePackBuffer();

/**
 * One message with its length prefix.
 *
 * @param form - the length of the array, of those that its kind has had; the newest is what the official library writes
 * @throws RangeError when a tracing id is beyond 64 bits
 * @throws TypeError when there is no such message, or no such form of it
 */
export function writeServiceMessage(message: OutgoingServiceMessage, form?: number): Buffer {
  const layout = byType.get(message.type);
  if (layout === undefined) throw new TypeError(`There is no message ${message.type}.`);
  const { number, forms, newest, items, rest } = layout;
  if (form !== undefined && !forms.includes(form)) throw new TypeError(`There is no ${message.type} of ${form} items.`);
  const values = message as Readonly<Record<string, unknown>>;
  const more = rest === undefined ? NOTHING : (values[rest[0]] as readonly unknown[]);
  const length = form ?? newest;
  buffer.begin();
  buffer.writeArrayLength(length + more.length);
  buffer.writeInteger(number);
  for (let at = 0; at < length - 1; at++) {
    const [name, field] = items[at] as (typeof items)[number];
    field.write(buffer, name === 'extension' && layout.repeatsProtocol ? withProtocol(values) : valueOf(values, name, field));
  }
  for (const value of more) rest?.[1].write(buffer, value);
  return buffer.end();
}

function valueOf(values: Readonly<Record<string, unknown>>, name: string, field: Field<unknown>): unknown {
  const value = values[name];
  return value === undefined ? (field as DefaultedField<unknown>).fallback : value;
}

function withProtocol(values: Readonly<Record<string, unknown>>): Extension {
  const { extension = NO_EXTENSION, protocol } = values as { readonly extension?: Extension; readonly protocol: string | null };
  return protocol === null ? extension : { ...extension, protocol };
}
