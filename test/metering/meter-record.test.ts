import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readOptions, type Given } from '../../src/base/option-table.ts';
import { TimerWheel, WHEEL_TICK } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { DirectoryStore } from '../../src/metering/file-store.ts';
import type { DayRecord } from '../../src/metering/day-record.ts';
import { Meter } from '../../src/metering/meter.ts';
import { MeterRecord } from '../../src/metering/meter-record.ts';
import { meteringOptions } from '../../src/metering/options.ts';
import { eventually } from '../eventually.ts';
import { NOON, recordsOf, SECOND } from './recording.ts';

const NIGHT = NOON + 12 * 60 * 60 * SECOND;

describe('the record of a meter', () => {
  let root: string;
  let data: string;
  const running: MeterRecord[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'signalbox-record-'));
    data = join(root, 'data');
  });
  afterEach(async () => {
    for (const record of running.splice(0)) await record.close();
    await rm(root, { recursive: true, force: true });
  });

  function started(from = NOON, directory: string | undefined = data, options: Given<typeof meteringOptions> = {}) {
    const [clock, meter, said] = [new FakeClock(), new Meter(100), [] as string[]];
    const record = new MeterRecord({
      meter,
      directory,
      wheel: new TimerWheel(clock),
      log: (event) => void said.push(event.id),
      load: () => ({ serverLoad: 1, latency: null, userErrors: 0, systemErrors: 0 }),
      node: 'node',
      settings: readOptions(meteringOptions, [options]),
      now: () => from + clock.now(),
    });
    running.push(record);
    return { clock, meter, said, record, opened: record.start(), chat: meter.hub('chat') };
  }

  const kept = async (): Promise<readonly DayRecord[]> => (await recordsOf(new DirectoryStore(data, 'meter'))).records;
  const billed = (records: readonly DayRecord[]): readonly number[] => records.map(({ hubs }) => hubs['chat']?.billedToClients ?? 0);

  test('is on the disk within a second', async () => {
    const { clock, chat } = started();
    chat.billedToClients = 3;
    clock.advance(SECOND + 2 * WHEEL_TICK);
    await eventually(async () => expect(billed(await kept())).toEqual([3]));
  });

  test('is on the disk as often as it is told', async () => {
    const { clock, chat } = started(NOON, data, { recordInterval: 10 * SECOND });
    chat.billedToClients = 3;
    clock.advance(9 * SECOND);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await kept()).toEqual([]);
    clock.advance(SECOND + 2 * WHEEL_TICK);
    await eventually(async () => expect(billed(await kept())).toEqual([3]));
  });

  test('is complete when it is closed, and goes on in a file of its own after a restart', async () => {
    for (let run = 1; run <= 3; run++) {
      const { record, chat } = started();
      chat.billedToClients = run;
      await record.close();
    }
    expect(billed(await kept()).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  test('turns at midnight, not at the next second after it', async () => {
    const { clock, record, chat } = started(NIGHT - 1_300);
    chat.billedToClients = 1;
    clock.advance(1_300 + 2 * WHEEL_TICK);
    chat.billedToClients = 3;
    await record.close();
    const records = await kept();
    expect(records.map(({ day }) => day).toSorted()).toEqual(['2026-11-21', '2026-11-22']);
    expect(billed(records.toSorted((a, b) => (a.day < b.day ? -1 : 1)))).toEqual([1, 2]);
  });

  test('has the connections at their most, for the record and for the history', async () => {
    const { clock, meter, record, chat } = started();
    for (let at = 0; at < 3; at++) chat.opened('Client');
    clock.advance(2 * SECOND);
    for (let at = 0; at < 3; at++) chat.ended('Client', 'Normal');
    clock.advance(60 * SECOND);
    expect(meter.connections.clients).toBe(0);
    await record.close();
    expect((await kept())[0]?.peaks.clients).toBe(3);
    expect(record.history.minutes.map(({ clients }) => clients)).toEqual([3]);
  });

  test('of two on one directory does not disturb the other', async () => {
    const [one, other] = [started(), started()];
    for (let count = 1; count <= 50; count++) {
      one.chat.billedToClients = count;
      other.chat.billedToClients = 100 * count;
      for (const { clock } of [one, other]) clock.advance(SECOND);
    }
    await Promise.all([one.record.close(), other.record.close()]);
    expect(billed(await kept()).toSorted((a, b) => a - b)).toEqual([50, 5_000]);
    expect([one.said, other.said]).toEqual([[], []]);
  });

  test('has a history that goes on after a restart', async () => {
    const first = started();
    await first.opened;
    first.chat.billedToClients = 5;
    first.clock.advance(61 * SECOND);
    await first.record.close();
    const second = started(NOON + 70 * SECOND);
    await second.opened;
    expect(second.record.history.minutes.map(({ billed: messages }) => messages)).toEqual([5]);
  });

  test('is in memory only without a directory, and touches no disk', async () => {
    const { clock, record, chat, said } = started(NOON, undefined);
    chat.billedToClients = 5;
    clock.advance(61 * SECOND);
    expect(record.history.minutes).toHaveLength(1);
    await record.close();
    expect(said).toEqual([]);
  });

  test('goes on where its directory is a file, says so once, and has everything when that is mended', async () => {
    await writeFile(data, 'in the way');
    const { clock, record, chat, said, opened } = started();
    await opened;
    for (let count = 1; count <= 5; count++) {
      chat.billedToClients = count;
      clock.advance(SECOND);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(said).toContain('metering.write-failed'));
    await rm(data);
    await record.close();
    expect(billed(await kept())).toEqual([5]);
    expect(said.filter((id) => id === 'metering.write-failed')).toHaveLength(1);
    expect(said.at(-1)).toBe('metering.write-works');
  });

  test.runIf(process.platform === 'linux')('goes on where the disk is full', async () => {
    const first = started();
    await first.opened;
    first.chat.billedToClients = 1;
    first.clock.advance(61 * SECOND);
    await first.record.close();
    const file = join(data, 'history/2026-11-21.jsonl');
    await rm(file);
    const { clock, record, said, opened, chat } = started();
    await opened;
    chat.billedToClients = 1;
    await symlink('/dev/full', file);
    clock.advance(61 * SECOND);
    await eventually(() => expect(said).toEqual(['metering.write-failed']));
    await rm(file);
    await record.close();
    expect(said).toEqual(['metering.write-failed', 'metering.write-works']);
  });

  test('leaves no timer behind', async () => {
    const { clock, record } = started();
    expect(clock.tasks).toBe(1);
    await Promise.all([record.close(), record.close()]);
    expect(clock.tasks).toBe(0);
  });
});
