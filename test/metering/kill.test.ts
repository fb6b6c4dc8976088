import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/metering/file-store.ts';
import { CliBuild } from '../cli/cli-process.ts';
import { eventually } from '../eventually.ts';
import { recordsOf } from './recording.ts';

/** Counts all the time, and says each count on its standard output before it counts on. */
const COUNTING = `
import { writeSync } from 'node:fs';
import { silent } from './dist/base/log.js';
import { systemClock } from './dist/base/clock.js';
import { readOptions } from './dist/base/option-table.js';
import { TimerWheel } from './dist/base/timer-wheel.js';
import { Meter } from './dist/metering/meter.js';
import { MeterRecord } from './dist/metering/meter-record.js';
import { meteringOptions } from './dist/metering/options.js';
const meter = new Meter(10);
const hub = meter.hub('chat');
const load = () => ({ serverLoad: 0, latency: null, userErrors: 0, systemErrors: 0 });
const record = new MeterRecord({
  meter, directory: process.argv[1], wheel: new TimerWheel(systemClock), log: silent, load, node: 'node',
  settings: readOptions(meteringOptions, [{}]),
});
void record.start();
setInterval(() => writeSync(1, ++hub.billedToClients + ' ' + Date.now() + '\\n'), 2);
`;

/** Milliseconds that a slow machine may take to write a small file: what is shown is that it is not minutes. */
const SLOW_DISK = 5_000;
const RUNS = 4;

let build: CliBuild;
beforeAll(async () => {
  build = await CliBuild.make();
}, 120_000);
afterAll(() => build.remove());

test('a service that is killed loses the last second at most, and nothing of it counts twice', { timeout: 60_000 }, async () => {
  const data = join(build.folder, 'data');
  const store = new DirectoryStore(data, 'meter');
  const billed = async (): Promise<number> => {
    const { records, unreadable } = await recordsOf(store);
    expect(unreadable).toEqual([]);
    return records.reduce((sum, { hubs }) => sum + (hubs['chat']?.billedToClients ?? 0), 0);
  };
  let before = 0;
  for (let run = 1; run <= RUNS; run++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', COUNTING, data], {
      cwd: build.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: (readonly [count: number, at: number])[] = [];
    const lines = createInterface({ input: child.stdout }).on('line', (line) => {
      const [count = 0, at = 0] = line.split(' ').map(Number);
      said.push([count, at]);
    });
    // Beyond the first write, then anywhere: also in the middle of one.
    await eventually(async () => expect(await billed()).toBeGreaterThan(before));
    const until = said.length + 200 + Math.floor(Math.random() * 600);
    await eventually(() => expect(said.length).toBeGreaterThan(until));
    const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]);
    process.kill(child.pid as number, 'SIGKILL');
    await ended;
    const [counted, at] = said.at(-1) ?? [0, 0];
    const after = await billed();
    expect(after).toBeLessThanOrEqual(before + counted);
    const owed = said.findLast(([, when]) => when < at - 1_000 - SLOW_DISK)?.[0] ?? 0;
    expect(after).toBeGreaterThanOrEqual(before + owed);
    const { records } = await recordsOf(store);
    expect(Math.max(...records.map(({ to }) => to))).toBeGreaterThan(at - 1_000 - SLOW_DISK);
    before = after;
  }
  expect((await recordsOf(store)).records).toHaveLength(RUNS);
});
