import { readFile } from 'node:fs/promises';
import { JsonTextError, readJsonText } from './json-text.ts';
import { nearestName } from './nearest-name.ts';
import type { SettingTable } from './setting.ts';

/** A setting as the file has it. */
export interface FileEntry {
  readonly value: unknown;
  /** `signalbox.json, line 3` */
  readonly where: string;
}

/** What a configuration file says, and what of it is wrong: one line for each. */
export interface ConfigFile {
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly problems: readonly string[];
}

/** Where there is none. */
export const noConfigFile: ConfigFile = { entries: new Map(), problems: [] };

/**
 * Reads a configuration file: an object of settings by name, where those with a dot may be nested.
 *
 * @throws Error of `node:fs`, with its `code`, where it can't be read
 */
export async function readConfigFile(file: string, table: SettingTable): Promise<ConfigFile> {
  const text = await readFile(file, 'utf8');
  try {
    const { value, lines } = readJsonText(text);
    if (!isObject(value)) return { ...noConfigFile, problems: [`${file} is no object of settings. Allowed: { "port": 8888 }.`] };
    return new Flattening(file, table, lines).read(value);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    return { ...noConfigFile, problems: [`${file} ${error.message}. Allowed: JSON, in which comments may stand.`] };
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class Flattening {
  readonly #file: string;
  readonly #table: SettingTable;
  readonly #lines: ReadonlyMap<string, number>;
  readonly #entries = new Map<string, FileEntry>();
  readonly #problems: string[] = [];

  constructor(file: string, table: SettingTable, lines: ReadonlyMap<string, number>) {
    this.#file = file;
    this.#table = table;
    this.#lines = lines;
  }

  read(value: Readonly<Record<string, unknown>>): ConfigFile {
    this.#group(value, '');
    return { entries: this.#entries, problems: this.#problems };
  }

  #group(group: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [name, value] of Object.entries(group)) this.#member(prefix + name, value);
  }

  #member(path: string, value: unknown): void {
    const where = `${this.#file}, line ${this.#lines.get(path)}`;
    const setting = Object.hasOwn(this.#table, path) ? this.#table[path] : undefined;
    if (setting !== undefined && setting.notInFile !== true) {
      this.#entries.set(path, { value, where });
    } else if (Object.keys(this.#table).some((name) => name.startsWith(`${path}.`))) {
      if (isObject(value)) this.#group(value, `${path}.`);
      else this.#problems.push(`${path} (in ${where}) is not what it has to be. Allowed: an object of settings.`);
    } else this.#problems.push(`${this.#unknown(path)} (in ${where}).`);
  }

  /** Of a name no more is shown than could be one: it may be a secret in a wrong place. */
  #unknown(path: string): string {
    const names = Object.entries(this.#table).flatMap(([name, { notInFile }]) => (notInFile === true ? [] : [name]));
    const near = nearestName(path, names);
    const shown = /^[\w.]{1,60}$/.test(path) ? `${path} is` : 'A name is';
    return `${shown} no setting of the file${near === undefined ? '' : `: did you mean ${near}?`}`;
  }
}
