import { describe, expect, test } from 'vitest';
import type { Log } from '../../src/base/log.ts';
import { DAY, HOUR, MINUTE } from '../../src/metering/day.ts';
import { foldPoints, MOST_HUBS } from '../../src/metering/folded-point.ts';
import { History } from '../../src/metering/history.ts';
import type { HistoryPoint } from '../../src/metering/history-point.ts';
import type { LoadReading } from '../../src/metering/load-reading.ts';
import { Meter } from '../../src/metering/meter.ts';
import { MemoryDisk, MemoryStore } from './memory-store.ts';
import { NOON, SECOND, settled } from './recording.ts';

/** A run of a service that keeps a history. */
class Run {
  readonly meter = new Meter(1_000);
  readonly said: string[] = [];
  readonly store: MemoryStore | undefined;
  readonly history: History;
  at: number;
  load: LoadReading = { serverLoad: 0, latency: null, userErrors: 0, systemErrors: 0 };

  constructor(disk: MemoryDisk | undefined, at = NOON) {
    this.at = at;
    this.store = disk && new MemoryStore(disk);
    const log: Log = (event, fields) => void this.said.push(`${event.id} ${JSON.stringify(fields)}`);
    this.history = new History({ meter: this.meter, store: this.store, log, now: () => this.at, load: () => this.load, days: 31 });
  }

  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= Math.min(left, MINUTE)) {
      this.at += Math.min(left, MINUTE);
      this.history.tick(this.meter.takePeaks());
    }
    await settled();
  }

  close(): Promise<void> {
    return this.history.close(this.meter.takePeaks());
  }
}

const FILE = '2026-11-21.jsonl';

const pointAt = (at: number, more: Partial<HistoryPoint> = {}): HistoryPoint => ({
  at,
  clients: 0,
  servers: 0,
  billed: 0,
  messagesFromClients: 0,
  messagesToClients: 0,
  bytesIn: 0,
  bytesOut: 0,
  latency: null,
  serverLoad: 0,
  userErrors: 0,
  systemErrors: 0,
  closed: {},
  hubs: {},
  ...more,
});

describe('a point of the history', () => {
  test('has what happened in its minute', async () => {
    const run = new Run(undefined);
    const [chat, game] = [run.meter.hub('chat'), run.meter.hub('game')];
    chat.opened('Client');
    chat.opened('Client');
    game.opened('Server');
    chat.ended('Client', 'SlowClient');
    chat.refused('Client', 'Throttled');
    chat.billedToClients = 5;
    game.billedToServers = 9;
    chat.bytesFromClients = 10;
    game.bytesFromServers = 1;
    chat.bytesToClients = 100;
    game.bytesToServers = 2;
    chat.messagesFromClients = 3;
    chat.messagesToClients = 4;
    run.load = { serverLoad: 12.5, latency: { p50: 1, p99: 7 }, userErrors: 50, systemErrors: 0 };
    await run.pass(MINUTE);
    chat.billedToClients += 1;
    chat.ended('Client', 'Normal');
    await run.pass(MINUTE);
    await run.pass(MINUTE);
    const loaded = { serverLoad: 12.5, latency: { p50: 1, p99: 7 }, userErrors: 50 };
    expect(run.history.minutes).toEqual([
      pointAt(NOON, {
        ...loaded,
        clients: 2,
        servers: 1,
        billed: 14,
        messagesFromClients: 3,
        messagesToClients: 4,
        bytesIn: 11,
        bytesOut: 102,
        closed: { SlowClient: 1, Throttled: 1 },
        hubs: { game: 9, chat: 5 },
      }),
      pointAt(NOON + MINUTE, { ...loaded, clients: 1, servers: 1, billed: 1, closed: { Normal: 1 }, hubs: { chat: 1 } }),
      pointAt(NOON + 2 * MINUTE, { ...loaded, servers: 1 }),
    ]);
  });

  test('has the busiest hubs only', async () => {
    const run = new Run(undefined);
    for (let hub = 0; hub < 100; hub++) run.meter.hub(`hub${hub}`).billedToClients = hub;
    await run.pass(MINUTE);
    const { hubs } = run.history.minutes[0] as HistoryPoint;
    expect(Object.keys(hubs)).toHaveLength(MOST_HUBS);
    expect(hubs).toMatchObject({ hub99: 99, hub80: 80 });
  });
});

