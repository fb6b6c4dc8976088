import { parseArgs } from 'node:util';
import { CliError, USAGE } from './cli-error.ts';
import { nearestName } from './nearest-name.ts';
import type { SettingTable } from './setting.ts';

/** A flag that is no setting. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
}

/** What a command line says. */
export interface CommandLine {
  readonly flags: Readonly<Record<string, unknown>>;
  /** Of `--set name=value`. */
  readonly assignments: ReadonlyMap<string, string>;
  /** What is wrong with those, a line each. */
  readonly problems: readonly string[];
}

const ALWAYS = { help: { type: 'boolean', short: 'h' }, set: { type: 'string', multiple: true } } as const;

/**
 * Reads the arguments of a command.
 *
 * @param more - flags beside those of the settings
 * @throws CliError with exit code 2 where they can't be understood
 */
export function parseCommandLine(
  command: string,
  args: readonly string[],
  table: SettingTable,
  more: Readonly<Record<string, Flag>> = {},
): CommandLine {
  const options: Record<string, Flag> = { ...flagsOf(table), ...more, ...ALWAYS };
  try {
    const { values } = parseArgs({ args: [...args], options });
    return { flags: values, ...assignmentsOf((values['set'] ?? []) as readonly string[], table) };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const near = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? nearestFlag(message, Object.keys(options)) : '';
    throw new CliError(USAGE, `signalbox ${command}: ${message}${near}\nSee signalbox ${command} --help.`);
  }
}

function flagsOf(table: SettingTable): Readonly<Record<string, Flag>> {
  return Object.fromEntries(
    Object.values(table).flatMap(({ flag, switch: alone }) =>
      flag === undefined ? [] : [[flag, { type: alone === true ? ('boolean' as const) : ('string' as const) }]],
    ),
  );
}

function nearestFlag(message: string, flags: readonly string[]): string {
  const near = nearestName(/'--([\w-]+)/.exec(message)?.[1] ?? '', flags);
  return near === undefined ? '' : `\nDid you mean --${near}?`;
}

function assignmentsOf(given: readonly string[], table: SettingTable): Pick<CommandLine, 'assignments' | 'problems'> {
  const assignments = new Map<string, string>();
  const problems: string[] = [];
  for (const assignment of given) {
    const [, name = '', value] = /^([\w.]{1,60})(?:=([^]*))?$/.exec(assignment) ?? [];
    const setting = Object.hasOwn(table, name) ? table[name] : undefined;
    // Of what is no name nothing is shown: it may be a secret in a wrong place.
    if (name === '' || value === undefined) problems.push(`--set ${name} (on the command line). Allowed: <name>=<value>.`);
    else if (setting?.assigned === true) assignments.set(name, value);
    else problems.push(`--set ${name} (on the command line) sets no option${otherWay(name, table)}`);
  }
  return { assignments, problems };
}

function otherWay(name: string, table: SettingTable): string {
  const setting = Object.hasOwn(table, name) ? table[name] : undefined;
  if (setting?.flag !== undefined) return `: use --${setting.flag}.`;
  if (setting !== undefined) return `: use ${setting.variable}.`;
  const options = Object.entries(table).flatMap(([option, { assigned }]) => (assigned === true ? [option] : []));
  const near = nearestName(name, options);
  return near === undefined ? '. signalbox config lists those there are.' : `: did you mean ${near}?`;
}
