import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { conformanceTarget, elsewhere, type Sent } from './conformance-target.ts';

const target = conformanceTarget();
const { ask } = target;

const upgrade = async (path: string, headers: Sent = {}): Promise<IncomingMessage> => {
  const handshake = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const request = httpRequest(target.url + path, { headers: { ...handshake, ...headers } }).end();
  const answered = await Promise.race([once(request, 'response'), once(request, 'upgrade')]);
  request.destroy();
  return answered[0] as IncomingMessage;
};

const textOf = async (answer: Promise<Response>): Promise<string> => (await answer).text();
const token = (): Promise<string> => textOf(ask('GET', '/generateJwtToken'));

const transportsOf = async (path: string): Promise<unknown> => {
  const answer = (await (await ask('POST', `${path}/negotiate?negotiateVersion=1`)).json()) as {
    availableTransports: { transport: string }[];
  };
  return answer.availableTransports.map(({ transport }) => transport);
};

const negotiateAuthorized = (headers: Sent = {}, query = ''): Promise<Response> =>
  ask('POST', `/authorizedhub/negotiate?negotiateVersion=1${query}`, headers);

describe('the pipeline before the endpoints', () => {
  const local = 'http://localhost:9876';

  it('serves the client of the web worker test', async () => {
    const answer = await ask('GET', '/lib/signalr-webworker/signalr.js');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript']);
    expect(await answer.text()).toContain('HubConnectionBuilder');
  });

  it.each(['/testhub/negotiate', '/nosuch', '/redirect', '/bad-negotiate', '/generateJwtToken'])(
    'answers OPTIONS %s itself',
    async (path) => {
      const preflight = { Origin: 'https://any.example', 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'a,b' };
      const answer = await ask('OPTIONS', path, preflight);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': 'https://any.example',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'a,b',
      });
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it('answers OPTIONS without an origin, too, and says nothing of origins', async () => {
    const answer = await ask('OPTIONS', '/testhub');
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, null]);
  });

  it.each([
    ['/testhub/negotiate', local, 'Origin'],
    ['/testhub/negotiate', 'https://127.0.0.1:1', 'Origin'],
    ['/testhub/negotiate', 'http://localhost', null],
    ['/testhub/negotiate', 'https://any.example', null],
    ['/nosuch', local, 'Origin'],
    ['/bad-negotiate', local, null],
  ])('lets %s be read from %s (Vary: %s)', async (path, origin, vary) => {
    const { headers } = await ask('POST', path, { Origin: origin });
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('vary')).toBe(vary);
  });

  it.each([
    ['/echoredirect', '/echo'],
    ['/echoredirect/negotiate?negotiateVersion=1&x=echoredirect', '/echo/negotiate?negotiateVersion=1&x=echoredirect'],
  ])('redirects %s to %s', async (from, to) => {
    const answer = await ask('POST', from);
    expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([307, to, '']);
  });

  it('redirects an upgrade, too', async () => {
    const answer = await upgrade('/echoredirect?id=4');
    expect([answer.statusCode, answer.headers.location]).toEqual([307, '/echo?id=4']);
  });

  it('does not take a longer segment for the redirect', async () => {
    expect((await ask('POST', '/echoredirects')).status).toBe(404);
  });

  it('redirects negotiation to another count each time, by any method and in any case', async () => {
    const bodies: string[] = [];
    for (const path of ['/redirect', '/redirect/negotiate', '/Redirect']) {
      const answer = await ask(path === '/redirect' ? 'GET' : 'POST', `${path}?numRedirects=0&baseUrl=${target.url}`);
      expect([answer.status, answer.headers.get('content-type'), answer.headers.getSetCookie()]).toEqual([200, null, []]);
      bodies.push(await answer.text());
    }
    const counts = bodies.map((body) => Number(/^\{ "url": "(.*)\/testHub\?numRedirects=(\d+)" \}$/.exec(body)?.[2]));
    expect(bodies[0]).toContain(target.url);
    expect(counts).toEqual([counts[0], (counts[0] ?? NaN) + 1, (counts[0] ?? NaN) + 2]);
  });

  it.each(['/testhub/negotiate', '/nosuch/negotiate', '/bad-negotiate/negotiate', '/authorizedhub/negotiate'])(
    'adds three cookies to %s',
    async (path) => {
      const cookies = (await ask('POST', path)).headers.getSetCookie();
      expect(cookies).toEqual([
        'testCookie=testValue; path=/',
        'testCookie2=testValue2; path=/',
        expect.stringMatching(/^expiredCookie=doesntmatter; expires=.* GMT; path=\/$/),
      ]);
      const age = Date.now() - Date.parse(/expires=([^;]*)/.exec(cookies[2] ?? '')?.[1] ?? '');
      expect(Math.abs(age - 3_600_000)).toBeLessThan(10_000);
    },
  );

  it('adds no cookie elsewhere', async () => {
    expect((await ask('GET', '/testhub')).headers.getSetCookie()).toEqual([]);
  });

  it.each(['/bad-negotiate', '/bad-negotiate/negotiate'])('refuses %s in words', async (path) => {
    const answer = await ask('POST', path);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([400, null, 'Some response from server']);
  });

  it.each(['/nosuch', '/testhub/other', '/clientresult/', '/clientresult/a/b'])('knows nothing at %s', async (path) => {
    const answer = await ask('GET', path);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([404, null, '']);
  });

  it('knows nothing to upgrade at an unknown path', async () => {
    expect((await upgrade('/nosuch')).statusCode).toBe(404);
  });
});

