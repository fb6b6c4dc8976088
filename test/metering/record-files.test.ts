import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY } from '../../src/metering/day.ts';
import type { DayRecord } from '../../src/metering/day-record.ts';
import { decodeRecords, encodeRecords, recordFileName } from '../../src/metering/record-file.ts';
import { MOST_FILES, tidyRecords } from '../../src/metering/record-files.ts';
import { MemoryDisk, MemoryStore, type Fate } from './memory-store.ts';
import { NOON, Recording, recordsOf, SECOND, settled } from './recording.ts';
import { nothing } from './sample-record.ts';

/** A record of a run with so many billed messages. */
async function recordOf(billed: number, at = NOON): Promise<DayRecord> {
  const store = new MemoryStore(new MemoryDisk());
  const run = new Recording(store, () => at);
  const chat = run.meter.hub('chat');
  chat.opened('Client');
  chat.ended('Client', 'Normal');
  chat.billedToClients = billed;
  await run.close();
  const [record] = (await recordsOf(store)).records;
  if (record === undefined) throw new Error('Nothing was recorded.');
  return record;
}

const billedIn = (records: readonly DayRecord[]): number =>
  records.reduce((sum, { hubs }) => sum + (hubs['chat']?.billedToClients ?? 0), 0);

const ignored = (): void => {};

describe('a file with records', () => {
  test('is read as it was written, and is JSON', async () => {
    const records = [await recordOf(1), await recordOf(2)];
    const text = encodeRecords(records);
    expect(decodeRecords(text)).toEqual(records);
    expect(JSON.parse(text)).toMatchObject({ format: 1, records });
  });

  test('is known as broken where it is cut at any byte', async () => {
    const bytes = Buffer.from(encodeRecords([await recordOf(1)]));
    for (let length = 0; length < bytes.length; length++) expect(() => decodeRecords(bytes.toString('utf8', 0, length))).toThrow('it');
  });

  test('is known as broken where any byte is another one', async () => {
    const bytes = Buffer.from(encodeRecords([await recordOf(1)]));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => decodeRecords(changed.toString())).toThrow(/./);
    }
  });

  test('is known as broken where it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeRecords(text)).toThrow(/./);
      }),
    );
  });

  test.each<[string, (record: Record<string, unknown>) => void]>([
    ['sequence is not a whole number from 0', (record) => (record['sequence'] = -1)],
    ['day is no day', (record) => (record['day'] = '2026-02-31')],
    ['peaks.clients is not a whole number from 0', (record) => (record['peaks'] = {})],
    ['billedToClients is not a whole number from 0', (record) => (record['hubs'] = { chat: { billedToClients: 1.5 } })],
    ['a hub is not an object', (record) => (record['hubs'] = { chat: 1 })],
    ['users is not a whole number from 0', (record) => (record['hubs'] = { chat: { names: { users: { anna: '1' } } } })],
    ['id is not a text', (record) => (record['id'] = 1)],
  ])('says %s', async (reason, change) => {
    const record = { ...(await recordOf(1)) };
    change(record);
    expect(() => decodeRecords(encodeRecords([record]))).toThrow(reason);
  });

  test('of another format is not taken for one of this', async () => {
    const { createHash } = await import('node:crypto');
    const rest = '"format":2,"records":[]}';
    const text = `{"sha256":"${createHash('sha256').update(rest).digest('hex')}",${rest}`;
    expect(() => decodeRecords(text)).toThrow('it has the format 2, and 1 is the one known here');
  });
});

