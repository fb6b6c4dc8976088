import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ServedProcesses, type Served } from './served.ts';

const run = promisify(execFile);
const hasOpenSsl = spawnSync('openssl', ['version']).status === 0;

/** An app server and a client that negotiates with it, which trust a certificate by NODE_EXTRA_CA_CERTS: each line is echoed by the hub. */
const ECHO = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { HubConnectionBuilder } from '@microsoft/signalr';
import { defineHub, method, SignalR } from 'signalbox';
import { z } from 'zod';

const chat = defineHub()({ name: 'chat', methods: { echo: method([z.string()], (_, text) => text) } });
const signalr = new SignalR({ log: () => {} }).map('/chat', chat);
const server = createServer();
const app = signalr.connect(process.argv[2]);
signalr.attach(server);
await app.connected;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const client = new HubConnectionBuilder().withUrl('http://127.0.0.1:' + server.address().port + '/chat').configureLogging('none').build();
client.onclose((error) => console.log('closed', String(error)));
await client.start();
console.log('ready');
for await (const line of createInterface(process.stdin)) console.log(await client.invoke('echo', line));
await client.stop();
await signalr.close();
server.close();
`;

async function makeCertificate(folder: string, name: string, host = 'localhost'): Promise<void> {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', ['req', ...kind, ...files, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${host}`]);
}

describe.skipIf(!hasOpenSsl)('signalbox serve with a certificate', () => {
  const processes = ServedProcesses.forSuite();
  const KEY = 'tls-'.padEnd(40, 'k');

  /** Whose certificate a service shows. */
  async function shown({ port }: Served, versions: object = {}): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...versions });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  }

  /** Lines to say to the hub over TLS. */
  async function echo(service: Served): Promise<(line?: string) => Promise<string>> {
    const script = join(processes.folder, 'echo.mjs');
    await writeFile(script, ECHO);
    const connectionString = (/connection string +(\S+)/.exec(service.announced)?.[1] ?? '').replace('…', KEY);
    const child = spawn(process.execPath, [script, connectionString], {
      env: { NODE_EXTRA_CA_CERTS: join(processes.folder, 'one.crt') },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return async (line) => {
      if (line !== undefined) child.stdin.write(`${line}\n`);
      return String((await lines.next()).value);
    };
  }

  it('speaks https and wss, and replaces it at SIGHUP without a lost connection', async () => {
    const { folder } = processes;
    for (const name of ['one', 'two']) await makeCertificate(folder, name);
    for (const kind of ['crt', 'key']) await copyFile(join(folder, `one.${kind}`), join(folder, `tls.${kind}`));
    const service = await processes.serve(['--tls-cert', 'tls.crt', '--tls-key', 'tls.key'], { SIGNALBOX_ACCESS_KEY: KEY });
    expect(service.announced).toContain(`status page        https://localhost:${service.port}/\n`);
    expect(service.announced).toContain(`Endpoint=https://localhost:${service.port};`);
    const say = await echo(service);
    expect(await say()).toBe('ready');
    expect(await say('one')).toBe('one');
    expect(await shown(service)).toBe('one');
    await expect(shown(service, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow(
      /version|protocol|alert/i,
    );

    for (const kind of ['crt', 'key']) await copyFile(join(folder, `two.${kind}`), join(folder, `tls.${kind}`));
    service.process.signal('SIGHUP');
    await service.process.says('The certificate was replaced.');
    expect(await shown(service)).toBe('two');
    expect(await say('still')).toBe('still');

    await copyFile(join(folder, 'one.key'), join(folder, 'tls.key'));
    service.process.signal('SIGHUP');
    await service.process.says('It is not the private key of the certificate in tls.crt.');
    expect(await shown(service)).toBe('two');
    expect(await say('and still')).toBe('and still');
    const said = await service.process.end();
    expect(said.error).not.toContain('PRIVATE');
  });

  it('names itself as the certificate does', async () => {
    await makeCertificate(processes.folder, 'one', 'signalr.example');
    const service = await processes.serve(['--tls-cert', 'one.crt', '--tls-key', 'one.key'], { SIGNALBOX_ACCESS_KEY: KEY });
    expect(service.announced).toContain(`Endpoint=https://signalr.example:${service.port};`);
    expect(service.announced).toContain(`status page        https://localhost:${service.port}/\n`);
  });

  it('says what is wrong with the files before anything starts', async () => {
    const { folder } = processes;
    for (const name of ['one', 'two']) await makeCertificate(folder, name);
    await run('openssl', ['ec', '-in', join(folder, 'one.key'), '-aes128', '-passout', 'pass:word', '-out', join(folder, 'locked.key')]);
    const cases = [
      [['--tls-cert', 'one.crt'], "--tls-cert is 'one.crt' (on the command line). It takes --tls-key, too"],
      [['--tls-key', 'one.key'], "--tls-key is 'one.key' (on the command line). It takes --tls-cert, too"],
      [['--tls-cert', 'gone.crt', '--tls-key', 'gone.key'], "--tls-key is 'gone.key' (on the command line). It can't be read: ENOENT"],
      [
        ['--tls-cert', 'one.key', '--tls-key', 'one.key'],
        "--tls-cert is 'one.key' (on the command line). It is no certificate. Allowed: PEM",
      ],
      [
        ['--tls-cert', 'one.crt', '--tls-key', 'one.crt'],
        "--tls-key is 'one.crt' (on the command line). It is no private key. Allowed: PEM",
      ],
      [['--tls-cert', 'one.crt', '--tls-key', 'locked.key'], 'It is encrypted. Allowed: PEM without a passphrase'],
      [['--tls-cert', 'one.crt', '--tls-key', 'two.key'], 'It is not the private key of the certificate in one.crt.'],
    ] as const;
    const key = (await readFile(join(folder, 'one.key'), 'utf8')).split('\n')[1] ?? '';
    for (const [args, message] of cases) {
      const { code, output, error } = await processes.run(['serve', ...args]).ended;
      expect([args, code, output]).toEqual([args, 1, '']);
      expect(error).toContain(message);
      expect(error).not.toContain(key);
    }
  });
});