describe('the endpoints', () => {
  it.each(['/testhub', '/testHub', '/uncreatable', '/echo'])('offers all transports at %s', async (path) => {
    expect(await transportsOf(path)).toEqual(['WebSockets', 'ServerSentEvents', 'LongPolling']);
  });

  it('offers and takes no WebSockets at /testhub-nowebsockets', async () => {
    expect(await transportsOf('/testhub-nowebsockets')).toEqual(['ServerSentEvents', 'LongPolling']);
    expect((await upgrade('/testhub-nowebsockets')).statusCode).toBe(404);
  });

  it.each(['/generateJwtToken', '/clientresult/x'])('takes nothing but GET at %s', async (path) => {
    const answer = await ask('POST', path);
    expect([answer.status, answer.headers.get('allow'), await answer.text()]).toEqual([405, 'GET', '']);
  });

  it('says in plain text that a connection does not exist', async () => {
    const answer = await ask('GET', '/clientresult/a%20b');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(await answer.text()).toBe("Connection 'a b' does not exist.");
  });

  it('echoes over WebSockets without negotiation, and ends when the input ends', async () => {
    const socket = new WebSocket(`${target.url.replace('http', 'ws')}/echo`);
    await once(socket, 'open');
    socket.send('message');
    expect(String((await once(socket, 'message'))[0])).toBe('message');
    socket.close();
    expect((await once(socket, 'close'))[0]).toBe(1000);
  });

  it('echoes over long polling', async () => {
    const { connectionToken } = (await (await ask('POST', '/echo/negotiate?negotiateVersion=1')).json()) as { connectionToken: string };
    const path = `/echo?id=${connectionToken}`;
    expect(await textOf(ask('GET', path))).toBe('');
    expect((await ask('POST', path, {}, 'message')).status).toBe(200);
    expect(await textOf(ask('GET', path))).toBe('message');
    expect((await ask('DELETE', path)).status).toBe(202);
  });
});

