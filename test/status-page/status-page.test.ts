import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { statusPage, type StatusHistory, type StatusPageOptions } from '../../src/status-page/status-page.ts';
import type { ServiceStatus } from '../../src/status-page/status.ts';
import { sampleHistory } from './sample-history.ts';
import { sampleStatus } from './sample-status.ts';

/** The page's own files. With them, but for the page itself, come two of the charts library. */
const FOLDER = new URL('../../src/status-page/page/', import.meta.url);

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  if (server?.listening === true) await new Promise((resolve) => server?.close(resolve));
});

/** Serves the page, and 'something else' at every other address. */
async function serve(status: () => ServiceStatus = sampleStatus, options?: StatusPageOptions): Promise<number> {
  const page = statusPage(status, options);
  server = createServer((asked, response) => {
    if (!page(asked, response)) response.writeHead(404).end('something else');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function ask(port: number, path: string, { method = 'GET', ...headers }: Record<string, string> = {}): Promise<Answer> {
  const sent = request({ port, host: '127.0.0.1', path, method, headers: { host: `localhost:${port}`, ...headers } });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

describe('the status page', () => {
  it('serves itself and everything that it names, each with its type and strict headers', async () => {
    const port = await serve();
    const page = await ask(port, '/');
    const pending = [...page.body.matchAll(/(?:href|src)="(status-page\/[^"]*)"/g)].map(([, path]) => `/${path}`);
    const seen = new Set(pending);
    for (const path of pending) {
      const { status, headers, body } = await ask(port, path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers['content-type']).toMatch(/^(?:text\/(?:javascript|css); charset=utf-8|image\/svg\+xml)$/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      const policy = headers['content-security-policy'];
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      // The library's comments name where its parts come from.
      const code = body.replaceAll('http://www.w3.org/2000/svg', '').replaceAll(/^\s*(?:\/\/|\*).*$/gm, '');
      expect(code).not.toMatch(/https?:\/\/|innerHTML|insertAdjacentHTML|outerHTML|eval\(|new Function|import\(/);
      for (const [, name] of body.matchAll(/from '\.\/([^']+)'/g)) {
        const imported = `/status-page/${name}`;
        if (!seen.has(imported)) pending.push(imported);
        seen.add(imported);
      }
    }
    expect(seen.size).toBe((await readdir(FOLDER)).length - 1 + 2);
  });

  it('gives its data as JSON, asked for anew each time, with the time of the answer', async () => {
    let clients = 0;
    const port = await serve(() => sampleStatus({ clients: ++clients }));
    const before = Date.now();
    const first = await ask(port, '/status.json');
    const second = await ask(port, '/status.json?again');
    const { at, status } = JSON.parse(first.body) as { at: number; status: ServiceStatus };
    expect(status).toEqual(sampleStatus({ clients: 1 }));
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect((JSON.parse(second.body) as { status: ServiceStatus }).status.clients).toBe(2);
    expect(first.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  it('answers HEAD without a body, and other methods with 405', async () => {
    const port = await serve();
    const head = await ask(port, '/', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1000);
    for (const path of ['/', '/status.json', '/history.json']) {
      const { status, headers } = await ask(port, path, { method: 'POST' });
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('does not send a file again that the browser has', async () => {
    const port = await serve();
    const { headers } = await ask(port, '/status-page/page.css');
    const tag = headers.etag ?? '';
    const again = await ask(port, '/status-page/page.css', { 'if-none-match': tag });
    expect([again.status, again.body, again.headers.etag]).toEqual([304, '', tag]);
    expect((await ask(port, '/status-page/page.css', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('gives a history as it is, from the time on that is asked for, with as many digits as can be seen', async () => {
    const history = sampleHistory(Date.now());
    const port = await serve(sampleStatus, { history: () => history });
    expect(JSON.parse((await ask(port, '/status.json')).body)).toMatchObject({ history: true });
    const { headers, body } = await ask(port, '/history.json');
    const { at, minutes, hours } = JSON.parse(body) as StatusHistory & { at: number };
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(at).toBeGreaterThanOrEqual(history.minutes.at(-1)?.at ?? Infinity);
    expect([minutes.length, hours.length]).toEqual([history.minutes.length, history.hours.length]);
    const [first] = history.minutes;
    const rounded = (value: number | undefined): number => Number(value?.toFixed(2));
    expect(minutes[0]).toEqual({
      ...first,
      latency: { p50: rounded(first?.latency?.p50), p99: rounded(first?.latency?.p99) },
      serverLoad: rounded(first?.serverLoad),
      userErrors: rounded(first?.userErrors),
      systemErrors: 0,
    });
    expect(JSON.stringify(minutes[0])).not.toMatch(/\.\d{3}/);

    const since = history.minutes.at(-3)?.at ?? 0;
    const recent = JSON.parse((await ask(port, `/history.json?since=${since}`)).body) as StatusHistory;
    expect([recent.minutes.length, recent.hours.length]).toEqual([3, history.hours.filter((point) => point.at >= since).length]);
    const all = JSON.parse((await ask(port, '/history.json?since=yesterday')).body) as StatusHistory;
    expect(all.minutes.length).toBe(history.minutes.length);
  });

  it('says that there is no history where there is none', async () => {
    const port = await serve();
    expect(JSON.parse((await ask(port, '/status.json')).body)).toMatchObject({ history: false });
    expect(await ask(port, '/history.json')).toMatchObject({ status: 404, body: 'This service keeps no history.\n' });
  });

  it.each([
    '/nosuch',
    '/history.json/',
    '/toString',
    '/status-page/package.json',
    '/status-page/uplot/dist/uPlot.esm.js',
    '/status.json/',
    '/index.html',
    '/status-page/',
    '/status-page/nosuch.js',
    '/status-page/../status-page.ts',
    '/status-page/%2e%2e/status-page.ts',
    '/status-page/constructor',
    '//',
    '/client/?hub=chat',
  ])('leaves %s to others', async (path) => {
    const port = await serve();
    expect(await ask(port, path)).toMatchObject({ status: 404, body: 'something else' });
  });

  it.each(['localhost', 'localhost:8888', 'LOCALHOST', '127.0.0.1', '127.8.9.1:80', '[::1]:8888'])(
    'is shown to this machine under the name %s',
    async (host) => {
      const port = await serve();
      expect((await ask(port, '/', { host })).status).toBe(200);
      expect((await ask(port, '/status.json', { host })).status).toBe(200);
    },
  );

  it.each([
    { host: 'rebound.example' },
    { host: 'localhost.rebound.example' },
    { host: 'rebound.example:127.0.0.1' },
    { host: '127.0.0.1.rebound.example' },
    { host: '192.168.1.5:8888' },
    { host: '[::2]' },
    { 'x-forwarded-for': '203.0.113.9' },
    { 'x-forwarded-host': 'service.example' },
    { 'x-real-ip': '203.0.113.9' },
    { forwarded: 'for=203.0.113.9' },
    { via: '1.1 proxy' },
  ] as Record<string, string>[])('is not shown to a request with %j', async (headers) => {
    const refused = (): never => {
      throw new Error('asked for its data');
    };
    const port = await serve(refused, { history: refused });
    for (const path of ['/', '/status.json', '/history.json', '/status-page/page.css', '/status-page/uPlot.esm.js']) {
      const { status, body } = await ask(port, path, headers);
      expect([status, body]).toEqual([403, expect.stringContaining('this machine only')]);
    }
  });

  it('is not shown over HTTP/1.0, as nginx asks where it is told nothing else', async () => {
    const port = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.end(`GET / HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('is not shown to a request without a host', async () => {
    const port = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.end('GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('is shown to whom the option names, and to nobody else', async () => {
    const port = await serve(sampleStatus, { visibleTo: ({ headers }) => headers['x-key'] === 'open' });
    expect((await ask(port, '/status.json', { host: 'service.example', 'x-key': 'open' })).status).toBe(200);
    expect((await ask(port, '/status.json')).status).toBe(403);
  });
});
