import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT = 256;
const RESERVE = 64;

/** A server with a route of its own that opens a file. Says its port and then what it logs, a line each. */
const program = `
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { SignalR } from './index.js';

const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
const signalr = new SignalR({ log: ({ id, level }, fields) => void (level === 'debug' || say([id, fields])) });
signalr.mapConnection('/echo', async (connection) => {
  for await (const frame of connection.frames()) connection.write(frame);
});
const server = createServer(async (request, response) => {
  if (request.url === '/descriptors') return response.end(JSON.stringify(signalr.descriptors));
  response.end(await readFile('/proc/self/limits', 'latin1'));
});
signalr.attach(server);
server.listen(0, '127.0.0.1', () => say(server.address().port));
process.stdin.resume().on('end', () => process.exit());
`;

/** What became of a wish for a connection: it is open, or the status of the refusal, or what went wrong below HTTP. */
type Outcome = WebSocket | number | Error;

describe.skipIf(process.platform !== 'linux')('a server that runs out of file descriptors', () => {
  let folder: string;
  let server: ChildProcess;
  let url: string;
  const said: (readonly [string, Readonly<Record<string, number>>])[] = [];
  const open: WebSocket[] = [];

  const connect = (): Promise<Outcome> =>
    new Promise((resolve) => {
      const webSocket = new WebSocket(`${url.replace('http', 'ws')}/echo`, { perMessageDeflate: false });
      webSocket.on('open', () => {
        open.push(webSocket);
        resolve(webSocket);
      });
      webSocket.on('unexpected-response', (request, response: IncomingMessage) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
      webSocket.on('error', resolve);
    });
  /** So many at once, and how many came out how. */
  const crowd = async (size: number): Promise<Readonly<Record<string, number>>> => {
    const outcomes = await Promise.all(Array.from({ length: size }, connect));
    const names = outcomes.map((outcome) => (outcome instanceof WebSocket ? 'open' : String(outcome)));
    return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((other) => other === name).length]));
  };
  const echoes = async (webSocket: WebSocket): Promise<boolean> => {
    webSocket.send('x');
    const [data] = (await once(webSocket, 'message')) as [Buffer];
    return data.toString() === 'x';
  };
  const state = async (): Promise<string> => ((await (await fetch(`${url}/descriptors`)).json()) as { state: string }).state;

  beforeAll(async () => {
    await mkdir(join(root, 'build'), { recursive: true });
    folder = await mkdtemp(join(root, 'build/descriptors-'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], { cwd: root });
    await writeFile(join(folder, 'main.mjs'), program);
    const command = `ulimit -n ${LIMIT} && exec "$0" "$1"`;
    server = spawn('sh', ['-c', command, process.execPath, join(folder, 'main.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
    const [port] = (await once(lines, 'line')) as [string];
    url = `http://127.0.0.1:${port}`;
    lines.on('line', (line: string) => said.push(JSON.parse(line) as (typeof said)[number]));
  });

  afterAll(async () => {
    for (const webSocket of open) webSocket.terminate();
    if (server.exitCode === null) {
      const ended = once(server, 'exit');
      server.stdin?.end();
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  test('refuses new connections with 503, and none in another way', async () => {
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 15; round++) {
      for (const [name, count] of Object.entries(await crowd(20))) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
    }
    expect([...outcomes.keys()].toSorted()).toEqual(['503', 'open']);
    expect(outcomes.get('open')).toBeGreaterThan(LIMIT / 2 - RESERVE / 2);
    expect(outcomes.get('open')).toBeLessThanOrEqual(LIMIT - RESERVE);
    const refused = await fetch(`${url}/echo/negotiate?negotiateVersion=1`, { method: 'POST' });
    expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
      503,
      '5',
      'The server is out of file descriptors.',
    ]);
  });

  test('refuses a crowd of no more than the reserve in the same way', async () => {
    expect(await crowd(RESERVE - 20)).toEqual({ 503: RESERVE - 20 });
  });

  test('serves those that are there', async () => {
    expect((await Promise.all(open.map(echoes))).every(Boolean)).toBe(true);
  });

  test('serves another route of the process, which opens a file', async () => {
    const answer = await fetch(`${url}/file`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(new RegExp(`^Max open files +${LIMIT} `, 'm'));
    expect(await state()).toBe('short');
  });

  test('says so once, and once when it is over; then it takes new connections', async () => {
    expect(said.map(([id]) => id)).toEqual(['transport.descriptors-short']);
    expect(said[0]?.[1]).toMatchObject({ limit: LIMIT, reserve: RESERVE });
    const leaving = open.splice(0, 40);
    await Promise.all(
      leaving.map(async (webSocket) => {
        const closed = once(webSocket, 'close');
        webSocket.close();
        await closed;
      }),
    );
    await expect.poll(state).toBe('enough');
    expect(await crowd(10)).toEqual({ open: 10 });
    expect((await Promise.all(open.map(echoes))).every(Boolean)).toBe(true);
    await expect
      .poll(() => said.map(([id]) => id), { timeout: 20_000 })
      .toEqual(['transport.descriptors-short', 'transport.descriptors-enough']);
    expect(said[1]?.[1]['refused']).toBeGreaterThan(100);
  });
});
