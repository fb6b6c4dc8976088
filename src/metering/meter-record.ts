import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { DailyRecord } from './daily-record.ts';
import { MINUTE } from './day.ts';
import { DirectoryStore } from './file-store.ts';
import { History } from './history.ts';
import type { LoadReading } from './load-reading.ts';
import type { Meter } from './meter.ts';
import type { MeteringSettings } from './options.ts';

/** The folders of a data directory: daily records, and points of the history. */
export const RECORDS = 'meter';
export const HISTORY = 'history';

/** What the record of a meter is made of. */
export interface MeterRecordParts {
  /** Its peaks are taken here, and by nobody else. */
  readonly meter: Meter;
  /** Where it is kept; undefined: there is no daily record, and the history is in memory only. */
  readonly directory: string | undefined;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly load: () => LoadReading;
  /** The id of the node. */
  readonly node: string;
  readonly settings: Pick<MeteringSettings, 'recordInterval' | 'recordDays' | 'historyDays'>;
  /** The time of day, in milliseconds since 1970. Default: the system's. */
  readonly now?: () => number;
}

/** Keeps what a meter counts: the daily record, from which a bill can be made, and the history, for charts. */
export class MeterRecord {
  readonly history: History;
  readonly #daily: DailyRecord | undefined;
  readonly #parts: MeterRecordParts;
  readonly #now: () => number;
  readonly #timer = new Timer(() => this.#look());
  #opened: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(parts: MeterRecordParts) {
    this.#parts = parts;
    const { meter, log, load, node, directory, settings, wheel } = parts;
    const now = parts.now ?? Date.now;
    this.#now = now;
    const storeOf = (folder: string): DirectoryStore | undefined =>
      directory === undefined ? undefined : new DirectoryStore(directory, folder);
    this.history = new History({ meter, store: storeOf(HISTORY), log, now, load, days: settings.historyDays });
    const store = storeOf(RECORDS);
    this.#daily = store && new DailyRecord({ meter, store, log, now, stopwatch: () => wheel.now(), node, days: settings.recordDays });
  }

  /** Reads the history, tidies up, and begins to keep. Resolves when all that was kept has been read; it need not be awaited. */
  start(): Promise<void> {
    this.#opened = Promise.all([this.history.load(), this.#daily?.tidy()]);
    this.#arm();
    return this.#opened.then(() => undefined);
  }

  /** Writes how it stands, and stops. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#parts.wheel.cancel(this.#timer);
    await this.#opened;
    const peaks = this.#parts.meter.takePeaks();
    await Promise.all([this.history.close(peaks), this.#daily?.close(peaks)]);
  }

  #look(): void {
    const peaks = this.#parts.meter.takePeaks();
    this.history.tick(peaks);
    const isNewDay = this.#daily?.tick(peaks) === true;
    if (isNewDay) this.#opened = this.#opened.then(() => this.#daily?.tidy());
    this.#arm();
  }

  #arm(): void {
    const { wheel, settings } = this.#parts;
    // What is counted after the turn of a minute, which that of a day is, too, is to be in the next one.
    const left = MINUTE - (this.#now() % MINUTE);
    wheel.arm(this.#timer, Math.min(settings.recordInterval, left));
  }
}