describe('a folder with records', () => {
  test('counts the others where one is broken, and leaves that as it is', async () => {
    const store = new MemoryStore(new MemoryDisk());
    const [good, bad] = [await recordOf(5), await recordOf(7)];
    const broken = encodeRecords([bad]).slice(0, -1);
    store.disk.files.set(recordFileName(good.day, good.id), encodeRecords([good]));
    store.disk.files.set(recordFileName(bad.day, bad.id), broken);
    store.disk.files.set('notes.txt', 'not ours');
    const { records, unreadable } = await recordsOf(store);
    expect(records).toEqual([good]);
    expect(unreadable).toEqual([`${recordFileName(bad.day, bad.id)}: its checksum is of another text`]);
    await tidyRecords(store, NOON, 400, ignored);
    expect(store.disk.files.get(recordFileName(bad.day, bad.id))).toBe(broken);
  });

  test('has few files after many short runs, and everything that they counted', async () => {
    const store = new MemoryStore(new MemoryDisk());
    for (let count = 1; count <= 200; count++) {
      await tidyRecords(store, NOON, 400, ignored);
      const run = new Recording(store, () => NOON);
      run.meter.hub('chat').billedToClients = 1;
      run.tick();
      await settled();
      expect(store.disk.files.size).toBeLessThanOrEqual(MOST_FILES + 2);
    }
    expect(billedIn((await recordsOf(store)).records)).toBe(200);
  });

  test('leaves out what is older than it is kept', async () => {
    const store = new MemoryStore(new MemoryDisk());
    for (const days of [0, 9, 10, 11]) {
      const record = await recordOf(1, NOON - days * DAY);
      await store.write(recordFileName(record.day, record.id), encodeRecords([record]));
    }
    await tidyRecords(store, NOON, 10, ignored);
    expect((await recordsOf(store)).records.map(({ day }) => day)).toEqual(['2026-11-21', '2026-11-12', '2026-11-11']);
  });

  test('loses nothing of a run that goes on while its file is put together with others', async () => {
    const store = new MemoryStore(new MemoryDisk());
    const run = new Recording(store, () => NOON);
    const chat = run.meter.hub('chat');
    for (let count = 1; count <= 20; count++) {
      const record = await recordOf(0);
      await store.write(recordFileName(record.day, record.id), encodeRecords([record]));
    }
    chat.billedToClients = 1;
    run.tick();
    await settled();
    const tidied = tidyRecords(store, NOON, 400, ignored);
    for (let turn = 0; turn < 500; turn++) {
      chat.billedToClients++;
      run.tick();
      await Promise.resolve();
    }
    await tidied;
    expect(billedIn((await recordsOf(store)).records)).toBeGreaterThan(1);
    await run.close();
    const { records } = await recordsOf(store);
    expect(records).toHaveLength(21);
    expect(billedIn(records)).toBe(501);
  });
});

/** What a service does, and what is done to it. */
type Step =
  | { readonly does: 'counts'; readonly hub: string; readonly billed: number }
  | { readonly does: 'looks' }
  | { readonly does: 'days pass'; readonly days: number }
  | { readonly does: 'is closed' | 'is killed' | 'tidies' }
  | { readonly does: 'meets'; readonly fate: Fate };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant('counts' as const), hub: fc.constantFrom('chat', 'game'), billed: fc.nat(9) }) },
    { weight: 6, arbitrary: fc.constant({ does: 'looks' as const }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('days pass' as const), days: fc.constantFrom(-1, 1, 2) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('is closed' as const, 'is killed' as const, 'tidies' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constant('meets' as const),
        fate: fc.constantFrom<Fate>('fails', 'works, and fails', 'killed'),
      }),
    },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Runs of a service on one folder, one after the other, and what they must have kept. */
class Runs {
  readonly disk = new MemoryDisk();
  at = NOON;
  /** Counted by runs that ended well, or seen on the disk when the others did. */
  counted = 0;
  store = new MemoryStore(this.disk);
  run = new Recording(this.store, () => this.at);
  #ofRun = 0;
  /** Of these, what a look has seen in which nothing went wrong. */
  #safe = 0;

  async do(step: Step): Promise<void> {
    if (step.does === 'counts') {
      this.run.meter.hub(step.hub).billedToClients += step.billed;
      this.#ofRun += step.billed;
    } else if (step.does === 'meets') this.store.fates.push(step.fate);
    else if (step.does === 'days pass') this.at += step.days * DAY;
    else if (step.does === 'looks') await this.#look();
    else if (step.does === 'tidies') await this.#untilKilled(tidyRecords(this.store, this.at, 400, ignored).catch(ignored));
    else await this.#end(step.does === 'is closed');
    if (this.store.isKilled) await this.#end(false);
  }

