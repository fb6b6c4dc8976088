import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../bench/daemon.ts';
import { eventually } from '../eventually.ts';
import { ContainerBuilder } from './container-builder.ts';

const run = promisify(execFile);
const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

describe.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('the systemd unit', () => {
  let folder: string;
  let unit: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-unit-'));
    // Only what is installed can be verified: Node is, and stands in for the package.
    unit = (await read('deploy/systemd/signalbox.service')).replace('ExecStart=/usr/bin/signalbox', `ExecStart=${process.execPath}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function analyze(text: string, ...args: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }> {
    const file = join(folder, 'signalbox.service');
    await writeFile(file, text);
    return run('systemd-analyze', [...args, file]).then(
      ({ stdout, stderr }) => ({ ok: true, said: stdout + stderr }),
      (error: Error) => ({ ok: false, said: error.message }),
    );
  }

  test('is verified without a warning', async () => {
    expect(await analyze(unit, 'verify')).toEqual({ ok: true, said: '' });
  });

  test('would not be with a setting that does not exist', async () => {
    expect((await analyze(unit.replace('NoNewPrivileges=', 'NoNewPrivilege='), 'verify')).said).toContain("'NoNewPrivilege'");
  });

  test('leaves the service no more than 1.5 of 10 points of exposure', async () => {
    const security = ['security', '--offline=true', '--threshold=15', '--no-pager'];
    expect(await analyze(unit, ...security)).toMatchObject({ ok: true });
    expect(await analyze(unit.replace('CapabilityBoundingSet=\n', ''), ...security)).toMatchObject({ ok: false });
  });
});

describe('the container', () => {
  let builder: ContainerBuilder | string;

  beforeAll(async () => {
    builder = await ContainerBuilder.build(await read('deploy/container/Dockerfile'));
  }, 600_000);
  afterAll(async () => {
    if (typeof builder !== 'string') await builder.remove();
  });

  test('is built, runs as nobody in particular, and answers for its health', async ({ skip }) => {
    if (typeof builder === 'string') skip(builder);
    if (typeof builder === 'string') return;
    const config = await builder.config();
    for (const word of ['1000:1000', 'SIGTERM', '/healthz', '8888/tcp', '/data']) expect(config).toContain(word);
    const port = await freePort();
    const container = await builder.start({ SIGNALBOX_PORT: `${port}`, SIGNALBOX_ACCESS_KEY: 'k'.repeat(44) });
    try {
      const answer = await eventually(async () => {
        container.runs();
        return (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
      });
      expect(answer).toBe('{"status":"ready"}');
    } finally {
      await container.stop();
    }
  });
});
