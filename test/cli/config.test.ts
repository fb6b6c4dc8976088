import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HubConnectionBuilder } from '@microsoft/signalr';
import { decodeJwt } from 'jose';
import { ScriptedServer } from '../service/app-server.ts';
import { RawClient } from '../service/raw-client.ts';
import { ServedProcesses } from './served.ts';

const KEY = 'hush-hush-'.padEnd(44, 'k');
const environment = { SIGNALBOX_ACCESS_KEY: KEY };
const processes = ServedProcesses.forSuite();

async function output(args: readonly string[], variables: NodeJS.ProcessEnv = environment): Promise<string> {
  const { code, error, output: printed } = await processes.run(args, variables).ended;
  expect([code, error]).toEqual([0, '']);
  return printed;
}

describe('signalbox config', () => {
  it('shows each setting with what it does, its value and where that comes from, and no secret', async () => {
    await writeFile(join(processes.folder, 'box.json'), '{\n  "service": { "maximumHeldBytes": 7 }\n}');
    const printed = await output(['config', '--config', 'box.json', '--port=9'], { ...environment, SIGNALBOX_LOG_LEVEL: 'warn' });
    expect(printed).toContain('port = 9  (on the command line)\n    the port to listen on; 0 picks a free one\n');
    expect(printed).toContain('logLevel = warn  (in the environment)\n');
    expect(printed).toContain('service.maximumHeldBytes = 7  (in box.json, line 2)\n    Bytes that are held back');
    expect(printed).toContain('--set service.maximumHeldBytes=<value>, or SIGNALBOX_SERVICE_MAXIMUM_HELD_BYTES. Allowed: a whole number');
    expect(printed).toContain('statusPage = local  (default)');
    expect(printed).toContain('accessKey = (hidden)  (in the environment)');
    expect(printed).not.toContain('hush');
  });

  it('tells it to programs', async () => {
    const printed = await output(['config', '--json', '--set', 'clients.transports=longPolling']);
    const settings = JSON.parse(printed) as { name: string }[];
    expect(settings.find(({ name }) => name === 'clients.transports')).toMatchObject({
      value: ['longPolling'],
      source: 'command line',
      variable: 'SIGNALBOX_CLIENTS_TRANSPORTS',
      default: 'webSockets,serverSentEvents,longPolling',
      reloads: true,
    });
    const key = settings.find(({ name }) => name === 'accessKey');
    expect(key).toMatchObject({ secret: true, isSet: true });
    expect(key).not.toHaveProperty('value');
    expect(printed).not.toContain('hush');
  });

  it('prints a file that means the same', async () => {
    const args = ['--status-page', 'nobody', '--set', 'service.nodes.joinTime=9', '--set', 'clients.webSockets.maximumMessageSize=70000'];
    const file = await output(['config', '--file', ...args]);
    expect(file).not.toContain('hush');
    await writeFile(join(processes.folder, 'box.json'), file);
    const values = async (given: readonly string[]): Promise<unknown> =>
      (JSON.parse(await output(['config', '--json', ...given])) as { name: string; value: unknown }[])
        .filter(({ name }) => name !== 'config')
        .map(({ name, value }) => [name, value]);
    expect(await values(['--config', 'box.json'])).toEqual(await values(args));
    expect(file).toContain('    // "maximumHeldBytes": 1048576,\n');
    expect(file).toContain('      "joinTime": 9,\n');
    // What is commented out is what it is without it.
    await writeFile(join(processes.folder, 'all.json'), file.replaceAll(/^( *)\/\/ (?="(?!.*"…"))/gm, '$1'));
    expect(await values(['--config', 'all.json'])).toEqual(await values(args));
  });

  it('says what is wrong, and starts and makes nothing', async () => {
    const { code, output: printed, error } = await processes.run(['config', '--port', 'x', '--host', '0.0.0.0']).ended;
    expect([code, printed]).toEqual([1, '']);
    expect(error).toContain("--port is 'x' (on the command line)");
    expect(error).toContain("--host is '0.0.0.0' (on the command line). Allowed with a key");
    expect(await output(['config'], {})).toContain('accessKey is not set');
    const { error: missing } = await processes.run(['token', 'client', '--hub', 'chat']).ended;
    expect(missing).toContain("--data is '.signalbox' (the default). There is no access key in it: start the service first");
  });

  it('and the other commands tell how they are used', async () => {
    expect(await output(['config', '--help'])).toContain('Usage: signalbox config');
    expect(await output(['token', '--help'])).toContain('Usage: signalbox token client');
    expect(await output(['token', 'server', '-h'])).toContain('Usage: signalbox token client');
    const help = await output(['serve', '--help']);
    expect(help.split('\n').length).toBeLessThan(80);
    const { code, error } = await processes.run(['serve', '--hots', 'x']).ended;
    expect([code, error]).toEqual([2, "signalbox serve: Unknown option '--hots'\nDid you mean --host?\nSee signalbox serve --help.\n"]);
  });
});

describe('signalbox token', () => {
  it('makes tokens that a service takes: of a client and of an app server', async () => {
    const service = await processes.serve([], {});
    const { port } = service;
    // The key is the one that the service has made.
    const token = (args: readonly string[]): Promise<string> => output(['token', ...args, '--port', String(port)], {});
    const serverToken = (await token(['server', '--hub', 'Chat', '--server-id', 'me'])).trim();
    const server = await ScriptedServer.connect({ serverPort: port }, {}, serverToken);
    await service.process.says("App server 'me' connected for the hub 'chat'.");

    const address = (await token(['client', '--hub', 'chat', '--user', 'ann', '--claim', 'role=a', '--claim', 'role=b', '--url'])).trim();
    expect(address).toMatch(new RegExp(`^http://localhost:${port}/client/\\?hub=chat&access_token=eyJ`));
    const client = new HubConnectionBuilder().withUrl(address).configureLogging('none').build();
    onTestFinished(() => client.stop());
    const started = client.start();
    const { claims } = await server.accept();
    await started;
    const said = JSON.stringify(claims);
    for (const expected of ['"ann"', '"a"', '"b"']) expect(said).toContain(expected);

    await expect(RawClient.dial({ clientPort: port }, { token: serverToken })).rejects.toThrow('401');
    const other = JSON.parse(await token(['client', '--hub', 'other', '--lifetime', '90s', '--json'])) as Record<
      'url' | 'token' | 'expires',
      string
    >;
    await expect(RawClient.dial({ clientPort: port }, { token: other.token })).rejects.toThrow('401');
    expect(other.url).toBe(`http://localhost:${port}/client/?hub=other`);
    const { exp = 0, iat = 0 } = decodeJwt(other.token);
    expect([exp - iat, Math.abs(Date.parse(other.expires) / 1_000 - exp) < 2]).toEqual([90, true]);
  });

  it('signs with the first of the keys, for the endpoint that it is told', async () => {
    await writeFile(join(processes.folder, 'keys'), `${'x'.repeat(32)}\n`);
    const given = ['token', 'client', '--hub', 'chat', '--access-key-file', 'keys', '--endpoint', 'https://signalr.example/realtime'];
    const made = JSON.parse(await output([...given, '--json'])) as { url: string; token: string };
    expect(made.url).toBe('https://signalr.example/realtime/client/?hub=chat');
    expect(decodeJwt(made.token).aud).toBe('https://signalr.example/client/?hub=chat');
  });

  it.each([
    [['client'], 1, '--hub is missing. Allowed: the name of a hub'],
    [['client', '--hub', '1'], 1, "--hub is '1'. Allowed: the name of a hub"],
    [['client', '--hub', 'chat', '--lifetime', '1y'], 1, "--lifetime is '1y'. Allowed: a time such as 90s, 30m, 1h or 7d."],
    [['client', '--hub', 'chat', '--claim', 'exp=1'], 1, '--claim exp (on the command line). Allowed: <name>=<value>'],
    [['client', '--hub', 'chat', '--server-id', 'x'], 1, '--server-id is not for a token of a client.'],
    [['server', '--hub', 'chat', '--user', 'x'], 1, '--user is not for a token of an app server.'],
    [['client', '--hub', 'chat', '--endpoint', 'ftp://x'], 1, "--endpoint is 'ftp://x'. Allowed: an http or https address"],
    [['client', '--hub', 'chat', '--claim', `x=${'y'.repeat(4_096)}`], 1, 'and 4096 are the most for a client'],
    [['client', '--hub', 'chat', '--port', 'x'], 1, "--port is 'x' (on the command line)"],
    [['both'], 2, 'say for whom: signalbox token client or signalbox token server'],
  ])('refuses what it can not make, %#', async (args, exitCode, message) => {
    const { code, output: printed, error } = await processes.run(['token', ...args], environment).ended;
    expect([code, printed]).toEqual([exitCode, '']);
    expect(error).toContain(message);
    expect(error).not.toMatch(/hush|yyyy|AccessKey|    at /);
  });
});
