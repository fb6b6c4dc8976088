import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisIsHere } from '../redis/redis-server.ts';
import { FarmBuild } from './farm-process.ts';

const PROGRAM = 'test/chaos/main.js';
const LONGEST = 150_000;

interface Table {
  readonly lost: number;
  readonly faults: readonly {
    readonly fault: string;
    readonly whole: boolean;
    readonly crashes: readonly string[];
    readonly verdict: {
      readonly sent: number;
      readonly kept: number;
      readonly lost: readonly unknown[];
      readonly refused: Readonly<Record<string, number>>;
      readonly doubled: number;
      readonly misdirected: number;
    };
  }[];
}

describe.skipIf(!redisIsHere)('the fault table', () => {
  let build: FarmBuild;
  let folder = '';
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    build = await FarmBuild.make();
    folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  });
  afterAll(async () => {
    // Not SIGKILL: what it has started ends with it.
    for (const child of started) child.kill('SIGTERM');
    await Promise.all([build.remove(), rm(folder, { recursive: true, force: true })]);
  });

  test(
    'in a quick run, farms meet faults and are whole again, every message is accounted for, and none is lost',
    async () => {
      const file = join(folder, 'table.json');
      const child = build.spawn(PROGRAM, ['--quick', '--json', file]);
      child.stderr.pipe(process.stderr);
      started.push(child);
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await once(child, 'close');
      const { lost, faults } = JSON.parse(await readFile(file, 'utf8')) as Table;
      expect(lost).toBe(0);
      expect(output.split('\n').slice(-2)).toEqual(['lost: 0', '']);
      expect(faults.map(({ fault }) => fault)).toEqual(['redis-kill', 'cut-one', 'client-kill', 'server-sigterm']);
      for (const { fault, whole, crashes, verdict } of faults) {
        expect
          .soft({ fault, whole, crashes, misdirected: verdict.misdirected })
          .toEqual({ fault, whole: true, crashes: [], misdirected: 0 });
        const refused = Object.values(verdict.refused).reduce((sum, count) => sum + count, 0);
        expect.soft(verdict.kept, fault).toBeGreaterThan(0);
        expect.soft(verdict.kept + verdict.lost.length + refused, fault).toBe(verdict.sent);
      }
    },
    LONGEST,
  );

  test.skipIf(process.platform === 'win32')('an interrupted run leaves no process behind', async () => {
    const child = build.spawn(PROGRAM, ['--only', 'redis-pause-long']);
    child.stderr.pipe(process.stderr);
    started.push(child);
    const pids = await children(child.pid, 4);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});

/** The processes that another has started, once there are so many. */
async function children(parent: number | undefined, count: number): Promise<readonly number[]> {
  for (;;) {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
    const pids = Array.from(stdout.matchAll(/(\d+) +(\d+)/g), ([, pid, of]) => [Number(pid), Number(of)] as const);
    const own = pids.filter(([, of]) => of === parent).map(([pid]) => pid);
    if (own.length >= count) return own;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
