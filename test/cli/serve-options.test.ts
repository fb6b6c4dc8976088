import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announcement, type AnnouncedOptions } from '../../src/cli/announcement.ts';
import { urlOf } from '../../src/cli/addresses.ts';
import { readServeOptions, type ServeOptions } from '../../src/cli/serve-options.ts';

const KEY = 'x'.repeat(32);

describe('the settings of signalbox serve', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signalbox-settings-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const read = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<ServeOptions | undefined> =>
    readServeOptions(['--data', directory, ...args], environment);

  it('are the documented ones where nothing is given', async () => {
    const options = await read([]);
    expect(options).toMatchObject({
      host: '127.0.0.1',
      port: 8888,
      statusPage: 'local',
      metrics: 'local',
      service: { trustForwardedFor: false },
      log: { level: 'info', format: 'text' },
      keyFile: join(directory, 'access-key'),
      stop: { delay: 0, timeout: 8_000, closeSpread: 5_000 },
    });
  });

  it('count on the command line before the environment, where an empty one is none', async () => {
    const environment = { SIGNALBOX_PORT: '1', SIGNALBOX_HOST: '', SIGNALBOX_ACCESS_KEY: `${KEY},${KEY}2` };
    expect(await read(['--port', '2'], environment)).toMatchObject({
      host: '127.0.0.1',
      port: 2,
      statusPage: 'local',
      metrics: 'local',
      accessKeys: [KEY, `${KEY}2`],
      stop: { delay: 0, timeout: 8_000, closeSpread: 5_000 },
    });
  });

  it('say how the service stops, in milliseconds', async () => {
    const options = await read(['--shutdown-delay', '0', '--shutdown-timeout', '60000'], { SIGNALBOX_SHUTDOWN_SPREAD: '30000' });
    expect(options).toMatchObject({ stop: { delay: 0, timeout: 60_000, closeSpread: 30_000 } });
    for (const wrong of ['-1', '1.5', '10s', '3600001']) {
      await expect(read([`--shutdown-timeout=${wrong}`])).rejects.toThrow(`--shutdown-timeout is '${wrong}'`);
    }
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('allow %s with a key made here', async (host) => {
    expect(await read(['--host', host])).toMatchObject({ host });
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'service.example', 'localhost.example'])(
    "allow %s with a key of one's own only, and make none before",
    async (host) => {
      await expect(read(['--host', host])).rejects.toMatchObject({
        exitCode: 1,
        message: expect.stringContaining(`--host is '${host}' (on the command line). Allowed with a key that the service makes for itself`),
      });
      expect(await readdir(directory)).toEqual([]);
      expect(await read(['--host', host], { SIGNALBOX_ACCESS_KEY: KEY })).toMatchObject({ host, accessKeys: [KEY] });
    },
  );

  it.each(['', 'a b', 'service.example:80', 'http://localhost', '[::1]', '1.2.3.4/8'])('refuse the host %j', async (host) => {
    await expect(read(['--host', host], { SIGNALBOX_ACCESS_KEY: KEY })).rejects.toThrow(`--host is '${host}'`);
  });

  it.each(['abc', '-1', '65536', '80.5', '1e3', '0x50', ' 80', ''])('refuse the port %j', async (port) => {
    await expect(read([`--port=${port}`])).rejects.toThrow(
      `--port is '${port}' (on the command line). Allowed: a whole number from 0 to 65535.`,
    );
  });

  it('say whether a proxy in front is believed, by a switch or in the environment', async () => {
    const variable = (value: string): NodeJS.ProcessEnv => ({ SIGNALBOX_TRUST_FORWARDED_FOR: value });
    expect(await read(['--trust-forwarded-for'], variable('false'))).toMatchObject({ service: { trustForwardedFor: true } });
    expect(await read([], variable('true'))).toMatchObject({ service: { trustForwardedFor: true } });
    expect(await read([], variable('false'))).toMatchObject({ service: { trustForwardedFor: false } });
    await expect(read([], variable('yes'))).rejects.toThrow(
      "SIGNALBOX_TRUST_FORWARDED_FOR is 'yes' (in the environment). Allowed: true, false.",
    );
  });

  it('do not show a key that is refused', async () => {
    const refused = read([], { SIGNALBOX_ACCESS_KEY: 'secret-but-short' });
    await expect(refused).rejects.toThrow('The access key in SIGNALBOX_ACCESS_KEY has 16 characters, and 32 are the least.');
    await expect(refused).rejects.not.toThrow('secret');
  });

  it("name the directory that can't be used", async () => {
    await expect(readServeOptions(['--data', '/dev/null'], {})).rejects.toThrow(
      "--data is '/dev/null' (on the command line). It can't be used: E",
    );
    await expect(readServeOptions([], { SIGNALBOX_DATA: '/dev/null' })).rejects.toThrow(
      "SIGNALBOX_DATA is '/dev/null' (in the environment). It can't be used: E",
    );
  });
});

describe('what the service says of itself', () => {
  const said = (options: Partial<AnnouncedOptions>): string =>
    announcement('0.1.0', 'http://box.example:8888', {
      host: '0.0.0.0',
      accessKeys: [KEY],
      statusPage: 'local',
      ...options,
    });

  it('says where the status page is, for whom', () => {
    expect(said({})).toContain('http://localhost:8888/, on this machine');
    expect(said({ host: '192.168.1.5' })).toContain('is not shown at this address');
    expect(said({ host: '192.168.1.5', statusPage: 'everyone' })).toContain('http://box.example:8888/\n');
  });

  it('shows a key that was made here, and no other', () => {
    expect(said({ keyFile: '/data/access-key' })).toContain(`AccessKey=${KEY};`);
    expect(said({})).not.toContain(KEY);
  });

  it.each([
    ['127.0.0.1', 'IPv4', 'http://localhost:80'],
    ['127.0.0.2', 'IPv4', 'http://127.0.0.2:80'],
    ['::1', 'IPv6', 'http://[::1]:80'],
    ['192.168.1.5', 'IPv4', 'http://192.168.1.5:80'],
  ])('finds %s from this machine', (address, family, url) => {
    expect(urlOf({ address, family, port: 80 })).toBe(url);
  });
});
