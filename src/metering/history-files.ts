import type { Log } from '../base/log.ts';
import { DAY, dayOf } from './day.ts';
import type { FileStore } from './file-store.ts';
import { decodePoint, encodePoint, type KeptPoint } from './history-line.ts';
import { meteringEvents } from './log-events.ts';
import { WriteTrouble } from './write-trouble.ts';

const NAME = /^(\d{4}-\d\d-\d\d)\.jsonl$/;
/** Points that wait while nothing can be written: those of a day. Older ones are in memory only. */
const MOST_WAITING = 1_440;

/** The points of a history in a folder: a file for each day, a line for each point. */
export class HistoryFiles {
  readonly #store: FileStore;
  readonly #log: Log;
  readonly #trouble: WriteTrouble;
  #waiting: KeptPoint[] = [];
  #work: Promise<void> | undefined;
  /** The file that ends in a whole line; any other may end in half of one. */
  #whole: string | undefined;

  constructor(store: FileStore, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#trouble = new WriteTrouble(store.path, log);
  }

  /** Points that were kept, a day at a time from the oldest on; and what is older than so many days is removed. */
  async *read(now: number, days: number): AsyncGenerator<readonly KeptPoint[]> {
    const [oldest, newest] = [dayOf(now - days * DAY), dayOf(now + DAY)];
    try {
      for (const name of (await this.#store.names()).toSorted()) {
        const day = NAME.exec(name)?.[1];
        if (day === undefined) continue;
        if (day < oldest) await this.#store.remove(name);
        else if (day <= newest) yield await this.#pointsIn(name);
      }
    } catch (error) {
      this.#unreadable(this.#store.path, error as Error);
    }
  }

  add(point: KeptPoint): void {
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(point);
    this.write();
  }

  /** Tries again what did not work. */
  write(): void {
    if (this.#waiting.length > 0) this.#work ??= this.#write().finally(() => (this.#work = undefined));
  }

  async close(): Promise<void> {
    await this.#work;
    if (this.#waiting.length > 0) await this.#write();
  }

  async #write(): Promise<void> {
    try {
      for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
        const day = dayOf(first.point.at);
        const points = this.#waiting.filter(({ point }) => dayOf(point.at) === day);
        const name = `${day}.jsonl`;
        const text = `${this.#whole === name ? '' : '\n'}${points.map(encodePoint).join('')}`;
        this.#whole = undefined;
        await this.#store.append(name, text);
        this.#whole = name;
        this.#waiting = this.#waiting.filter((point) => !points.includes(point));
        this.#trouble.worked();
      }
    } catch (error) {
      this.#trouble.failed(error);
    }
  }

  async #pointsIn(name: string): Promise<readonly KeptPoint[]> {
    const path = `${this.#store.path}/${name}`;
    try {
      const lines = ((await this.#store.read(name)) ?? '').split('\n').filter((line) => line !== '');
      const points = lines.map(decodePoint).filter((point) => point !== undefined);
      const skipped = lines.length - points.length;
      if (skipped > 0) this.#log(meteringEvents.linesSkipped, { lines: skipped, path });
      return points;
    } catch (error) {
      this.#unreadable(path, error as Error);
      return [];
    }
  }

  #unreadable(path: string, error: Error): void {
    this.#log(meteringEvents.readFailed, { path, reason: error.message }, error);
  }
}
