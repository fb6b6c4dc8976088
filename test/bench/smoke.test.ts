import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../bench/measurement.ts';
import { redisIsHere } from '../redis/redis-server.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const SLOW = 60_000;

interface Page {
  readonly scenarios: readonly { readonly rounds: readonly Readonly<Record<string, Measurement>>[] }[];
}

describe('the program', () => {
  let built = '';

  // A build of its own: other tests may read the project's while they run.
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'bench-'));
    await copyFile(join(project, 'package.json'), join(built, 'package.json'));
    await symlink(join(project, 'node_modules'), join(built, 'node_modules'));
    const compiler = join(project, 'node_modules/typescript/bin/tsc');
    for (const [part, folder] of [
      ['build', 'dist'],
      ['apps', 'build'],
    ] as const) {
      await run(process.execPath, [compiler, '-p', `tsconfig.${part}.json`, '--noCheck', '--outDir', join(built, folder)], {
        cwd: project,
      });
    }
  }, SLOW);
  afterAll(() => rm(built, { recursive: true, force: true }));

  const bench = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, ['build/bench/main.js', ...args], { cwd: built });

  test(
    'measures Signalbox and its peers, and finds every message where it should be',
    async () => {
      const { stdout, stderr } = await bench(
        '--quick',
        '--scenario',
        'echo',
        '--against',
        'ws,floor,socket.io',
        '--warm-up',
        '0.1',
        '--duration',
        '0.3',
        '--json',
        'all.json',
      );
      const { scenarios } = JSON.parse(await readFile(join(built, 'all.json'), 'utf8')) as Page;
      const [round = {}] = scenarios[0]?.rounds ?? [];
      expect(Object.keys(round).toSorted()).toEqual(['floor', 'signalbox', 'socket.io', 'ws']);
      for (const [name, { messages, faults, perCarrier }] of Object.entries(round)) {
        expect(messages, name).toBeGreaterThan(100);
        expect(faults, name).toEqual({ lost: 0, swapped: 0, repeated: 0, wrong: 0, closed: 0 });
        expect(perCarrier, name).toBeCloseTo(1, 1);
      }
      expect(stdout).toContain('echo: echo, 100 connections, depth 1');
      expect(stdout).toContain('Every message came, once and in order.');
      expect(stdout).toMatch(/^Budgets: \d of \d met/m);
      expect(stderr).toContain('[4/4] echo, round 1/1, socket.io');
    },
    SLOW,
  );

  test(
    'shares the connections between load generators',
    async () => {
      const { stdout } = await bench(
        '--quick',
        '--scenario',
        'broadcast-100',
        '--against',
        'none',
        '--generators',
        '2',
        '--duration',
        '0.2',
      );
      expect(stdout).toContain('Every message came, once and in order.');
    },
    SLOW,
  );

  test.skipIf(!redisIsHere)(
    'measures farms of servers with a Redis between them',
    async () => {
      const { stdout } = await bench(
        '--quick',
        '--scenario',
        'farm-100',
        '--against',
        'socket.io',
        '--duration',
        '0.3',
        '--json',
        'farms.json',
      );
      const { scenarios } = JSON.parse(await readFile(join(built, 'farms.json'), 'utf8')) as Page;
      const [round = {}] = scenarios[0]?.rounds ?? [];
      expect(Object.keys(round).toSorted()).toEqual(['signalbox', 'signalbox-apart', 'socket.io']);
      expect(round['signalbox']?.beside?.resident).toBeGreaterThan(1_000_000);
      expect(round['signalbox-apart']?.beside).toBeUndefined();
      expect(stdout).toContain('Every message came, once and in order.');
      expect(stdout).toMatch(/The Redis beside it: of Signalbox \S+ µs of CPU per delivery, \S+ MB; of Socket\.IO /);
    },
    SLOW,
  );

  test(
    'measures the service with its app server beside it, by the managed scenarios and by size',
    async () => {
      const names = 'managed-to-connection,size-1m';
      const { stdout } = await bench('--quick', '--scenario', names, '--against', 'ws', '--json', 'service.json', '--write', 'service.md');
      const { scenarios } = JSON.parse(await readFile(join(built, 'service.json'), 'utf8')) as Page;
      const [toConnection = {}] = scenarios[0]?.rounds ?? [];
      expect(Object.keys(toConnection).toSorted()).toEqual(['signalbox', 'signalbox-service', 'ws']);
      const service = toConnection['signalbox-service'];
      expect(service?.messages).toBeGreaterThan(100);
      expect(service?.cpu?.user).toBeGreaterThan(0);
      // Of another process: what it costs is told apart.
      expect(service?.beside?.resident).toBeGreaterThan(1_000_000);
      expect(stdout).toMatch(/The app server beside it: of Signalbox, service \S+ µs of CPU per delivery, \S+ MB\./);
      expect(stdout).toContain('| equivalent units |');
      expect(stdout).not.toContain('FAULTS');
      const page = await readFile(join(built, 'service.md'), 'utf8');
      expect(page).toMatch(/## sizes: [^]+\| +1,048,576 \|/);
      expect(page).not.toContain('size-1m');
    },
    SLOW,
  );

  test(
    'profiles Signalbox',
    async () => {
      const { stdout } = await bench('--scenario', 'echo', '--profile', '--warm-up', '0.2', '--duration', '0.4');
      expect(stdout).toMatch(/self time, µs per echo[^]+ dist\/[^]+allocated bytes per echo[^]+ dist\//);
    },
    SLOW,
  );

  test('says what is wrong with its arguments', async () => {
    await expect(bench('--scenario', 'nope')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no scenario 'nope'") as string,
    });
  });
});
