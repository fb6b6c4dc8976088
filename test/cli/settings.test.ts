import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { readConfiguration, type Configuration } from '../../src/cli/configuration.ts';
import { readJsonText } from '../../src/cli/json-text.ts';
import { nearestName } from '../../src/cli/nearest-name.ts';
import { nestedOptions, settableOptions } from '../../src/cli/option-settings.ts';
import { allSettings } from '../../src/cli/serve-settings.ts';
import type { Setting, SettingTable } from '../../src/cli/setting.ts';
import { Service } from '../../src/service/service.ts';

const KEY = 'k'.repeat(32);
const table: SettingTable = allSettings;
const settings = Object.entries(table).filter(([name]) => name !== 'config');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(args: readonly string[], environment: NodeJS.ProcessEnv = {}, file?: object | string): Promise<Configuration> {
  const path = join(folder, 'signalbox.json');
  if (file !== undefined) await writeFile(path, typeof file === 'string' ? file : JSON.stringify(file));
  const more = file === undefined ? [] : ['--config', path];
  return readConfiguration(parseCommandLine('serve', [...more, ...args], allSettings), environment);
}

/** Texts that a setting takes, as somebody could write them. */
function textsOf(name: string, setting: Setting<unknown>): readonly string[] {
  const candidates = ['1', '20', '3000', 'true', 'false', 'null', 'local', 'nobody', 'json', 'text', 'warn', 'error', 'some-name'];
  const objects = ['{"chat":{"messageSize":5}}'];
  const lists = ['longPolling', 'webSockets,longPolling', 'https://a.example,https://b.example'];
  const texts = [...candidates, ...lists, ...objects].filter((text) => setting.parse(text) !== undefined);
  // A switch is true, or not there, on the command line.
  if (texts.length < 2 && setting.switch !== true) throw new Error(`There are no two values for ${name}.`);
  return texts;
}

const given = fc.constantFrom(...settings).chain(([name, setting]) => {
  const text = fc.option(fc.constantFrom(...textsOf(name, setting)), { nil: undefined });
  return fc.record({ name: fc.constant(name), line: text, variable: text, file: text });
});

