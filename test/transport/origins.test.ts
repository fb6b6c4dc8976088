import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { answers } from '../../src/transport/answers.ts';
import { echo } from './application.ts';
import { ask, eventStream, negotiate, open, type Answered } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { handshakeFields, head, openWebSocket, RawSocket } from './websocket-client.ts';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';

const withOrigins = (allowedOrigins: NonNullable<NonNullable<Setup['options']>['allowedOrigins']>): Promise<Served> =>
  serve({ options: { allowedOrigins }, opened: echo });

const corsOf = ({ headers }: Pick<Answered, 'headers'>): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

/** The status of an upgrade that a page of `origin` asks for. */
async function upgradeFrom({ port }: Served, origin: string): Promise<number> {
  const raw = new RawSocket(port);
  raw.write(head('GET /hub HTTP/1.1', ...handshakeFields, `Origin: ${origin}`));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  return Number(raw.text.split(' ', 2)[1]);
}

const preflight = (origin: string): OutgoingHttpHeaders => ({
  Origin: origin,
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'authorization,x-requested-with,x-signalr-user-agent',
});

describe('without allowedOrigins', () => {
  test('there are no CORS headers, and WebSockets come from anywhere, as on the reference server', async () => {
    const served = await serve();
    const answer = await ask(`${served.hub}/negotiate`, { method: 'POST', headers: { Origin: EVIL } });
    expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
    const asked = await ask(`${served.hub}/negotiate`, { method: 'OPTIONS', headers: preflight(EVIL) });
    expect([asked.status, corsOf(asked)]).toEqual([405, {}]);
    expect(await upgradeFrom(served, EVIL)).toBe(101);
  });
});

describe('a page of an allowed origin', () => {
  const cors = { 'access-control-allow-origin': APP, 'access-control-allow-credentials': 'true', vary: 'Origin' };

  test('may read every answer, also one that refuses', async () => {
    const served = await withOrigins([APP]);
    const headers = { Origin: APP };
    const { url } = await negotiate(served);
    const paths: [string, string][] = [
      ['POST', `${served.hub}/negotiate`],
      ['GET', url],
      ['POST', url],
      ['DELETE', url],
      ['GET', `${served.hub}?id=nosuch`],
      ['PUT', served.hub],
    ];
    const statuses = [200, 200, 200, 202, 404, 405];
    for (const [index, [method, path]] of paths.entries()) {
      const answer = await ask(path, { method, headers });
      expect([method, answer.status, corsOf(answer)]).toEqual([method, statuses[index], cors]);
    }
  });

  test('may read an event stream, and open a WebSocket', async () => {
    const served = await withOrigins([APP]);
    const response = await open((await negotiate(served)).url, { headers: { ...eventStream, Origin: APP } });
    expect([response.statusCode, corsOf(response)]).toEqual([200, cors]);
    response.destroy();
    expect(await upgradeFrom(served, APP)).toBe(101);
  });

  test('is told so before it sends anything, without being asked who it is', async () => {
    const asked: string[] = [];
    const served = await serve({
      options: { allowedOrigins: [APP], authenticate: ({ url }) => void asked.push(url.pathname), authorize: () => false },
    });
    for (const path of ['/hub/negotiate', '/hub?id=x']) {
      const answer = await ask(served.origin + path, { method: 'OPTIONS', headers: preflight(APP) });
      expect([answer.status, answer.body, corsOf(answer)]).toEqual([
        204,
        '',
        {
          ...cors,
          'access-control-allow-methods': 'GET, POST, DELETE',
          'access-control-allow-headers': 'authorization,x-requested-with,x-signalr-user-agent',
          'access-control-max-age': '7200',
        },
      ]);
    }
    expect(asked).toEqual([]);
    const refused = await ask(`${served.hub}/negotiate`, { method: 'POST', headers: { Origin: APP } });
    expect([refused.status, corsOf(refused)]).toEqual([401, cors]);
  });

  test('can be decided by a function', async () => {
    const served = await withOrigins((origin) => /^https:\/\/[a-z]+\.app\.example$/.test(origin));
    expect(await upgradeFrom(served, 'https://shop.app.example')).toBe(101);
    expect(await upgradeFrom(served, 'https://app.example.evil.example')).toBe(403);
    const answer = await ask(`${served.hub}/negotiate`, { method: 'POST', headers: { Origin: 'https://a.app.example' } });
    expect(answer.headers['access-control-allow-origin']).toBe('https://a.app.example');
  });

  test('keeps a Vary that was there', async () => {
    const { endpoint, origin } = await serve({
      listener: (request, response) => {
        response.setHeader('Vary', 'Accept-Encoding');
        endpointWithOrigins.handle(request, response);
      },
    });
    const { endpoint: endpointWithOrigins } = await withOrigins([APP]);
    expect(endpoint).not.toBe(endpointWithOrigins);
    const answer = await ask(`${origin}/other/negotiate`, { method: 'POST', headers: { Origin: APP } });
    expect(answer.headers.vary).toBe('Accept-Encoding, Origin');
  });
});

describe('a page of another origin', () => {
  test.each([EVIL, 'https://app.example:8443', 'http://app.example', 'https://app.example.evil.example', 'null', 'HTTPS://APP.EXAMPLE'])(
    '%s is refused, over WebSockets too',
    async (origin) => {
      const served = await withOrigins([APP]);
      const { url } = await negotiate(served);
      for (const asked of [
        { method: 'OPTIONS', headers: preflight(origin) },
        { method: 'GET', headers: { Origin: origin } },
        { method: 'POST', headers: { Origin: origin } },
      ]) {
        const answer = await ask(url, asked);
        expect([answer.status, answer.body, corsOf(answer)]).toEqual([403, answers.foreignOrigin.body, { vary: 'Origin' }]);
      }
      expect(await upgradeFrom(served, origin)).toBe(403);
    },
  );

  test('is refused with 500 where the function fails, which is logged', async () => {
    const served = await withOrigins(() => {
      throw new Error('no list');
    });
    expect(await upgradeFrom(served, EVIL)).toBe(500);
    expect((await ask(`${served.hub}/negotiate`, { method: 'POST', headers: { Origin: EVIL } })).status).toBe(500);
    expect(served.said()).toEqual(['transport.origin-check-failed', 'transport.origin-check-failed']);
  });
});

describe('who is always let through', () => {
  test('a page of the host itself, also behind a proxy that ends TLS', async () => {
    const served = await withOrigins([APP]);
    expect(await upgradeFrom(served, 'http://127.0.0.1')).toBe(101);
    expect(await upgradeFrom(served, 'https://127.0.0.1')).toBe(101);
    expect(await upgradeFrom(served, 'https://127.0.0.1:444')).toBe(403);
    const answer = await ask(`${served.hub}/negotiate`, { method: 'POST', headers: { Origin: served.origin } });
    expect(answer.status).toBe(200);
  });

  test('who is no browser', async () => {
    const served = await withOrigins([APP]);
    const webSocket = await openWebSocket((await negotiate(served)).url);
    webSocket.close();
    const answer = await ask(`${served.hub}/negotiate`, { method: 'POST' });
    expect(corsOf(answer)).toEqual({ vary: 'Origin' });
    expect((await ask(served.hub, { method: 'OPTIONS' })).status).toBe(405);
  });
});
