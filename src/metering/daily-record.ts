import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { VERSION } from '../base/version.ts';
import type { DayRecord, HubRecord } from './day-record.ts';
import { DAY, dayOf, MINUTE, startOf } from './day.ts';
import type { FileStore } from './file-store.ts';
import { countedBetween, countsNow, sizeOf, type HubCounts } from './hub-counts.ts';
import { meteringEvents } from './log-events.ts';
import { highest, type ConnectionCounts, type Meter } from './meter.ts';
import { encodeRecords, recordFileName } from './record-file.ts';
import { tidyRecords } from './record-files.ts';
import { WriteTrouble } from './write-trouble.ts';

/** What a daily record is made of. */
export interface DailyRecordParts {
  readonly meter: Meter;
  readonly store: FileStore;
  readonly log: Log;
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never run backwards. */
  readonly stopwatch: () => number;
  readonly node: string;
  /** Days that records are kept. */
  readonly days: number;
}

/** What is counted from the turn of one day to that of the next. */
interface Part {
  readonly id: string;
  readonly day: string;
  readonly from: number;
  /** What had been counted before, by hub. */
  readonly before: ReadonlyMap<string, HubCounts>;
  peaks: ConnectionCounts;
  sequence: number;
  /** What was last written stood like this. */
  written: string;
}

/** Parts that wait while nothing can be written: one a day. */
const MOST_WAITING = 100;
/** Milliseconds of making a record for which a look is left out, so that it takes a twentieth of the time where looks are a second apart. */
const WORK_OF_A_LOOK = 50;
const NOBODY: ConnectionCounts = { clients: 0, servers: 0, connections: 0, appServers: 0 };

/**
 * What a service counts, kept in a folder: a file for each day of each run, which has all that was counted in it so far. It is always written
 * whole, so that a write that fails is made up for by the next one, and no count is in two files.
 */
export class DailyRecord {
  readonly #parts: DailyRecordParts;
  readonly #trouble: WriteTrouble;
  /** Of days that are over, and not written yet. */
  readonly #waiting = new Set<DayRecord>();
  #part: Part;
  #work: Promise<void> | undefined;
  /** Looks at which nothing is written, after a record that took long to make: of many hubs with many names. */
  #leftOut = 0;

  constructor(parts: DailyRecordParts) {
    this.#parts = parts;
    this.#trouble = new WriteTrouble(parts.store.path, parts.log);
    const at = parts.now();
    this.#part = { id: randomId(), day: dayOf(at), from: at, before: new Map(), peaks: NOBODY, sequence: 0, written: '' };
  }

  /** Removes what is too old, and puts together what is in too many files. */
  tidy(): Promise<void> {
    const { store, log, now, days } = this.#parts;
    const unreadable = (name: string, reason: string): void => log(meteringEvents.readFailed, { path: `${store.path}/${name}`, reason });
    return tidyRecords(store, now(), days, unreadable).catch((error: Error) =>
      log(meteringEvents.readFailed, { path: store.path, reason: error.message }, error),
    );
  }

  /** Writes what has changed, unless it is writing. `peaks` are those since the last call. True at the turn of the day. */
  tick(peaks: ConnectionCounts): boolean {
    const hasTurned = this.#take(peaks);
    if (this.#leftOut > 0 && !hasTurned) this.#leftOut--;
    else this.#work ??= this.#write().finally(() => (this.#work = undefined));
    return hasTurned;
  }

  /** Writes how it stands at the end. */
  async close(peaks: ConnectionCounts): Promise<void> {
    this.#take(peaks);
    await this.#work;
    // Also where only the time went on.
    if (this.#part.sequence > 0) this.#part.written = '';
    await this.#write();
  }

  /** Everything that was counted up to now belongs to the day that was. */
  #take(peaks: ConnectionCounts): boolean {
    const part = this.#part;
    part.peaks = highest(part.peaks, peaks);
    const at = this.#parts.now();
    const day = dayOf(at);
    if (day === part.day) return false;
    const midnight = (startOf(part.day) as number) + DAY;
    const isNext = at >= midnight && at < midnight + DAY;
    const record = this.#recordOf(part, Math.min(at, midnight));
    if (record !== undefined) this.#wait(record);
    const { meter } = this.#parts;
    const before = new Map([...meter.hubs].map(([name]) => [name, this.#countsOf(name)]));
    this.#part = {
      id: randomId(),
      day,
      from: isNext ? midnight : at,
      before,
      peaks: meter.connections,
      sequence: 0,
      written: '',
    };
    return true;
  }

  #wait(record: DayRecord): void {
    this.#waiting.add(record);
    if (this.#waiting.size <= MOST_WAITING) return;
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    this.#waiting.delete(oldest);
    this.#parts.log(meteringEvents.recordDropped, { day: oldest.day, path: this.#parts.store.path });
  }

  async #write(): Promise<void> {
    try {
      for (const record of this.#waiting) {
        await this.#writeFile(record);
        this.#waiting.delete(record);
      }
      const part = this.#part;
      const standing = this.#standing(part);
      if (standing === part.written) return;
      const { now, stopwatch } = this.#parts;
      const begun = stopwatch();
      const record = this.#recordOf(part, now());
      const written = record && this.#writeFile(record);
      // Of what was done in this turn; the rest is the disk's time.
      this.#leftOut = Math.floor((stopwatch() - begun) / WORK_OF_A_LOOK);
      await written;
      part.written = standing;
    } catch (error) {
      this.#trouble.failed(error);
    }
  }

  async #writeFile(record: DayRecord): Promise<void> {
    await this.#parts.store.write(recordFileName(record.day, record.id), encodeRecords([record]));
    this.#trouble.worked();
  }

  /** Undefined where there is nothing to tell. A record that is made is above all before it of the same part. */
  #recordOf(part: Part, to: number): DayRecord | undefined {
    const hubs: [string, HubRecord][] = [];
    for (const name of this.#parts.meter.hubs.keys()) {
      const counted = countedBetween(part.before.get(name), this.#countsOf(name));
      if (counted !== undefined) hubs.push([name, counted]);
    }
    const { peaks, id, day, from } = part;
    if (hubs.length === 0 && peaks.connections === 0) return undefined;
    const sequence = ++part.sequence;
    const { node } = this.#parts;
    // The clock may have been set back.
    return { id, sequence, day, from, to: Math.max(from, to), node, version: VERSION, peaks, hubs: Object.fromEntries(hubs) };
  }

  #countsOf(name: string): HubCounts {
    return countsNow(this.#parts.meter.hub(name));
  }

  /** Another text whenever there is something new to write: what was counted, and once a minute the time while anybody is connected. */
  #standing({ peaks }: Part): string {
    const { meter, now } = this.#parts;
    let size = 0;
    for (const hub of meter.hubs.values()) size += sizeOf(hub);
    const minute = meter.connections.connections > 0 ? Math.floor(now() / MINUTE) : 0;
    return [size, peaks.clients, peaks.servers, peaks.connections, peaks.appServers, minute].join();
  }
}
