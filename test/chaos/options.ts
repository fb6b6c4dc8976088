import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';

export interface Options {
  readonly faults: readonly Fault[];
  /** Whether outages and load are short. */
  readonly quick: boolean;
  /** A file for all figures, as JSON. */
  readonly json?: string;
  /** A page whose marked table is written. */
  readonly write?: string;
}

/** What the program is to do. `problem` is the user's mistake, in words. */
export type Request = { readonly run: Options } | { readonly show: string } | { readonly problem: string };

const usage = `Breaks Redis, its connections and servers of a farm under load, and counts what clients got.

  npm run chaos:redis -- [options]

  --only <names>   faults, with commas between; default: all
  --quick          a few faults, and short ones
  --json <file>    all figures, as JSON
  --write <page>   writes the table into the marked section of a page
  --list           the faults
  --help           this text
`;

/** Reads the arguments of the command line. */
export function readOptions(args: readonly string[], known: readonly Fault[]): Request {
  try {
    return read(args, known);
  } catch (error) {
    if (error instanceof Error) return { problem: error.message };
    throw error;
  }
}

function read(args: readonly string[], known: readonly Fault[]): Request {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { show: usage };
  if (values.list) return { show: known.map(listed).join('') };
  const { quick, json, write } = values;
  if (write !== undefined && (quick || values.only !== undefined))
    throw new Error('--write is for the whole table, without --quick and --only');
  return {
    run: {
      faults: chosen(values.only, known, quick),
      quick,
      ...(json !== undefined && { json }),
      ...(write !== undefined && { write }),
    },
  };
}

function listed({ name, title, covered, outage }: Fault): string {
  return `${name}: ${title.replaceAll('{s}', outage === undefined ? '…' : String(outage / 1_000))} (${covered ? 'covered' : 'not covered'})\n`;
}

function chosen(names: string | undefined, known: readonly Fault[], quick: boolean): readonly Fault[] {
  if (names === undefined) return quick ? known.filter((fault) => fault.quick) : known;
  return names.split(',').map((name) => {
    const fault = known.find((one) => one.name === name);
    if (fault === undefined) throw new Error(`There is no fault '${name}'. There are: ${known.map((one) => one.name).join(', ')}`);
    return fault;
  });
}
