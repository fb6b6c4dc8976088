import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');

const javascript = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { SignalR, defineHub, method } from 'signalbox';
import { JsonHubProtocol } from 'signalbox/protocol';
import { backplaneCases } from 'signalbox/conformance';
import { typed } from 'signalbox/client';
import { jwtBearer } from 'signalbox/jwt';
import { redis } from 'signalbox/redis';

const hub = defineHub()({ methods: { echo: method((_, text) => text) } });
const signalr = new SignalR({ authenticate: jwtBearer({ secret: 'x'.repeat(32) }) }).map('/hub', hub);
const server = createServer();
signalr.attach(server);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const negotiated = await fetch('http://127.0.0.1:' + server.address().port + '/hub/negotiate?negotiateVersion=1', { method: 'POST' });
const { availableTransports } = await negotiated.json();
console.log(availableTransports.length, new JsonHubProtocol().name, backplaneCases.length > 0, typeof typed, redis('localhost').state);
await signalr.close();
server.close();
`;

const typescript = `
import { SignalR, defineHub, method, type Schema } from 'signalbox';
import { JsonHubProtocol } from 'signalbox/protocol';
import { backplaneCases, type BackplaneCase } from 'signalbox/conformance';
import type { TypedConnection } from 'signalbox/client';
import { jwtBearer, type JwtClaims } from 'signalbox/jwt';
import { redis, redisEmitter, type RedisEmitter } from 'signalbox/redis';

declare const text: Schema<string, string>;
const hub = defineHub<{ note(text: string): void }>()({ methods: { echo: method([text], (_, words) => words) } });
const authenticate = jwtBearer({ jwks: { keys: [] } });
const signalr = new SignalR({ authenticate, backplane: redis('localhost') }).map('/hub', hub);
export type User = JwtClaims;
export const emitter: RedisEmitter = redisEmitter('localhost');
export const sent: Promise<void> = signalr.hub(hub).clients.all.note('x');
export const name: string = new JsonHubProtocol().name;
export const first: BackplaneCase | undefined = backplaneCases[0];
export type Client = TypedConnection<{ echo(text: string): string }, object>;
// @ts-expect-error an event that the contract does not have
void signalr.hub(hub).clients.all.nothing();
`;

describe('the package', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-package-'));
    await run('npm', ['run', '--silent', 'build'], { cwd: root });
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz')) ?? '';
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'fresh', private: true, type: 'module' }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], { cwd: folder });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('runs in a fresh JavaScript project', async () => {
    await writeFile(join(folder, 'main.mjs'), javascript);
    const { stdout } = await run(process.execPath, ['main.mjs'], { cwd: folder });
    expect(stdout.trim()).toBe('3 json true function connecting');
  });

  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('has types for a fresh TypeScript project with module %s and resolution %s', async (module, moduleResolution) => {
    await writeFile(join(folder, 'main.ts'), typescript);
    // What such a project has besides: Node's types, and the official client for `signalbox/client`.
    for (const name of ['@types/node', '@microsoft/signalr']) {
      const link = join(folder, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await rm(link, { force: true });
      await symlink(join(root, 'node_modules', name), link);
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2023',
      module,
      moduleResolution,
      skipLibCheck: false,
      types: ['node'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    const { stdout } = await run(process.execPath, [compiler, '-p', '.'], { cwd: folder }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });
});
