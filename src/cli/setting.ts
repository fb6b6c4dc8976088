/** Something that can be set on the command line, or in the environment. */
export interface Setting<Value> {
  /** Without `--`; undefined for a secret, which every user of a machine could read on its command lines. */
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
}

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table; undefined for what was not given and has no default, or was wrong. */
export type Values<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value | undefined : never;
};

/** What was read, and what of it is wrong: one line for each. */
export interface Reading<Table extends SettingTable> {
  readonly values: Values<Table>;
  readonly problems: readonly string[];
  /** How an error names a setting: `--port is 'x' (on the command line)`. */
  readonly named: (name: keyof Table) => string;
}

interface Given {
  readonly text: string;
  readonly source: string;
}

/** Reads every setting, so that all that is wrong is said at once. `flags` are the command line's, by flag. An empty text counts as not given. */
export function readSettings<Table extends SettingTable>(
  table: Table,
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: NodeJS.ProcessEnv,
): Reading<Table> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(table)) {
    const given = givenOf(setting, flags, environment);
    const text = given?.text ?? setting.byDefault;
    values[name] = text === undefined ? undefined : setting.parse(text);
    if (given !== undefined && values[name] === undefined) problems.push(`${given.source}. Allowed: ${setting.allowed}.`);
  }
  const named = (name: keyof Table): string => {
    const setting = table[name] as Setting<unknown>;
    return givenOf(setting, flags, environment)?.source ?? `--${setting.flag} is '${setting.byDefault}' (the default)`;
  };
  return { values: values as Values<Table>, problems, named };
}

function givenOf(
  { flag, variable }: Setting<unknown>,
  flags: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv,
): Given | undefined {
  const argument = flag === undefined ? undefined : flags[flag];
  if (argument === true) return { text: 'true', source: `--${flag} (on the command line)` };
  if (typeof argument === 'string') return { text: argument, source: `--${flag} is ${shown(argument)} (on the command line)` };
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  // Without a flag it is a secret.
  return { text, source: flag === undefined ? `${variable} (in the environment)` : `${variable} is ${shown(text)} (in the environment)` };
}

const shown = (text: string): string => `'${text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)}'`;
