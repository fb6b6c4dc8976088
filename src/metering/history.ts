import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { DAY, HOUR, MINUTE } from './day.ts';
import type { FileStore } from './file-store.ts';
import { foldPoints } from './folded-point.ts';
import { HistoryFiles } from './history-files.ts';
import type { KeptPoint } from './history-line.ts';
import type { HistoryPoint } from './history-point.ts';
import type { LoadReading } from './load-reading.ts';
import type { ConnectionCounts, Meter } from './meter.ts';
import { Minute } from './minute.ts';

/** What a history is made of. */
export interface HistoryParts {
  readonly meter: Meter;
  /** Undefined: it is in memory only, and begins anew at each start. */
  readonly store: FileStore | undefined;
  readonly log: Log;
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number;
  /** Of the last minute. */
  readonly load: () => LoadReading;
  /** Days that it is kept. */
  readonly days: number;
}

const MINUTES = DAY / MINUTE;

/** What happened on this node: a point each minute, kept for a day, and one each hour, kept for a month. */
export class History {
  readonly #parts: HistoryParts;
  readonly #files: HistoryFiles | undefined;
  readonly #minute: Minute;
  readonly #run = randomId();
  #points = 0;
  /** Whether anything has happened yet: before, nothing is written. */
  #hasBegun = false;
  #at: number;
  #minutes: HistoryPoint[] = [];
  #hours: HistoryPoint[] = [];

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#files = parts.store && new HistoryFiles(parts.store, parts.log);
    this.#minute = new Minute(parts.meter);
    this.#at = startOfStep(parts.now(), MINUTE);
  }

  /** Of the last 24 hours, oldest first; there is none where no node ran. The minute that runs is not among them. */
  get minutes(): readonly HistoryPoint[] {
    return this.#minutes;
  }

  /** Of the last 31 days, oldest first. The last one is of the hour that runs. */
  get hours(): readonly HistoryPoint[] {
    return this.#hours;
  }

  /** Reads what earlier runs kept, and removes what is too old. */
  async load(): Promise<void> {
    if (this.#files === undefined) return;
    const { now, days } = this.#parts;
    const hours: HistoryPoint[] = [];
    let minutes: HistoryPoint[] = [];
    for await (const kept of this.#files.read(now(), days)) {
      const points = byTime(this.#earlier(kept), MINUTE);
      for (const hour of byTime(points, HOUR)) hours.push(hour);
      minutes = [...minutes, ...points].slice(-MINUTES);
    }
    const own = this.#minutes;
    this.#minutes = byTime([...minutes, ...own], MINUTE);
    const ownHours = new Set(own.map(({ at }) => startOfStep(at, HOUR)));
    const rest = hours.filter(({ at }) => !ownHours.has(at));
    this.#hours = [...rest, ...[...ownHours].map((hour) => this.#hourOf(hour))].toSorted((a, b) => a.at - b.at);
    this.#forget();
  }

  /** Ends the minute when it is over. `peaks` are those since the last call. */
  tick(peaks: ConnectionCounts): void {
    this.#minute.raise(peaks);
    const at = startOfStep(this.#parts.now(), MINUTE);
    if (at === this.#at) this.#files?.write();
    else this.#end(at);
  }

  /** Keeps what the minute had so far. */
  async close(peaks: ConnectionCounts): Promise<void> {
    this.tick(peaks);
    if (!this.#minute.isEmpty) this.#end(this.#at);
    await this.#files?.close();
  }

  #end(next: number): void {
    this.#hasBegun ||= !this.#minute.isEmpty;
    const point = this.#minute.end(this.#at, this.#parts.load());
    this.#at = next;
    this.#add(point);
    if (this.#hasBegun) this.#files?.add({ id: `${this.#run}-${++this.#points}`, point });
  }

  #add(point: HistoryPoint): void {
    const isLater = point.at > (this.#minutes.at(-1)?.at ?? -1);
    // Where the clock was set back, there may be one of that minute.
    if (isLater) this.#minutes.push(point);
    else this.#minutes = byTime([...this.#minutes, point], MINUTE);
    const hour = startOfStep(point.at, HOUR);
    const known = this.#hours.findLastIndex(({ at }) => at <= hour);
    this.#hours.splice(this.#hours[known]?.at === hour ? known : known + 1, this.#hours[known]?.at === hour ? 1 : 0, this.#hourOf(hour));
    this.#forget();
  }

  #hourOf(hour: number): HistoryPoint {
    return foldPoints(
      hour,
      this.#minutes.filter(({ at }) => startOfStep(at, HOUR) === hour),
    );
  }

  #forget(): void {
    const { now, days } = this.#parts;
    trim(this.#minutes, now() - DAY, MINUTES);
    trim(this.#hours, now() - days * DAY, (days * DAY) / HOUR);
  }

  /** What this run wrote itself is here already; what is there twice counts once. */
  #earlier(kept: readonly KeptPoint[]): readonly HistoryPoint[] {
    const others = kept.filter(({ id }) => !id.startsWith(`${this.#run}-`));
    return [...new Map(others.map(({ id, point }) => [id, point])).values()];
  }
}

const startOfStep = (at: number, step: number): number => Math.floor(at / step) * step;

/** In order of time, one for each step. */
function byTime(points: readonly HistoryPoint[], step: number): HistoryPoint[] {
  const steps = new Map<number, HistoryPoint[]>();
  for (const point of points) {
    const at = startOfStep(point.at, step);
    const known = steps.get(at);
    if (known === undefined) steps.set(at, [point]);
    else known.push(point);
  }
  return [...steps].map(([at, folded]) => foldPoints(at, folded)).toSorted((a, b) => a.at - b.at);
}

function trim(points: HistoryPoint[], oldest: number, most: number): void {
  let old = Math.max(0, points.length - most);
  while ((points[old]?.at ?? oldest) < oldest) old++;
  points.splice(0, old);
}
