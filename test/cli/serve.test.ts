import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { CliBuild, type CliProcess } from './cli-process.ts';

const KEY = `own-key-${'k'.repeat(40)}`;

const urlIn = (announced: string): string => /status page +(http:\/\/\S+)/.exec(announced)?.[1] ?? '';
const keyIn = (announced: string): string => /AccessKey=([^;]*);/.exec(announced)?.[1] ?? '';

describe('signalbox serve', () => {
  let build: CliBuild;
  let folder: string;
  let running: CliProcess[] = [];
  beforeAll(async () => {
    build = await CliBuild.make();
  }, 120_000);
  afterAll(() => build.remove());
  beforeEach(async () => {
    folder = await mkdtemp(join(build.folder, 'run-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.end('SIGKILL')));
  });

  function start(args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): CliProcess {
    const process = build.run(folder, ['serve', '--port', '0', ...args], environment);
    running.push(process);
    return process;
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('says where it is, shows its status page, and ends well at %s', async (signal) => {
    const process = start();
    const announced = await process.announced();
    const page = urlIn(announced);
    expect(page).toMatch(/^http:\/\/localhost:\d+\/$/);
    expect(announced).toContain(`connection string  Endpoint=${page.slice(0, -1)};AccessKey=`);
    expect(announced).toMatch(/AccessKey=[A-Za-z0-9+/]{64};Version=1\.0;\n/);
    expect(await (await fetch(page)).text()).toContain('<title>Signalbox service</title>');
    for (const file of ['page.css', 'uPlot.esm.js']) expect((await fetch(`${page}status-page/${file}`)).status).toBe(200);
    const { status } = (await (await fetch(`${page}status.json`)).json()) as { status: { clients: number } };
    expect(status.clients).toBe(0);
    expect((await fetch(`${page}nosuch`)).status).toBe(404);
    expect(await process.end(signal)).toEqual({ code: 0, output: announced, error: '' });
    await expect(fetch(page)).rejects.toThrow('fetch failed');
  });

  it('says whether it lives and takes clients, also while it stops, and ends at once at a second signal', async () => {
    const process = start(['--shutdown-delay', '600000']);
    const url = urlIn(await process.announced()).slice(0, -1);
    const answers = async (): Promise<readonly number[]> => [(await fetch(`${url}/healthz`)).status, (await fetch(`${url}/readyz`)).status];
    expect(await answers()).toEqual([200, 200]);
    process.signal('SIGTERM');
    await eventually(async () => expect(await answers()).toEqual([200, 503]));
    expect(await process.end('SIGTERM')).toMatchObject({ code: 143, error: '' });
  });

  it("keeps its key, the owner's alone, over a restart", async () => {
    const first = start();
    const key = keyIn(await first.announced());
    await first.end();
    const file = join(folder, '.signalbox/access-key');
    expect(await readFile(file, 'utf8')).toBe(`${key}\n`);
    expect([(await stat(file)).mode & 0o777, (await stat(join(folder, '.signalbox'))).mode & 0o777]).toEqual([0o600, 0o700]);
    const announced = await start().announced();
    expect(keyIn(announced)).toBe(key);
    expect(announced).toContain(file);
  });

  it('has one key where two start at once', async () => {
    const announced = await Promise.all([start(), start(), start()].map((process) => process.announced()));
    expect(new Set(announced.map(keyIn)).size).toBe(1);
    expect(new Set(announced.map(urlIn)).size).toBe(3);
  });

  it('refuses a key that others can read', async () => {
    await start().announced();
    await chmod(join(folder, '.signalbox/access-key'), 0o644);
    const { code, output, error } = await start().ended;
    expect([code, output]).toEqual([1, '']);
    expect(error).toContain(`The access key in the file ${join(folder, '.signalbox/access-key')} can be read by others (chmod 600).`);
  });

  it("takes keys of one's own, shows none of them, and makes none", async () => {
    await writeFile(join(folder, 'keys'), `${KEY}-1\n${KEY}-2\n`);
    const process = start(['--access-key-file', 'keys'], { SIGNALBOX_ACCESS_KEY: `${KEY}-3` });
    const announced = await process.announced();
    expect(keyIn(announced)).toBe('…');
    const { error } = await process.end();
    expect(announced + error).not.toContain(KEY);
    expect(await readdir(folder)).toEqual(['keys']);
  });

  it('shows its status page to nobody where it is told so', async () => {
    const announced = await start(['--status-page', 'nobody']).announced();
    expect(announced).toContain('status page        is off');
    const url = /Endpoint=([^;]+);/.exec(announced)?.[1] ?? '';
    expect((await fetch(url)).status).toBe(404);
  });

  it('shows its status page to requests of elsewhere only where it is told so', async () => {
    const asElsewhere = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect((await fetch(urlIn(await start().announced()), asElsewhere)).status).toBe(403);
    expect((await fetch(urlIn(await start([], { SIGNALBOX_STATUS_PAGE: 'everyone' }).announced()), asElsewhere)).status).toBe(200);
  });

  it('shows its metrics as it is told', async () => {
    const asElsewhere = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    const here = `${urlIn(await start().announced())}metrics`;
    expect(await (await fetch(here)).text()).toContain('\nConnectionCount{Endpoint="Client"} 0\n');
    expect((await fetch(here, asElsewhere)).status).toBe(403);
    const everywhere = `${urlIn(await start(['--metrics', 'everyone']).announced())}metrics`;
    expect((await fetch(everywhere, asElsewhere)).status).toBe(200);
    const nowhere = `${urlIn(await start([], { SIGNALBOX_METRICS: 'nobody' }).announced())}metrics`;
    expect((await fetch(nowhere)).status).toBe(404);
  });

  it('says in words that the port is taken', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, output, error } = await start(['--port', `${port}`]).ended;
    taken.close();
    expect([code, output]).toEqual([1, '']);
    expect(error).toBe(`Port ${port} is taken, perhaps by a service that runs already. Choose another: --port ${port + 1}\n`);
  });

  it('names all that is wrong at once: setting, value, source, and what is allowed', async () => {
    const process = start(['--port', '80.5', '--status-page', 'all'], { SIGNALBOX_HOST: '0.0.0.0', SIGNALBOX_ACCESS_KEY_FILE: 'gone' });
    const { code, output, error } = await process.ended;
    expect([code, output]).toEqual([1, '']);
    expect(error.split('\n')).toEqual([
      "signalbox serve can't start:",
      "  --port is '80.5' (on the command line). Allowed: a whole number from 0 to 65535.",
      "  --status-page is 'all' (on the command line). Allowed: local, everyone, nobody.",
      expect.stringMatching(/^ {2}SIGNALBOX_ACCESS_KEY_FILE is 'gone' \(in the environment\)\. It can't be used: ENOENT/),
      'See signalbox serve --help.',
      '',
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [['serve', '--prot', '1'], "Unknown option '--prot'"],
    [['serve', '--port'], 'argument missing'],
    [['serve', 'now'], "Unexpected argument 'now'"],
    [['serve', '--access-key', KEY], "Unknown option '--access-key'"],
    [['sevre'], "there is no command 'sevre'"],
    [[], 'Usage: signalbox <command>'],
  ])('refuses the command line %j with exit code 2', async (args, message) => {
    const { code, output, error } = await build.run(folder, args).ended;
    expect([code, output]).toEqual([2, '']);
    expect(error).toContain(message);
    expect(error).not.toContain('    at ');
  });

  it('tells its version and how it is used', async () => {
    const { version } = JSON.parse(await readFile(join(build.folder, 'package.json'), 'utf8')) as { version: string };
    expect(await build.run(folder, ['--version']).ended).toEqual({ code: 0, output: `${version}\n`, error: '' });
    expect(await build.run(folder, ['--help']).ended).toMatchObject({ code: 0, output: expect.stringContaining('serve'), error: '' });
    const { code, output } = await build.run(folder, ['serve', '--help']).ended;
    expect(code).toBe(0);
    for (const name of [
      '--port',
      'SIGNALBOX_PORT',
      '--host',
      '--data',
      '--access-key-file',
      'SIGNALBOX_ACCESS_KEY',
      '--status-page',
      '--metrics',
    ])
      expect(output).toContain(name);
  });
});
