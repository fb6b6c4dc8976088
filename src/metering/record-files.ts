import { randomId } from '../base/ids.ts';
import type { DayRecord } from './day-record.ts';
import { DAY, dayOf } from './day.ts';
import type { FileStore } from './file-store.ts';
import { dayOfFile, decodeRecords, encodeRecords, recordFileName } from './record-file.ts';

/** Told of a file that can't be read. */
export type Unreadable = (name: string, reason: string) => void;

/** Files of one day at which they are put together. */
export const MOST_FILES = 16;
/** Times that the files are listed anew because one was gone by the time it was read: somebody puts them together. */
const MOST_LOOKS = 10;

/** Records by id. */
export type Records = Map<string, DayRecord>;

/**
 * All records of a folder. A file that can't be read is named, and left as it is.
 *
 * @throws Error of `node:fs` where the folder itself can't be read
 */
export async function readRecords(store: FileStore, unreadable: Unreadable): Promise<Records> {
  const records: Records = new Map();
  const named = new Set<string>();
  for (let look = 0; look < MOST_LOOKS; look++) {
    let isWhole = true;
    for (const name of await store.names()) {
      if (dayOfFile(name) === undefined || named.has(name)) continue;
      const found = await recordsIn(store, name, unreadable);
      if (found === 'gone') isWhole = false;
      else named.add(name);
      if (Array.isArray(found)) add(records, found);
    }
    if (isWhole) break;
  }
  return records;
}

/** Of two with the same id, the one with the higher sequence has all that the other has. */
export function add(records: Records, found: readonly DayRecord[]): void {
  for (const record of found) {
    const known = records.get(record.id);
    if (known === undefined || known.sequence < record.sequence) records.set(record.id, record);
  }
}

async function recordsIn(store: FileStore, name: string, unreadable: Unreadable): Promise<readonly DayRecord[] | 'gone' | 'unreadable'> {
  try {
    const text = await store.read(name);
    return text === undefined ? 'gone' : decodeRecords(text);
  } catch (error) {
    unreadable(name, (error as Error).message);
    return 'unreadable';
  }
}

/**
 * Removes what is older than so many days, and puts the files of a day together where there are many of them, as a service that ends and starts
 * again and again leaves them. It can be cut off anywhere, and done by several at a time: every record is in some file at any time, and one that
 * is in several counts once.
 *
 * @throws Error of `node:fs`; what was not done is done the next time
 */
export async function tidyRecords(store: FileStore, now: number, days: number, unreadable: Unreadable): Promise<void> {
  await store.removeDrafts();
  const oldest = dayOf(now - days * DAY);
  const byDay = new Map<string, string[]>();
  for (const name of await store.names()) {
    const day = dayOfFile(name);
    if (day === undefined) continue;
    if (day < oldest) await store.remove(name);
    else byDay.set(day, [...(byDay.get(day) ?? []), name]);
  }
  for (const [day, names] of byDay) if (names.length > MOST_FILES) await combine(store, day, names, unreadable);
}

async function combine(store: FileStore, day: string, names: readonly string[], unreadable: Unreadable): Promise<void> {
  const records: Records = new Map();
  const taken: string[] = [];
  for (const name of names) {
    // What can't be read keeps its name, too.
    if (!Array.isArray(await recordsIn(store, name, unreadable))) continue;
    // Whose run goes on writes its file anew, and what it writes after this is not in the one that will be removed.
    const own = recordFileName(day, randomId());
    if (!(await store.rename(name, own))) continue;
    const found = await recordsIn(store, own, unreadable);
    if (!Array.isArray(found)) continue;
    add(records, found);
    taken.push(own);
  }
  if (taken.length < 2) return;
  await store.write(recordFileName(day, randomId()), encodeRecords([...records.values()]));
  for (const name of taken) await store.remove(name);
}
