import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Property } from './property.ts';

export const MILLION = 1_000_000;
const INT32 = 2 ** 31;
const MOST_WORKERS = 64;

export interface Options {
  readonly properties: readonly Property[];
  /** Of all properties together. */
  readonly cases: number;
  readonly seed: number;
  readonly path?: string;
  readonly workers: number;
}

/** What the program is to do. `problem` is the user's mistake, in words. */
export type Request = { readonly run: Options } | { readonly show: string } | { readonly problem: string };

const usage = `Tries what must hold in random cases, in processes side by side.

  npm run fuzz -- [options]

  --cases <n>     cases of all properties together; default ${MILLION}
  --seed <n>      which cases; default: others each time
  --only <names>  properties, with commas between; default: all
  --path <path>   the shrunk case of an earlier failure, first; with its seed and its one property
  --workers <n>   processes; default: one for each processor
  --list          the properties
  --help          this text
`;

/** Reads the arguments of the command line. */
export function readOptions(args: readonly string[], known: readonly Property[]): Request {
  try {
    return read(args, known);
  } catch (error) {
    if (error instanceof Error) return { problem: error.message };
    throw error;
  }
}

function read(args: readonly string[], known: readonly Property[]): Request {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      path: { type: 'string' },
      workers: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { show: usage };
  if (values.list) return { show: known.map(({ name, title }) => `${name}: ${title}\n`).join('') };
  return {
    run: {
      properties: chosen(values.only, known),
      cases: whole('--cases', values.cases ?? String(MILLION), 1, 1_000 * MILLION),
      seed: whole('--seed', values.seed ?? String(Math.trunc(Math.random() * INT32)), -INT32, INT32 - 1),
      workers: whole('--workers', values.workers ?? String(availableParallelism()), 1, MOST_WORKERS),
      ...(values.path !== undefined && { path: values.path }),
    },
  };
}

function chosen(names: string | undefined, known: readonly Property[]): readonly Property[] {
  if (names === undefined) return known;
  return names.split(',').map((name) => {
    const property = known.find((one) => one.name === name);
    if (property === undefined) throw new Error(`There is no property '${name}'. There are: ${known.map((one) => one.name).join(', ')}`);
    return property;
  });
}

function whole(option: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`${option} is to be a whole number from ${least} to ${most}, not '${given}'`);
  return value;
}
