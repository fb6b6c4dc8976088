import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { attach, serveRequest, serveUpgrade } from '../../src/transport/host.ts';
import { Onlooker, tick } from './application.ts';
import { ask, negotiate, post, startPolling } from './http-client.ts';
import { listen, makeEndpoint, serve } from './serve.ts';
import { handshakeFields, head, message, openWebSocket, RawSocket } from './websocket-client.ts';

const own = (_request: IncomingMessage, response: ServerResponse): void => void response.end('own');
const endpointRoute =
  (path: string, endpoint = makeEndpoint()) =>
  (asked: string) =>
    asked === path ? endpoint : undefined;

/** A server with a path of ours, and its origin. */
async function attached(server: Server): Promise<{ origin: string; port: number; detach: () => void }> {
  const detach = attach(server, endpointRoute('/hub'));
  const port = await listen(server);
  return { origin: `http://127.0.0.1:${port}`, port, detach };
}

const negotiates = async (origin: string, path = '/hub'): Promise<boolean> =>
  (await ask(`${origin}${path}/negotiate`, { method: 'POST' })).body.includes('connectionId');

function curlHasHttp2(): boolean {
  const { error, stdout } = spawnSync('curl', ['--version'], { encoding: 'utf8' });
  const has = error === undefined && stdout.includes('HTTP2');
  if (!has) console.warn('skipped: curl with h2c (there is no curl with HTTP/2 here)');
  return has;
}

describe("the user's own routes", () => {
  test.each([
    ['before', (server: Server) => server.on('request', own), () => {}],
    ['after', () => {}, (server: Server) => server.on('request', own)],
    ['after, in front', () => {}, (server: Server) => server.prependListener('request', own)],
  ])('that were added %s serve what is not ours, and never see what is', async (_name, before, after) => {
    const server = createServer();
    before(server);
    const { origin } = await attached(server);
    after(server);
    await tick();
    expect((await ask(`${origin}/other`)).body).toBe('own');
    expect(await negotiates(origin)).toBe(true);
  });

  test('all get what is not ours, as they would without us', async () => {
    const heard: string[] = [];
    const server = createServer((request) => heard.push(`one ${request.url}`));
    const { origin } = await attached(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      heard.push(`two ${request.url}`);
      response.end();
    });
    await ask(`${origin}/other`);
    await negotiates(origin);
    expect(heard).toEqual(['one /other', 'two /other']);
  });

  test('without any: 404', async () => {
    const { origin } = await attached(createServer());
    const { status, body, headers } = await ask(`${origin}/other`);
    expect([status, body, headers['content-length']]).toEqual([404, '', '0']);
  });

  test('that take over all listeners in their turn go on before us', async () => {
    const server = createServer(own);
    const { origin } = await attached(server);
    const taken = server.listeners('request');
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/theirs') response.end('theirs');
      else for (const listener of taken) Reflect.apply(listener, server, [request, response]);
    });
    await tick();
    expect([(await ask(`${origin}/theirs`)).body, (await ask(`${origin}/other`)).body]).toEqual(['theirs', 'own']);
    expect(await negotiates(origin)).toBe(true);
  });

  test('headers that middleware set before us are sent along', async () => {
    const endpoint = makeEndpoint();
    const route = endpointRoute('/hub', endpoint);
    const server = createServer((request, response) => {
      response.setHeader('Access-Control-Allow-Origin', 'http://page.example');
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      if (!serveRequest(route, request, response)) response.end('own');
    });
    attach(server, route, 'upgrades');
    const hub = `http://127.0.0.1:${await listen(server)}/hub`;
    expect((await ask(hub.replace('/hub', '/other'))).body).toBe('own');
    const { url } = await negotiate({ hub });
    const stream = await negotiate({ hub });
    const first = ask(url);
    for (const answer of [await first, await post(url, 'x'), await ask(`${hub}?id=nosuch`), await ask(url, { method: 'DELETE' })]) {
      expect(answer.headers['access-control-allow-origin']).toBe('http://page.example');
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    }
    const webSocket = await openWebSocket(stream.url);
    webSocket.send('echo');
    expect((await message(webSocket)).text).toBe('echo');
  });
});

test("a server's own listeners may call us, without anything attached", async () => {
  const route = endpointRoute('/hub');
  const server = createServer((request, response) => {
    if (!serveRequest(route, request, response)) response.end('own');
  });
  const refused: (string | undefined)[] = [];
  server.on('upgrade', (request, socket, first) => {
    if (serveUpgrade(route, request, socket, first)) return;
    refused.push(request.url);
    socket.destroy();
  });
  const port = await listen(server);
  const { url } = await negotiate({ hub: `http://127.0.0.1:${port}/hub` });
  const webSocket = await openWebSocket(url);
  webSocket.send('echo');
  expect((await message(webSocket)).text).toBe('echo');
  const targets = ['/other', '/hub/negotiate'];
  for (const target of targets) {
    const raw = new RawSocket(port);
    raw.write(head(`GET ${target} HTTP/1.1`, ...handshakeFields));
    expect(await raw.end()).toBe('');
  }
  expect(refused).toEqual(targets);
});

