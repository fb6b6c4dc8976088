import { noConfigFile, type ConfigFile } from './config-file.ts';
import { quoted, written, type Setting, type SettingTable, type Values } from './setting.ts';

/** Where settings are read from; the first of them that gives one counts. */
export interface Sources {
  /** The command line's, by flag. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Of `--set name=value`. */
  readonly assignments: ReadonlyMap<string, string>;
  readonly environment: NodeJS.ProcessEnv;
  readonly file: ConfigFile;
}

export type Source = 'command line' | 'environment' | 'file' | 'default';

/** A setting as it was read. */
export interface ReadSetting {
  /** Undefined where there is none. */
  readonly value: unknown;
  readonly source: Source;
  /** How an error names it: `--port is 'x' (on the command line)`. A secret without its value. */
  readonly named: string;
}

/** What was read, and what of it is wrong: one line for each. */
export interface Reading<Table extends SettingTable> {
  readonly values: Values<Table>;
  readonly settings: ReadonlyMap<string, ReadSetting>;
  readonly problems: readonly string[];
  /** How an error names a setting. */
  readonly named: (name: keyof Table & string) => string;
}

/** Where nothing is given. */
export const noSources: Sources = { flags: {}, assignments: new Map(), environment: {}, file: noConfigFile };

/** Reads every setting, so that all that is wrong is said at once. An empty variable counts as not given. */
export function readSettings<Table extends SettingTable>(table: Table, sources: Sources): Reading<Table> {
  const settings = new Map<string, ReadSetting>();
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(table)) {
    const read = readOne(name, setting, sources);
    settings.set(name, read);
    if (read.source !== 'default' && read.value === undefined) problems.push(`${read.named}. Allowed: ${setting.allowed}.`);
  }
  const values = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
  return { values: values as Values<Table>, settings, problems, named: (name) => settings.get(name)?.named ?? name };
}

function readOne(name: string, setting: Setting<unknown>, { flags, assignments, environment, file }: Sources): ReadSetting {
  const { flag, variable, byDefault, parse } = setting;
  const showing = (text: string): string => (setting.secret === true ? '' : ` is ${quoted(text)}`);
  const argument = flag === undefined ? undefined : flags[flag];
  if (argument === true) return { value: parse('true'), source: 'command line', named: `--${flag} (on the command line)` };
  const assigned = typeof argument === 'string' ? argument : assignments.get(name);
  if (assigned !== undefined) {
    const called = flag === undefined ? `--set ${name}` : `--${flag}`;
    return { value: parse(assigned), source: 'command line', named: `${called}${showing(assigned)} (on the command line)` };
  }
  const text = environment[variable];
  if (text !== undefined && text !== '') {
    return { value: parse(text), source: 'environment', named: `${variable}${showing(text)} (in the environment)` };
  }
  const entry = file.entries.get(name);
  if (entry !== undefined) {
    return { value: taken(setting, entry.value), source: 'file', named: `${name}${showing(written(entry.value))} (in ${entry.where})` };
  }
  const shown = `${flag === undefined ? name : `--${flag}`} is '${byDefault ?? ''}' (the default)`;
  return { value: byDefault === undefined ? undefined : parse(byDefault), source: 'default', named: shown };
}

function taken({ take, parse }: Setting<unknown>, value: unknown): unknown {
  if (take !== undefined) return take(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? parse(String(value)) : undefined;
}
