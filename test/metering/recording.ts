import type { Log, LogEvent } from '../../src/base/log.ts';
import { DailyRecord } from '../../src/metering/daily-record.ts';
import type { DayRecord } from '../../src/metering/day-record.ts';
import { Meter } from '../../src/metering/meter.ts';
import type { HubNames } from '../../src/metering/name-counts.ts';
import { readRecords } from '../../src/metering/record-files.ts';
import type { FileStore } from '../../src/metering/file-store.ts';

/** 2026-11-21, noon. */
export const NOON = Date.UTC(2026, 10, 21, 12);
export const SECOND = 1_000;

/** A run of a service, of which only the counting is there. */
export class Recording {
  readonly meter: Meter;
  readonly said: { readonly event: LogEvent; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly log: Log = (event, fields) => void this.said.push({ event, fields });
  readonly record: DailyRecord;
  /** Milliseconds that pass each time that it is looked at. */
  slowness = 0;
  #looked = 0;

  constructor(store: FileStore, now: () => number, names?: HubNames) {
    this.meter = new Meter(1_000, undefined, () => names);
    this.record = new DailyRecord({
      meter: this.meter,
      store,
      log: this.log,
      now,
      stopwatch: () => (this.#looked += this.slowness),
      node: 'node',
      days: 400,
    });
  }

  get ids(): readonly string[] {
    return this.said.map(({ event }) => event.id);
  }

  tick(): boolean {
    return this.record.tick(this.meter.takePeaks());
  }

  close(): Promise<void> {
    return this.record.close(this.meter.takePeaks());
  }
}

/** The records of a folder, and what of it can't be read. */
export async function recordsOf(
  store: FileStore,
): Promise<{ readonly records: readonly DayRecord[]; readonly unreadable: readonly string[] }> {
  const unreadable: string[] = [];
  const records = await readRecords(store, (name, reason) => unreadable.push(`${name}: ${reason}`));
  return { records: [...records.values()], unreadable };
}

/** Lets a write that was begun come to its end: stores in memory need a few turns. */
export const settled = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};