describe('several attachments', () => {
  test('share one server', async () => {
    const server = createServer(own);
    const one = attach(server, endpointRoute('/one'));
    const two = attach(server, endpointRoute('/two'));
    const origin = `http://127.0.0.1:${await listen(server)}`;
    expect([await negotiates(origin, '/one'), await negotiates(origin, '/two')]).toEqual([true, true]);
    one();
    expect([(await ask(`${origin}/one`)).body, await negotiates(origin, '/two')]).toEqual(['own', true]);
    two();
    expect((await ask(`${origin}/two`)).body).toBe('own');
  });

  test('leave a server as it was', () => {
    const server = createServer(own);
    const listeners = (): Map<string | symbol, unknown> => new Map(server.eventNames().map((name) => [name, server.rawListeners(name)]));
    const before = listeners();
    const detach = attach(server, endpointRoute('/hub'));
    expect(listeners()).not.toEqual(before);
    detach();
    expect(listeners()).toEqual(before);
    attach(server, endpointRoute('/hub'))();
    expect(server.listeners('request')).toEqual([own]);
  });

  test.each([
    ['/hub/negotiate', '/hub/negotiate/negotiate'],
    ['/', '/negotiate'],
    ['/a b', '/A%20B/negotiate'],
  ])('a path may be anything: %s', async (path, negotiated) => {
    const server = createServer();
    attach(server, endpointRoute(path));
    const origin = `http://127.0.0.1:${await listen(server)}`;
    expect((await ask(origin + negotiated, { method: 'POST' })).body).toContain('connectionId');
    expect((await ask(origin + encodeURI(path))).body).toBe('Connection ID required');
  });
});

describe('upgrades that are not ours', () => {
  test("go to the user's other listeners, and ours do not", async () => {
    const server = createServer();
    const { origin } = await attached(server);
    const other = new WebSocketServer({ server, path: '/theirs' });
    other.on('connection', (webSocket) => webSocket.on('message', () => webSocket.send('theirs')));
    await tick();
    const theirs = await openWebSocket(`${origin}/theirs`);
    theirs.send('whose');
    expect((await message(theirs)).text).toBe('theirs');
    const ours = await openWebSocket(`${origin}/hub`);
    ours.send('ours');
    expect((await message(ours)).text).toBe('ours');
  });

  const h2c = ['Host: x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'];

  test.each([
    ['ours', '/hub?id=nosuch', /^HTTP\/1.1 404 [^]*No Connection with that ID/],
    ["the user's", '/other', /^HTTP\/1.1 200 [^]*own/],
  ])('h2c is not taken up: the request is served (%s)', async (_name, target, answer) => {
    const { port } = await serve({ listener: own });
    const raw = new RawSocket(port);
    raw.write(head(`GET ${target} HTTP/1.1`, ...h2c));
    await raw.until(({ text }) => answer.test(text));
    expect(raw.text).toMatch(answer);
  });

  test('a POST that asks for h2c keeps its body, in whatever pieces it comes, and its socket', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { token } = await startPolling(served);
    const peer = await onlooker.peer();
    const raw = new RawSocket(served.port);
    raw.write(`${head(`POST /hub?id=${token} HTTP/1.1`, ...h2c, 'Content-Length: 9')}one`);
    await peer.until(({ text }) => text === 'one');
    raw.write('two');
    await peer.until(({ text }) => text === 'onetwo');
    raw.write(`six${head(`POST /hub?id=${token} HTTP/1.1`, 'Host: x', 'Transfer-Encoding: chunked')}4\r\nnext\r\n0\r\n\r\n`);
    await raw.until(({ text }) => text.split('HTTP/1.1 200 OK').length === 3);
    expect(peer.text).toBe('onetwosixnext');
  });

  test('one socket may ask again and again: nothing is left on it', async () => {
    const warnings = vi.fn();
    process.on('warning', warnings);
    const served = await serve({ listener: own });
    const connected = once(served.server, 'connection') as Promise<[Duplex]>;
    const raw = new RawSocket(served.port);
    raw.write(head('GET /other HTTP/1.1', 'Host: x'));
    await raw.until(({ text }) => text.endsWith('own'));
    const [socket] = await connected;
    const counts = (): object => Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]));
    const before = counts();
    for (let i = 0; i < 30; i++) {
      raw.bytes = Buffer.alloc(0);
      raw.write(head('GET /other HTTP/1.1', ...h2c));
      await raw.until(({ text }) => text.endsWith('own'));
    }
    expect(counts()).toEqual(before);
    expect(warnings).not.toHaveBeenCalled();
    process.off('warning', warnings);
    raw.bytes = Buffer.alloc(0);
    raw.write(head('GET /hub HTTP/1.1', ...handshakeFields));
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 101 /);
  });

  test('connection listeners are not told of a socket twice', async () => {
    const { server, port } = await serve({ listener: own });
    const connections = vi.fn();
    server.on('connection', connections);
    const raw = new RawSocket(port);
    raw.write(head('GET /other HTTP/1.1', ...h2c));
    await raw.until(({ text }) => text.endsWith('own'));
    expect(connections).toHaveBeenCalledTimes(1);
  });

  test('other headers stay as they were, those of `Connection` too', async () => {
    const { port } = await serve({ listener: (request, response) => void response.end(JSON.stringify(request.rawHeaders)) });
    const raw = new RawSocket(port);
    raw.write(head('GET /other HTTP/1.1', 'Host: x', 'X-Odd: \xe4', 'Connection: upgrade ,close', 'uPGRADE: foo', 'X-Odd: again'));
    const [, body = ''] = (await raw.end()).split('\r\n\r\n');
    expect(JSON.parse(Buffer.from(body, 'latin1').toString())).toEqual([
      'Host',
      'x',
      'X-Odd',
      'ä',
      'Connection',
      'close',
      'X-Odd',
      'again',
    ]);
  });

  test.skipIf(!curlHasHttp2())('curl with h2c gets through', async () => {
    const { hub } = await serve();
    const run = promisify(execFile);
    const { stdout } = await run('curl', ['-s', '--http2', '-X', 'POST', '-d', 'body', `${hub}/negotiate?negotiateVersion=1`]);
    expect(stdout).toContain('connectionToken');
  });
});
