/** Something that can be set: on the command line, in the environment, or in the configuration file, under its name in its table. */
export interface Setting<Value> {
  /** Without `--`. Left out for a secret, which every user of a machine could read on its command lines, and for what `--set name=value` sets. */
  readonly flag?: string;
  /** On the command line it stands alone and means `true`. */
  readonly switch?: true;
  /** The variable of the environment. The command line counts before it. */
  readonly variable: string;
  /** What stands for its value in the help. */
  readonly placeholder: string;
  /** What it does, for the help. */
  readonly about: string;
  /** As it would be written; undefined where there is none. */
  readonly byDefault?: string;
  /** What is allowed, for errors: `a whole number from 0 to 65535`. */
  readonly allowed: string;
  /** The value; undefined for a text that is not allowed. */
  readonly parse: (text: string) => Value | undefined;
  /** The value of what the file has; undefined for what is not allowed. Left out: text, numbers, true and false are parsed as they are written. */
  readonly take?: (value: unknown) => Value | undefined;
  /** A reload applies it. Left out: it takes a restart. */
  readonly reloads?: true;
  /** Never shown. */
  readonly secret?: true;
  /** Whether `--set name=value` sets it, as it does the options of the service. */
  readonly assigned?: true;
  /** Says where the file is. */
  readonly notInFile?: true;
}

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table; undefined for what was not given and has no default, or was wrong. */
export type Values<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value | undefined : never;
};

/** What stands for a value in what people read: text as it is, lists with commas. */
export function written(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join(',') : JSON.stringify(value);
}

/** A text of somebody else, as it can stand in an error. */
export const quoted = (text: string): string => `'${text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)}'`;
