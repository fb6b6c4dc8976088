import { describe, expect, test } from 'vitest';
import { ask, eventStream, negotiate, open, startPolling, type Answered } from './http-client.ts';
import { serve, type Served } from './serve.ts';
import { openWebSocket } from './websocket-client.ts';

const ID_REQUIRED = 'Connection ID required';
const UNKNOWN_ID = 'No Connection with that ID';
const OTHER_TRANSPORT = 'Cannot change transports mid-connection';

const uncached = { 'cache-control': 'no-cache, no-store', expires: 'Thu, 01 Jan 1970 00:00:00 GMT', pragma: 'no-cache' };
const caching = ({ headers }: Answered): object =>
  Object.fromEntries(Object.keys(uncached).flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

const events = { method: 'GET', headers: eventStream };

describe('requests without a connection', () => {
  test.each([
    ['GET', '', {}, 400, ID_REQUIRED, uncached],
    ['GET', '?id=', {}, 400, ID_REQUIRED, uncached],
    ['GET', '?id=nosuch', {}, 404, UNKNOWN_ID, uncached],
    ['GET', '', eventStream, 400, ID_REQUIRED, {}],
    ['GET', '?id=nosuch', eventStream, 404, UNKNOWN_ID, {}],
    ['POST', '', {}, 400, ID_REQUIRED, {}],
    ['POST', '?id=', {}, 400, ID_REQUIRED, {}],
    ['POST', '?id=nosuch', {}, 404, UNKNOWN_ID, {}],
    ['DELETE', '', {}, 400, ID_REQUIRED, {}],
    ['DELETE', '?id=nosuch', {}, 404, UNKNOWN_ID, {}],
  ])('%s /hub%s with %o: %i %s', async (method, query, headers, status, body, cacheHeaders) => {
    const { hub } = await serve();
    const answer = await ask(hub + query, { method, headers });
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([status, body, 'text/plain']);
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    expect(caching(answer)).toEqual(cacheHeaders);
  });

  test.each(['PUT', 'OPTIONS', 'HEAD', 'PATCH'])('%s /hub: 405, with an id or without', async (method) => {
    const { hub } = await serve();
    const { url } = await negotiate({ hub });
    for (const target of [hub, url]) {
      const { status, headers, body } = await ask(target, { method });
      expect([status, body, headers['content-type'], headers.allow]).toEqual([405, '', 'text/plain', 'GET, POST, DELETE']);
    }
  });

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'])('%s /hub/negotiate: 405', async (method) => {
    const { hub } = await serve();
    const { status, headers, body } = await ask(`${hub}/negotiate`, { method });
    expect([status, body, headers['content-type'], headers.allow]).toEqual([405, '', 'text/plain', 'POST']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each(['/hub/other', '/nosuch', '/hubs', '/hub/negotiate/negotiate'])('%s: 404 without anything', async (path) => {
    const { origin } = await serve();
    const { status, headers, body } = await ask(origin + path);
    expect([status, body, headers['content-type']]).toEqual([404, '', undefined]);
  });

  test.each(['/HUB?ID=nosuch', '/hub/?Id=nosuch', '/hub?x=1&iD=nosuch'])('%s is the same resource', async (target) => {
    const { origin } = await serve();
    expect((await ask(origin + target)).body).toBe(UNKNOWN_ID);
  });

  test('of an endpoint without that transport: 404', async () => {
    const withoutAny = await serve({ options: { transports: ['webSockets'] } });
    const { url } = await negotiate(withoutAny);
    const poll = await ask(url);
    expect([poll.status, poll.body]).toEqual([404, 'LongPolling transport not supported by this end point type']);
    expect(caching(poll)).toEqual(uncached);
    const stream = await ask(url, events);
    expect([stream.status, stream.body]).toEqual([404, 'ServerSentEvents transport not supported by this end point type']);
  });
});

describe('requests of a connection that has another transport', () => {
  const opened = {
    webSockets: async (served: Served) => {
      const { url } = await negotiate(served);
      await openWebSocket(url);
      return url;
    },
    serverSentEvents: async (served: Served) => {
      const { url } = await negotiate(served);
      await open(url, events);
      return url;
    },
    longPolling: async (served: Served) => (await startPolling(served)).url,
    negotiated: async (served: Served) => (await negotiate(served)).url,
  };

  test.each([
    ['webSockets', {}, 400, OTHER_TRANSPORT],
    ['webSockets', events, 400, OTHER_TRANSPORT],
    ['webSockets', { method: 'POST' }, 405, 'POST requests are not allowed for WebSocket connections.'],
    ['webSockets', { method: 'DELETE' }, 400, 'Cannot terminate this connection using the DELETE endpoint.'],
    ['serverSentEvents', {}, 400, OTHER_TRANSPORT],
    ['serverSentEvents', events, 409, ''],
    ['serverSentEvents', { method: 'DELETE' }, 400, 'Cannot terminate this connection using the DELETE endpoint.'],
    ['longPolling', events, 400, OTHER_TRANSPORT],
    ['negotiated', { method: 'DELETE' }, 400, 'Cannot terminate this connection using the DELETE endpoint.'],
  ] as const)('%s, then %o: %i %s', async (transport, asked, status, body) => {
    const served = await serve();
    const url = await opened[transport](served);
    for (let i = 0; i < 2; i++) {
      const answer = await ask(url, asked);
      expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([status, body, 'text/plain']);
    }
  });

  test('POST to a WebSocket says what it allows', async () => {
    const url = await opened.webSockets(await serve());
    expect((await ask(url, { method: 'POST' })).headers.allow).toBe('GET');
  });

  test('an id is unknown at another endpoint', async () => {
    const one = await serve();
    const other = await serve();
    const { token } = await negotiate(one);
    expect((await ask(`${other.hub}?id=${token}`)).body).toBe(UNKNOWN_ID);
  });
});
