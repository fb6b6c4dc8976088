import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readPriceTable } from '../metering/price-file.ts';
import { priceTable, type PriceTable } from '../metering/price-table.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';

/** A directory, and how an error names it. */
export interface DataDirectory {
  readonly path: string;
  readonly named: string;
}

/** What `signalbox bill` is to do. */
export interface BillOptions {
  readonly directories: readonly DataDirectory[];
  /** `2026-11`; undefined: all that there are. */
  readonly month: string | undefined;
  readonly prices: PriceTable;
  readonly aspNetSignalR: boolean;
  readonly json: boolean;
  /** Whether the prices are all that is asked for. */
  readonly printPrices: boolean;
}

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;
const BY_DEFAULT = '.signalbox';
const VARIABLE = 'SIGNALBOX_DATA';

const flags = {
  data: { type: 'string', multiple: true },
  month: { type: 'string' },
  prices: { type: 'string' },
  'aspnet-signalr': { type: 'boolean' },
  json: { type: 'boolean' },
  'print-prices': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads what `signalbox bill` was given. Undefined where it asks for help.
 *
 * @throws CliError that names everything that is wrong
 */
export async function readBillOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<BillOptions | undefined> {
  const given = parse(args);
  if (given.help === true) return undefined;
  const problems: string[] = [];
  const { month } = given;
  if (month !== undefined && !MONTH.test(month)) problems.push(`--month is ${shown(month)}. Allowed: a month, such as 2026-11.`);
  const directories = directoriesOf(given.data, environment);
  for (const { path, named } of directories) {
    if (path === '' || path.includes('\0')) problems.push(`${named}. Allowed: the path of a directory.`);
  }
  const prices = given.prices === undefined ? priceTable : await readPrices(given.prices, problems);
  if (problems.length > 0) {
    throw new CliError(FAILED, `signalbox bill can't begin:${problems.map((line) => `\n  ${line}`).join('')}\nSee signalbox bill --help.`);
  }
  return {
    directories,
    month,
    prices,
    aspNetSignalR: given['aspnet-signalr'] === true,
    json: given.json === true,
    printPrices: given['print-prices'] === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (error) {
    throw new CliError(USAGE, `signalbox bill: ${(error as Error).message}\nSee signalbox bill --help.`);
  }
}

function directoriesOf(given: readonly string[] | undefined, environment: NodeJS.ProcessEnv): readonly DataDirectory[] {
  if (given !== undefined) return given.map((path) => ({ path, named: `--data is ${shown(path)} (on the command line)` }));
  const path = environment[VARIABLE] ?? '';
  if (path !== '') return [{ path, named: `${VARIABLE} is ${shown(path)} (in the environment)` }];
  return [{ path: BY_DEFAULT, named: `--data is '${BY_DEFAULT}' (the default)` }];
}

async function readPrices(path: string, problems: string[]): Promise<PriceTable> {
  const named = `--prices is ${shown(path)}`;
  try {
    const table = readPriceTable(await readFile(path, 'utf8'));
    if ('tiers' in table) return table;
    problems.push(...table.map((problem) => `${named}: ${problem}`));
  } catch (error) {
    problems.push(`${named}. It can't be used: ${(error as Error).message}.`);
  }
  return priceTable;
}

const shown = (text: string): string => `'${text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100)}'`;
