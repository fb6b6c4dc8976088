import type { BigIntWriting } from './json-replacer.ts';
import { camelCase, reviver, type PropertyNames, type Reviver } from './json-reviver.ts';
import { parseExactly } from './json-integers.ts';
import { oneOf } from './value-options.ts';
import { valueWriter, type Replacer, type ValueWriter } from './json-writer.ts';

/** How values become JSON text and are read from it. Names, targets and all else of a message's frame are never touched. */
export interface JsonOptions {
  /**
   * The names of properties in objects. `camelCase` is what the reference server does with its own: `UserName` is sent as `userName`,
   * and read as `userName`, however the client writes its first letter. A pair of functions does anything else. A hub's dictionaries
   * are objects as well, and their keys are names; the keys of a `Map` are left alone. Default: `asIs`.
   */
  readonly propertyNaming?: 'asIs' | 'camelCase' | PropertyNames;
  /** As for `JSON.stringify`, called for each value and what is in it, with the names that are sent. Default: none. */
  readonly replacer?: Replacer;
  /**
   * As for `JSON.parse`, called for each value and what is in it, with the names that were sent. What it throws fails the call
   * that brought the value. Default: none.
   */
  readonly reviver?: Reviver;
  /**
   * What text is read as that is a whole date and time with its zone, such as `2024-02-29T12:34:56.789Z`: wherever it stands, a
   * chat's text included. A validator that takes text and makes a date of it is the better choice mostly. Default: `text`.
   */
  readonly dates?: 'text' | 'date';
  /**
   * What integers of 64 bits are read as that a number can't hold: rounded numbers, or with `auto` bigints, which is what a
   * .NET client's `long` needs. Default: `number`.
   */
  readonly int64?: 'number' | 'auto';
  /**
   * How bigints are written. `exact`: as numbers, and refused beyond 2^53, where JavaScript clients would round them. `number`: as
   * numbers of any size, for clients with integers of 64 bits. `text`: as text. Default: `exact`.
   */
  readonly bigints?: BigIntWriting;
}

/** What a protocol with these options does for each message; undefined where it does what it does without any. */
export interface JsonConversions {
  readonly parse: ((text: string) => unknown) | undefined;
  readonly revive: ((value: unknown) => unknown) | undefined;
  readonly write: ValueWriter | undefined;
}

/** @throws TypeError for a value that an option does not take */
export function jsonConversions(options: JsonOptions): JsonConversions {
  const { propertyNaming = 'asIs', replacer, reviver: custom, dates = 'text', int64 = 'number', bigints = 'exact' } = options;
  oneOf('dates', dates, ['text', 'date']);
  oneOf('int64', int64, ['number', 'auto']);
  oneOf('bigints', bigints, ['exact', 'number', 'text']);
  const names = namesOf(propertyNaming);
  for (const [name, call] of Object.entries({ replacer, reviver: custom, ...names })) {
    if (call !== undefined && typeof call !== 'function')
      throw new TypeError(`The option ${name} is ${String(call)}. Expected a function.`);
  }
  const revives = custom !== undefined || dates === 'date' || names.read !== undefined;
  const writes = replacer !== undefined || bigints !== 'exact' || names.write !== undefined;
  return {
    parse: int64 === 'auto' ? parseExactly : undefined,
    revive: revives ? reviver({ dates: dates === 'date', rename: names.read, custom }) : undefined,
    write: writes ? valueWriter({ bigints, rename: names.write, custom: replacer }) : undefined,
  };
}

function namesOf(naming: 'asIs' | 'camelCase' | PropertyNames): PropertyNames {
  if (typeof naming === 'object' && naming !== null) return naming;
  oneOf('propertyNaming', naming, ['asIs', 'camelCase']);
  return naming === 'camelCase' ? { write: camelCase, read: camelCase } : {};
}