describe('a setting', () => {
  it('is what the command line says, else the environment, else the file, else its default, in any combination', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(given, { selector: ({ name }) => name, maxLength: 8 }), async (choices) => {
        const args: string[] = [];
        const environment: Record<string, string> = {};
        const file: Record<string, unknown> = {};
        for (const { name, line, variable, file: inFile } of choices) {
          const setting = table[name] as Setting<unknown>;
          if (line !== undefined && setting.flag !== undefined) {
            if (setting.switch !== true) args.push(`--${setting.flag}=${line}`);
            else if (line === 'true') args.push(`--${setting.flag}`);
          } else if (line !== undefined && setting.assigned === true) args.push('--set', `${name}=${line}`);
          if (variable !== undefined) environment[setting.variable] = variable;
          if (inFile !== undefined) file[name] = setting.parse(inFile);
        }
        const { problems, settings: reading } = await read(args, environment, file);
        expect(problems).toEqual([]);
        for (const { name, line, variable, file: inFile } of choices) {
          const setting = table[name] as Setting<unknown>;
          const onLine = setting.switch === true ? (line === 'true' ? line : undefined) : line;
          const commandLine = setting.flag !== undefined || setting.assigned === true ? onLine : undefined;
          const text = commandLine ?? variable ?? inFile ?? setting.byDefault;
          const sources = { 'command line': commandLine, environment: variable, file: inFile };
          const source = Object.entries(sources).find(([, said]) => said !== undefined)?.[0] ?? 'default';
          const value = text === undefined ? undefined : setting.parse(text);
          expect([name, reading.get(name)?.source, reading.get(name)?.value]).toEqual([name, source, value]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test.each(settings)('%s has a name for each source, text, and a default that is allowed', (name, setting) => {
    expect(setting.variable).toMatch(/^SIGNALBOX_[A-Z0-9]+(_[A-Z0-9]+)*$/);
    expect(setting.about).toMatch(/\w{3}/);
    expect(setting.allowed).toMatch(/\w{3}/);
    if (setting.byDefault !== undefined) expect(setting.parse(setting.byDefault)).not.toBeUndefined();
    if (setting.flag === undefined && setting.secret !== true) expect(setting.assigned).toBe(true);
    expect(settings.filter(([, other]) => other.variable === setting.variable)).toHaveLength(1);
    expect(name).toMatch(/^[a-z][A-Za-z]*(\.[a-z][A-Za-z]*)*$/);
  });

  it('that is an option has the default that the service has', async () => {
    const { settings: reading } = await read([]);
    const values = new Map([...reading].map(([name, { value }]) => [name, value]));
    await using bare = new Service({ accessKeys: [KEY] });
    const { service, clients } = nestedOptions(values);
    await using configured = new Service({ accessKeys: [KEY], ...service, clients });
    expect(configured.settings).toEqual(bare.settings);
    for (const { name, byDefault } of settableOptions) {
      if (typeof byDefault !== 'function') expect(reading.get(name)?.value).toEqual(byDefault);
    }
  });

  it('of the service is nested in the file, or named with its groups', async () => {
    const nested = {
      service: { nodes: { joinTime: 7 } },
      clients: { webSockets: { perMessageDeflate: true } },
      'clients.disconnectTimeout': 9,
    };
    const { settings: reading, problems } = await read(['--set', 'clients.allowedOrigins=https://a.example'], {}, nested);
    expect(problems).toEqual([]);
    const values = new Map([...reading].map(([name, { value }]) => [name, value]));
    expect(nestedOptions(values)).toMatchObject({
      service: { nodes: { joinTime: 7 } },
      clients: { webSockets: { perMessageDeflate: true }, disconnectTimeout: 9, allowedOrigins: ['https://a.example'] },
    });
  });
});

describe('what is wrong with settings', () => {
  it('is all said at once, with name, value, source, line and what is allowed', async () => {
    const file = `{
  // Not a name of any setting.
  "prot": 1,
  "port": 80.5,
  "config": "other.json",
  "accessKey": 12,
  "service": { "maximumHeldByte": 1, "maximumHeldBytes": "7",
    "nodes": 3 },
  "clients": { "transports": ["carrier pigeon"] },
}`;
    const args = ['--set', 'service.clientResultDelay=soon', '--set', 'port=1', '--set', 'secret', '--set', 'service.handshakeTimout=1'];
    const { problems } = await read(args, { SIGNALBOX_STATUSPAGE: 'nobody', SIGNALBOX_LOG_LEVEL: 'loud' }, file);
    const path = join(folder, 'signalbox.json');
    expect(problems).toEqual([
      '--set port (on the command line) sets no option: use --port.',
      '--set secret (on the command line). Allowed: <name>=<value>.',
      '--set service.handshakeTimout (on the command line) sets no option: did you mean service.handshakeTimeout?',
      'SIGNALBOX_STATUSPAGE (in the environment) is no setting: did you mean SIGNALBOX_STATUS_PAGE?',
      `prot is no setting of the file: did you mean port? (in ${path}, line 3).`,
      `config is no setting of the file (in ${path}, line 5).`,
      `service.maximumHeldByte is no setting of the file: did you mean service.maximumHeldBytes? (in ${path}, line 7).`,
      `service.nodes (in ${path}, line 8) is not what it has to be. Allowed: an object of settings.`,
      `port is '80.5' (in ${path}, line 4). Allowed: a whole number from 0 to 65535.`,
      `accessKey (in ${path}, line 6). Allowed: keys, in the file also as a list.`,
      "SIGNALBOX_LOG_LEVEL is 'loud' (in the environment). Allowed: debug, info, warn, error.",
      `service.maximumHeldBytes is '7' (in ${path}, line 7). Allowed: a whole number of bytes above 0.`,
      "--set service.clientResultDelay is 'soon' (on the command line). Allowed: a number of milliseconds above 0, or null.",
      `clients.transports is 'carrier pigeon' (in ${path}, line 9). Allowed: a list of 'webSockets', 'serverSentEvents', 'longPolling', not empty.`,
    ]);
  });

  it('never shows what may be a secret', async () => {
    const secret = 'hush-'.repeat(10);
    const texts = [
      `{ "accessKey": ${secret} }`,
      `{ "accessKey": "${secret}" "port": 1 }`,
      `{ "${secret}!": 1 }`,
      `["${secret}"]`,
      `{"accessKey":{"a":"${secret}"}}`,
    ];
    for (const text of texts) {
      const { problems } = await read(['--set', `${secret}${secret}`], { SIGNALBOX_ACCESS_KEY: '' }, text);
      expect(problems.length).toBeGreaterThan(1);
      expect(problems.join('\n')).not.toContain('hush');
    }
  });

  it('is not that somebody else has variables that begin alike', async () => {
    const { problems, strangers, values } = await read([], {
      SIGNALBOX_SERVICE_HOST: '10.0.0.1',
      SIGNALBOX_SERVICE_PORT: '80',
      SIGNALBOX_PORT: 'tcp://10.0.0.1:80',
      SIGNALBOX_PORT_80_TCP_ADDR: '10.0.0.1',
      SIGNALBOX_TEAM: 'blue',
    });
    expect([problems, strangers, values.port]).toEqual([[], ['SIGNALBOX_TEAM'], 8888]);
  });

  it('is a file that is not there', async () => {
    const { problems } = await readConfiguration(parseCommandLine('serve', ['--config', join(folder, 'gone')], allSettings), {});
    expect(problems).toEqual([expect.stringMatching(/^--config is '.*gone' \(on the command line\)\. It can't be read: ENOENT/)]);
  });

  it.each([
    ['prot', 'port'],
    ['--hots', undefined],
    ['statuspage', 'statusPage'],
    ['tlscert', 'tlsCert'],
    ['x'.repeat(1_000), undefined],
    ['team', undefined],
  ])('%s may be meant as %s', (name, meant) => {
    expect(nearestName(name, ['port', 'host', 'statusPage', 'tlsCert', 'data'])).toBe(meant);
  });
});

describe('JSON as people write it', () => {
  it('is read as JSON is, with the line of each member', () => {
    const text = '\uFEFF// begin\n{ "a": [1, -2.5e3, "\\u0041\\n", null, true,], /* in\nthe middle */ "b": { "c": {} } , }\n// end';
    const { value, lines } = readJsonText(text);
    expect(value).toEqual({ a: [1, -2500, 'A\n', null, true], b: { c: {} } });
    expect([...lines]).toEqual([
      ['a', 2],
      ['b', 3],
      ['b.c', 3],
    ]);
  });

  it('is what JSON writes, whatever that is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        // Two names may be one path then, which is refused.
        fc.pre(!/"[^"]*[.[][^"]*":/.test(text));
        expect(readJsonText(text).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{ "a": 1\n\n', 3, 'ends too early'],
    ['{ "a": 1,\n "a": 2 }', 2, 'second time, first in line 1'],
    ['{ a: 1 }', 1, 'a name in double quotes'],
    ['{ "a" 1 }', 1, 'no :'],
    ['[1 2]', 1, ', or ]'],
    ['{"a":"\\x"}', 1, 'a value that is none'],
    ['1 1', 1, 'more behind its end'],
    ['', 1, 'ends too early'],
    ['['.repeat(100), 1, 'nested too deeply'],
  ])('is refused where it is none: %j', (text, line, problem) => {
    expect(() => readJsonText(text)).toThrow(expect.objectContaining({ line, message: expect.stringContaining(problem) }));
  });
});
