import { codedError, describe } from './errors.ts';

/** One option: its default, and what it takes. The comment above it in its table says what it does. */
export interface Option<Value> {
  readonly byDefault: Value;
  /** What it takes, in words, for the error. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

/** Options by name. A table within a table is a group: `webSockets.closeTimeout`. */
export interface OptionTable {
  readonly [name: string]: Option<unknown> | OptionTable;
}

/** What users may give of a table. */
export type Given<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends Option<infer Value> ? Value : Given<Table[Name]>;
};

/** A table with every value. */
export type Settings<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : Settings<Table[Name]>;
};

/** The longest time that a timer can wait: 2^31 - 1 ms, about 24.8 days. */
const LONGEST_TIME = 0x7fff_ffff;

const isMilliseconds = (value: unknown): boolean => typeof value === 'number' && value > 0 && value <= LONGEST_TIME;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

export const milliseconds = (byDefault: number): Option<number> => ({
  byDefault,
  expected: 'a number of milliseconds above 0',
  accepts: isMilliseconds,
});

export const bytes = (byDefault: number): Option<number> => ({
  byDefault,
  expected: 'a whole number of bytes above 0',
  accepts: isCount,
});

export const count = (byDefault: number): Option<number> => ({ byDefault, expected: 'a whole number above 0', accepts: isCount });

export const flag = (byDefault: boolean): Option<boolean> => ({
  byDefault,
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
});

/** An option that can be null, for "none" or "no limit". */
export const orNull = <Value>(option: Option<Value>, byDefault: Value | null = option.byDefault): Option<Value | null> => ({
  byDefault,
  expected: `${option.expected}, or null`,
  accepts: (value) => value === null || option.accepts(value),
});

/** A function of the user's, or null for none. */
export const hook = <Call extends (...args: never) => unknown>(): Option<Call | null> => ({
  byDefault: null,
  expected: 'a function, or null',
  accepts: (value) => value === null || typeof value === 'function',
});

/**
 * Every option of a table with its value: of the sources that give it the last, else its default.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that an option does not take, also where a later source counts
 */
export function readOptions<Table extends object>(table: Table, sources: readonly (Given<Table> | undefined)[]): Settings<Table> {
  return read(table as unknown as OptionTable, sources, '') as Settings<Table>;
}

function read(table: OptionTable, sources: readonly unknown[], group: string): object {
  const settings: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(table)) {
    const given = sources.map((source) => (source as Readonly<Record<string, unknown>> | undefined)?.[name]);
    const path = group + name;
    settings[name] = isOption(entry) ? lastGiven(path, entry, given) : readGroup(path, entry, given);
  }
  return Object.freeze(settings);
}

function readGroup(name: string, table: OptionTable, given: readonly unknown[]): object {
  for (const value of given) if (value !== undefined && !isGroup(value)) throw invalid(name, value, 'an object of options');
  return read(table, given, `${name}.`);
}

function lastGiven(name: string, { byDefault, expected, accepts }: Option<unknown>, given: readonly unknown[]): unknown {
  let last = byDefault;
  for (const value of given) {
    if (value === undefined) continue;
    if (!accepts(value)) throw invalid(name, value, expected);
    last = value;
  }
  return last;
}

const isOption = (entry: Option<unknown> | OptionTable): entry is Option<unknown> => typeof entry['accepts'] === 'function';
const isGroup = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (option: string, value: unknown, expected: string): Error =>
  codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(value), expected });