describe('authorization', () => {
  it('issues a token of the agreed kind', async () => {
    const answer = await ask('GET', '/generateJwtToken');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, null]);
    const [header, claims] = (await answer.text()).split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(header).toBe('{"alg":"HS256","typ":"JWT"}');
    expect(JSON.parse(claims ?? '')).toEqual({
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier': 'testuser',
      exp: expect.any(Number),
      iss: 'SignalRTestServer',
      aud: 'SignalRTests',
    });
    const lifetime = (JSON.parse(claims ?? '') as { exp: number }).exp - Date.now() / 1000;
    expect(lifetime).toBeGreaterThan(2);
    expect(lifetime).toBeLessThanOrEqual(5);
  });

  it('takes a token from the header, with or without a scheme, else from the query', async () => {
    const good = await token();
    expect((await negotiateAuthorized({ Authorization: `Bearer ${good}` })).status).toBe(200);
    expect((await negotiateAuthorized({ Authorization: `bearer ${good}` })).status).toBe(200);
    expect((await negotiateAuthorized({ Authorization: good })).status).toBe(200);
    expect((await negotiateAuthorized({}, `&access_token=${good}`)).status).toBe(200);
    expect((await negotiateAuthorized({ Authorization: 'Bearer nonsense' }, `&access_token=${good}`)).status).toBe(401);
  });

  it.skipIf(elsewhere)('allows five minutes for clocks that differ', async () => {
    const authorization = { Authorization: `Bearer ${await token()}` };
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 200_000 });
    try {
      expect((await negotiateAuthorized(authorization)).status).toBe(200);
      vi.setSystemTime(Date.now() + 200_000);
      expect((await negotiateAuthorized(authorization)).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it('says 401 in the status line only', async () => {
    const answer = await negotiateAuthorized();
    expect([answer.status, answer.statusText, answer.headers.get('www-authenticate')]).toEqual([401, 'Unauthorized', 'Bearer']);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual([null, '']);
  });

  it.skipIf(elsewhere).each([
    ['a word', async () => 'Bearer garbage', 'Bearer error="invalid_token"'],
    ['another scheme', async () => 'Basic abc', 'Bearer error="invalid_token"'],
    [
      'a changed signature',
      async () => `Bearer ${(await token()).replace(/[^.]{4}$/, 'AAAA')}`,
      'Bearer error="invalid_token", error_description="The signature is invalid"',
    ],
  ])('says what is wrong with %s', async (_, authorization, challenge) => {
    const answer = await negotiateAuthorized({ Authorization: await authorization() });
    expect([answer.status, answer.headers.get('www-authenticate'), await answer.text()]).toEqual([401, challenge, '']);
  });

  it('checks every request of a connection', async () => {
    const authorization = { Authorization: `Bearer ${await token()}` };
    const { connectionToken } = (await (await negotiateAuthorized(authorization)).json()) as { connectionToken: string };
    const path = `/authorizedhub?id=${connectionToken}`;
    expect((await ask('GET', path, authorization)).status).toBe(200);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(method, path)).status).toBe(401);
    expect((await upgrade('/authorizedhub')).statusCode).toBe(401);
    expect((await upgrade('/authorizedhub', authorization)).statusCode).toBe(101);
    expect((await ask('DELETE', path, authorization)).status).toBe(202);
  });

  it('ignores tokens at the other hubs', async () => {
    expect((await ask('POST', '/testhub/negotiate', { Authorization: 'Bearer garbage' })).status).toBe(200);
  });
});

describe.skipIf(elsewhere)('the program', () => {
  const run = promisify(execFile);
  const project = fileURLToPath(new URL('../..', import.meta.url));
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  let built = '';

  // A build of its own: other tests may read the project's while they run.
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'conformance-host-'));
    await copyFile(join(project, 'package.json'), join(built, 'package.json'));
    await symlink(join(project, 'node_modules'), join(built, 'node_modules'));
    for (const [part, folder] of [
      ['build', 'dist'],
      ['apps', 'build'],
    ] as const) {
      await run(process.execPath, [tsc, '-p', `tsconfig.${part}.json`, '--noCheck', '--outDir', join(built, folder)], { cwd: project });
    }
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  it.each(['SIGTERM', 'SIGINT'] as const)('says where it listens, and ends cleanly on %s', async (signal) => {
    const program = spawn(process.execPath, ['build/test/conformance-host/main.js'], { cwd: built, env: { ...process.env, PORT: '0' } });
    const errors: string[] = [];
    program.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    const ended = once(program, 'exit');
    const [line] = (await Promise.race([once(createInterface(program.stdout), 'line'), ended])) as unknown[];
    expect(line).toMatch(/^Conformance host listening on http:\/\/127\.0\.0\.1:\d+$/);
    const socket = new WebSocket(`${String(line).replace(/^.* http/, 'ws')}/echo`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    program.kill(signal);
    expect(await ended).toEqual([0, null]);
    await closed;
    expect(errors.join('')).toBe('');
  });
});
