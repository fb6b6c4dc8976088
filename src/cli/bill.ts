import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { billOf } from '../metering/bill.ts';
import { dayOf } from '../metering/day.ts';
import { DirectoryStore } from '../metering/file-store.ts';
import { RECORDS } from '../metering/meter-record.ts';
import { add, readRecords, type Records } from '../metering/record-files.ts';
import type { BillOptions, DataDirectory } from './bill-options.ts';
import { billText, emptyText } from './bill-text.ts';
import { CliError, FAILED } from './cli-error.ts';

/** What a command says: its result, and what else is to be known. */
export interface Said {
  readonly output: string;
  readonly error: string;
}

/**
 * What the recorded traffic would have cost.
 *
 * @throws CliError where a directory can't be read
 */
export async function bill({ directories, month, prices, aspNetSignalR, json, printPrices }: BillOptions): Promise<Said> {
  if (printPrices) return { output: inJson(prices), error: '' };
  const { records, problems } = await readAll(directories);
  const today = dayOf(Date.now());
  const months = billOf([...records.values()], prices, { aspNetSignalR, today });
  const asked = months.filter((each) => month === undefined || each.month === month);
  const error = problems.map((problem) => `${problem}\n`).join('');
  if (json) return { output: inJson({ prices, aspNetSignalR, months: asked }), error };
  if (asked.length > 0) return { output: billText(asked, prices, { aspNetSignalR, today }), error };
  const recorded = months.map((each) => each.month);
  return { output: emptyText(directories, recorded, month), error };
}

async function readAll(
  directories: readonly DataDirectory[],
): Promise<{ readonly records: Records; readonly problems: readonly string[] }> {
  const records: Records = new Map();
  const problems: string[] = [];
  const missing: string[] = [];
  for (const { path, named } of directories) {
    const store = new DirectoryStore(path, RECORDS);
    const unreadable = (name: string, reason: string): void => {
      problems.push(`signalbox bill: ${join(path, RECORDS, name)} can't be read: ${reason}. It is left out.`);
    };
    try {
      await stat(path);
      // The same record in two directories, one of them a copy, counts once.
      add(records, [...(await readRecords(store, unreadable)).values()]);
    } catch (error) {
      missing.push(`\n  ${named}. It can't be read: ${(error as Error).message}.`);
    }
  }
  if (missing.length === 0) return { records, problems };
  throw new CliError(
    FAILED,
    `signalbox bill can't begin:${missing.join('')}\nIt is the directory that a service keeps what it counts in (signalbox serve --data).`,
  );
}

const inJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