  async #look(): Promise<void> {
    this.at += SECOND;
    const works = this.store.fates.length === 0;
    this.run.tick();
    await settled();
    if (works) this.#safe = this.#ofRun;
  }

  /** A service that is closed in a folder that works has kept everything; one that is killed, what was written. */
  async #end(isClosed: boolean): Promise<void> {
    const before = this.counted;
    if (isClosed) {
      this.store.fates.length = 0;
      await this.run.close();
      this.counted += this.#ofRun;
    }
    this.store.isKilled = true;
    this.store = new MemoryStore(this.disk);
    const kept = await this.kept();
    expect(kept).toBeLessThanOrEqual(before + this.#ofRun);
    if (isClosed) expect(kept).toBe(this.counted);
    else expect(kept).toBeGreaterThanOrEqual(before + this.#safe);
    this.counted = kept;
    this.#ofRun = 0;
    this.#safe = 0;
    this.run = new Recording(this.store, () => this.at);
  }

  async kept(): Promise<number> {
    const { records, unreadable } = await recordsOf(new MemoryStore(this.disk));
    expect(unreadable).toEqual([]);
    return records.flatMap(({ hubs }) => Object.values(hubs)).reduce((sum, hub) => sum + hub.billedToClients, 0);
  }

  /** A look in which everything works leaves nothing unwritten. */
  async lastLook(): Promise<void> {
    this.store.fates.length = 0;
    await this.#look();
    await this.#look();
    expect(await this.kept()).toBe(this.counted + this.#ofRun);
  }

  async #untilKilled(work: Promise<void>): Promise<void> {
    await Promise.race([work, settled().then(settled).then(settled).then(settled)]);
  }
}

describe('whatever happens', () => {
  test('everything that was counted up to the last write is kept, once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const runs = new Runs();
        for (const step of all) await runs.do(step);
        await runs.lastLook();
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  test('nothing is lost and nothing counts twice where several put files together, cut off anywhere', async () => {
    // Twenty claims, the new file, and twenty removals.
    const fates = fc
      .tuple(fc.nat(45), fc.constantFrom<Fate>('works', 'fails', 'works, and fails', 'killed'))
      .map(([works, last]) => Array.from<unknown, Fate>({ length: works + 1 }, (_, at) => (at < works ? 'works' : last)));
    await fc.assert(
      fc.asyncProperty(fc.array(fates, { minLength: 1, maxLength: 4 }), fc.scheduler(), async (several, scheduler) => {
        const disk = new MemoryDisk();
        const before: DayRecord[] = [];
        for (let count = 0; count < 20; count++) before.push(templateRecord(count));
        for (const record of before) disk.files.set(recordFileName(record.day, record.id), encodeRecords([record]));
        for (const ofOne of several) {
          const store = new MemoryStore(disk);
          store.fates.push(...ofOne);
          void tidyRecords(scheduled(store, scheduler), NOON, 400, ignored).catch(ignored);
        }
        for (await settled(); scheduler.count() > 0; await settled()) await scheduler.waitNext(1);
        const { records } = await recordsOf(new MemoryStore(disk));
        expect(records.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(before.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

function templateRecord(count: number): DayRecord {
  const peaks = { clients: 1, servers: 0, connections: 1, appServers: 0 };
  const hubs = { chat: { ...nothing, billedToClients: count, closed: { Client: {}, Server: {} } } };
  return { id: `run-${count}`, sequence: 1, day: '2026-11-21', from: NOON, to: NOON, node: 'node', version: '1', peaks, hubs };
}

/** Its calls take effect in an order that the scheduler chooses. */
function scheduled(store: MemoryStore, scheduler: fc.Scheduler): MemoryStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]) =>
        scheduler.schedule(Promise.resolve(), String(name)).then(() => Reflect.apply(value, target, args) as unknown);
    },
  });
}