describe('several points as one', () => {
  test('sum what is counted, and have the most, the worst, or the middle of the rest', () => {
    const points = [
      pointAt(1, { clients: 5, billed: 2, serverLoad: 10, latency: { p50: 9, p99: 10 }, closed: { Normal: 1 }, hubs: { a: 1, b: 1 } }),
      pointAt(2, {
        clients: 3,
        billed: 3,
        serverLoad: 20,
        latency: { p50: 1, p99: 50 },
        closed: { Normal: 2, Throttled: 1 },
        hubs: { b: 2 },
      }),
      pointAt(3, { servers: 1, serverLoad: 60, userErrors: 3, latency: { p50: 2, p99: 3 } }),
      pointAt(4, { serverLoad: 10 }),
    ];
    expect(foldPoints(0, points)).toEqual(
      pointAt(0, {
        clients: 5,
        servers: 1,
        billed: 5,
        serverLoad: 25,
        userErrors: 0.75,
        latency: { p50: 2, p99: 50 },
        closed: { Normal: 3, Throttled: 1 },
        hubs: { b: 3, a: 1 },
      }),
    );
  });
});

describe('a history', () => {
  test('has minutes of a day and hours of a month, and no more', async () => {
    const run = new Run(undefined);
    for (let hour = 0; hour < 33 * 24; hour++) {
      run.meter.hub('chat').billedToClients += 60;
      await run.pass(HOUR);
    }
    const { minutes, hours } = run.history;
    expect([minutes.length, hours.length]).toEqual([1_440, 744]);
    expect(minutes.at(-1)?.at).toBe(run.at - MINUTE);
    expect(hours.at(-1)?.at).toBe(run.at - HOUR);
    expect(hours.every(({ billed }) => billed === 60)).toBe(true);
  });

  test('has the hour that runs, made of its minutes so far', async () => {
    const run = new Run(undefined);
    run.meter.hub('chat').billedToClients = 5;
    await run.pass(3 * MINUTE);
    expect(run.history.hours).toEqual([pointAt(NOON, { billed: 5, hubs: { chat: 5 } })]);
  });

  test('goes on after a restart, also within a minute', async () => {
    const disk = new MemoryDisk();
    const first = new Run(disk);
    first.meter.hub('chat').billedToClients = 5;
    await first.pass(2 * MINUTE + 10 * SECOND);
    first.meter.hub('chat').billedToClients = 7;
    await first.close();
    const second = new Run(disk, first.at + 10 * SECOND);
    await second.history.load();
    expect(second.history.minutes.map(({ billed }) => billed)).toEqual([5, 0, 2]);
    second.meter.hub('chat').billedToClients = 4;
    await second.pass(MINUTE);
    expect(second.history.minutes.map(({ at, billed }) => [at, billed])).toEqual([
      [NOON, 5],
      [NOON + MINUTE, 0],
      [NOON + 2 * MINUTE, 6],
    ]);
    expect(second.history.hours.map(({ billed }) => billed)).toEqual([11]);
    const third = new Run(disk, second.at);
    await third.history.load();
    expect(third.history.minutes).toEqual(second.history.minutes);
    expect(third.history.hours).toEqual(second.history.hours);
  });

  test('does not count what it wrote itself when it is read late', async () => {
    const disk = new MemoryDisk();
    const run = new Run(disk);
    run.meter.hub('chat').billedToClients = 5;
    await run.pass(MINUTE);
    await run.history.load();
    expect(run.history.minutes.map(({ billed }) => billed)).toEqual([5]);
  });

  test('loses the minute that ran where it is killed', async () => {
    const disk = new MemoryDisk();
    const killed = new Run(disk);
    killed.meter.hub('chat').billedToClients = 5;
    await killed.pass(MINUTE + 30 * SECOND);
    killed.meter.hub('chat').billedToClients = 100;
    const next = new Run(disk, killed.at);
    await next.history.load();
    expect(next.history.minutes.map(({ billed }) => billed)).toEqual([5]);
  });

  test('is not written before anything has happened', async () => {
    const disk = new MemoryDisk();
    const run = new Run(disk);
    await run.pass(10 * MINUTE);
    await run.close();
    expect(run.history.minutes).toHaveLength(10);
    expect(disk.files.size).toBe(0);
    const busy = new Run(disk);
    busy.meter.hub('chat').billedToClients = 1;
    await busy.pass(10 * MINUTE);
    await busy.close();
    expect(disk.files.get(FILE)?.trim().split('\n')).toHaveLength(10);
  });

  test('skips half lines and what is no point, says so once, and writes behind them', async () => {
    const disk = new MemoryDisk();
    const first = new Run(disk);
    first.meter.hub('chat').billedToClients = 5;
    await first.pass(MINUTE);
    const [line = ''] = [...disk.files.values()].map((text) => text.trim());
    for (let length = 1; length < line.length; length++) {
      disk.files.set(FILE, `${line}\n\0\n[]\n{}\n${line.slice(0, length)}`);
      const run = new Run(disk, first.at);
      await run.history.load();
      expect(run.said).toEqual([`metering.lines-skipped {"lines":4,"path":"/data/meter/${FILE}"}`]);
      run.meter.hub('chat').billedToClients = 1;
      await run.pass(MINUTE);
      const next = new Run(disk, run.at);
      await next.history.load();
      expect(next.history.minutes.map(({ billed }) => billed)).toEqual([5, 1]);
    }
  });

  test.each([
    ['at', null],
    ['clients', -1],
    ['billed', '5'],
    ['latency', { p50: 1 }],
    ['latency', undefined],
    ['closed', []],
    ['hubs', { chat: 'x' }],
    ['id', 7],
  ])('takes no point whose %s is %j', async (name, value) => {
    const disk = new MemoryDisk();
    const first = new Run(disk);
    first.meter.hub('chat').billedToClients = 1;
    await first.pass(MINUTE);
    const good = JSON.parse(disk.files.get(FILE) ?? '') as object;
    disk.files.set(FILE, `${JSON.stringify({ ...good, [name]: value })}\n${JSON.stringify({ ...good, id: 'other' })}\n`);
    const run = new Run(disk, first.at);
    await run.history.load();
    expect(run.said).toHaveLength(1);
    expect(run.history.minutes).toHaveLength(1);
  });

  test('counts a point once that is there twice, as after a write of which nobody knew that it worked', async () => {
    const disk = new MemoryDisk();
    const first = new Run(disk);
    first.store?.fates.push('fails', 'works, and fails', 'works');
    first.meter.hub('chat').billedToClients = 5;
    await first.pass(3 * MINUTE);
    await first.close();
    expect(first.said.map((text) => text.split(' ')[0])).toEqual(['metering.write-failed', 'metering.write-works']);
    const next = new Run(disk, first.at);
    await next.history.load();
    expect(next.history.minutes.map(({ billed }) => billed)).toEqual([5, 0, 0]);
  });

  test('removes days that are over for long, and takes none of the future', async () => {
    const disk = new MemoryDisk();
    const line = JSON.stringify({ id: 'run-1', ...pointAt(NOON - 31 * DAY) });
    for (const day of ['2026-10-20', '2026-10-21', '2027-01-01']) disk.files.set(`${day}.jsonl`, `${line}\n`);
    disk.files.set('notes.txt', '');
    const run = new Run(disk, NOON);
    await run.history.load();
    expect([...disk.files.keys()]).toEqual(['2026-10-21.jsonl', '2027-01-01.jsonl', 'notes.txt']);
    expect(run.history.hours.map(({ at }) => at)).toEqual([NOON - 31 * DAY]);
  });

  test('stays in order where the clock is set back', async () => {
    const run = new Run(new MemoryDisk());
    const { chat } = { chat: run.meter.hub('chat') };
    for (const at of [0, 10, 20, 5, 10, 11, 30]) {
      run.at = NOON + at * MINUTE;
      chat.billedToClients++;
      await run.pass(SECOND);
    }
    await run.close();
    const { minutes, hours } = run.history;
    expect(minutes.map(({ at }) => at)).toEqual(minutes.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(minutes.reduce((sum, { billed }) => sum + billed, 0)).toBe(7);
    expect(hours.map(({ billed }) => billed)).toEqual([7]);
  });

  test('holds so many points back where nothing can be written, and no more', async () => {
    const run = new Run(new MemoryDisk());
    run.store?.fates.push(...Array.from({ length: 10_000 }, () => 'fails' as const));
    run.meter.hub('chat').billedToClients = 1;
    await run.pass(2 * DAY);
    if (run.store) run.store.fates.length = 0;
    await run.pass(MINUTE);
    await run.close();
    const lines = [...(run.store?.disk.files.values() ?? [])].flatMap((text) => text.split('\n')).filter((line) => line !== '');
    expect(lines).toHaveLength(1_440);
    expect(run.said).toHaveLength(2);
  });
});
