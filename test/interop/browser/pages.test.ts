import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChat, type Chat } from '../../../examples/chat/app.ts';

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

describe("the demo's web server", () => {
  let chat: Chat;
  beforeAll(async () => {
    chat = await startChat({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => chat.close());

  /** Sends a request target as it is, which `fetch` would tidy up. Resolves with the whole answer. */
  async function raw(method: string, target: string): Promise<string> {
    const socket = connect(Number(new URL(chat.url).port), '127.0.0.1');
    socket.end(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    return text(socket);
  }

  it('serves the page and everything that it names, each with its type and strict headers', async () => {
    const page = await (await fetch(chat.url)).text();
    const named = [...page.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, path]) => path ?? '');
    expect(named).toEqual(expect.arrayContaining(['/chat.js', '/theme.css', '/favicon.svg', '/lib/signalr.js']));
    for (const path of named) {
      const response = await fetch(chat.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      const type = TYPES[/\.[a-z]+$/.exec(path)?.[0] ?? ''] ?? 'text/html';
      expect(response.headers.get('content-type')).toContain(type);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const policy = response.headers.get('content-security-policy');
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    }
  });

  it('serves every module that a module imports', async () => {
    const pending = ['/chat.js'];
    const seen = new Set(pending);
    for (const path of pending) {
      const source = await (await fetch(chat.url + path)).text();
      for (const [, name] of source.matchAll(/from '\.(\/[^']+)'/g)) {
        if (name === undefined || seen.has(name)) continue;
        seen.add(name);
        pending.push(name);
        expect([name, (await fetch(chat.url + name, { method: 'HEAD' })).status]).toEqual([name, 200]);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('asks nobody else for anything, and holds no markup made of text', async () => {
    const page = await (await fetch(chat.url)).text();
    const scripts = [...page.matchAll(/src="(\/[a-z]+\.js)"/g)].map(([, path]) => path ?? '');
    for (const path of ['/', '/theme.css', '/frame.css', '/conversation.css', '/lab.css', '/side.css', '/fold.css', ...scripts]) {
      const content = (await (await fetch(chat.url + path)).text()).replaceAll('http://www.w3.org/2000/svg', '');
      expect([path, content.match(/https?:\/\/|\burl\(|@import|innerHTML|outerHTML|insertAdjacentHTML|style="|\son[a-z]+="/g)]).toEqual([
        path,
        null,
      ]);
    }
  });

  it('lets browsers keep files, and tells them when nothing changed', async () => {
    const first = await fetch(`${chat.url}/chat.js`);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    await first.text();
    const again = await fetch(`${chat.url}/chat.js`, { headers: { 'if-none-match': tag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(tag);
    expect((await fetch(`${chat.url}/chat.js`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('answers HEAD without a body, and other methods with 405', async () => {
    const head = await fetch(`${chat.url}/?room=lobby`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1000);
    expect(await head.text()).toBe('');
    const post = await fetch(chat.url, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each([
    '/nosuch',
    '/index.html/',
    '/package.json',
    '/hub.ts',
    '/../hub.ts',
    '/../../../package.json',
    '/%2e%2e/hub.ts',
    '/..%2fhub.ts',
    '/lib/../hub.ts',
    '/lib/',
    '//etc/passwd',
    '/etc/passwd%00.js',
    '/constructor',
    '/__proto__',
  ])('has nothing at %s', async (target) => {
    const answer = await raw('GET', target);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain('X-Content-Type-Options: nosniff');
  });

  it('lets only its own page use the hub from a browser', async () => {
    const negotiate = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${chat.url}/chat/negotiate?negotiateVersion=1`, { method: 'POST', headers });
    expect((await negotiate({ origin: chat.url })).status).toBe(200);
    expect((await negotiate({})).status).toBe(200);
    for (const origin of ['https://example.com', 'null', chat.url.replace(/\d+$/, '1')])
      expect((await negotiate({ origin })).status).toBe(401);
  });

  it('says when its port is taken', async () => {
    const { port } = new URL(chat.url);
    await expect(startChat({ host: '127.0.0.1', port: Number(port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

const built = fileURLToPath(new URL('../../../build/examples/chat/server.js', import.meta.url));
if (!existsSync(built)) console.warn('Skipped: the demo as a process. It is not built; npm run build does that.');

describe.skipIf(!existsSync(built))('the demo as a process', () => {
  const start = (environment: Record<string, string>): ChildProcess =>
    spawn(process.execPath, [built, '--hub'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });

  /** Its exit code and what it wrote to standard error. */
  async function ended(child: ChildProcess): Promise<{ code: unknown; error: string }> {
    const [error, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')]);
    return { code, error };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('prints its address, serves, and ends well at %s', async (signal) => {
    const child = start({ PORT: '0' });
    const end = ended(child);
    let printed = '';
    for await (const chunk of child.stdout ?? []) {
      printed += String(chunk);
      if (printed.includes('stops it')) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0] ?? '';
    expect((await fetch(url)).status).toBe(200);
    child.kill(signal);
    expect(await end).toEqual({ code: 0, error: '' });
  });

  it('says in words that the port is taken', async () => {
    const chat = await startChat({ host: '127.0.0.1', port: 0 });
    const { port } = new URL(chat.url);
    const { code, error } = await ended(start({ PORT: port }));
    await chat.close();
    expect(code).toBe(1);
    expect(error).toBe(`EADDRINUSE: Port ${port} is taken. Choose another: PORT=${Number(port) + 1} npm start -- --hub\n`);
  });

  it.each(['abc', '-1', '65536', '80.5'])('refuses %s as a port', async (port) => {
    const { code, error } = await ended(start({ PORT: port }));
    expect(code).toBe(1);
    expect(error).toBe(`CHAT_PORT: PORT is to be a number from 0 to 65535, not '${port}'.\n`);
  });
});
