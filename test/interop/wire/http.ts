import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { answer, ask, negotiate, upgrade, type WireRequest } from './request.ts';

const webSockets = '{"transport":"WebSockets","transferFormats":["Text","Binary"]}';
const events = '{"transport":"ServerSentEvents","transferFormats":["Text"]}';
const polling = '{"transport":"LongPolling","transferFormats":["Text","Binary"]}';
const all = `[${webSockets},${events},${polling}]`;
const version0 = `{"negotiateVersion":0,"connectionId":"<id>","availableTransports":${all}}`;
const version1 = `{"negotiateVersion":1,"connectionId":"<id>","connectionToken":"<token>","availableTransports":${all}}`;
const only = (transport: string): string => version1.replace(all, `[${transport}]`);
const unsupported = (version: string): string =>
  `{"error":"The client requested version '${version}', but the server does not support this version."}`;
const noInteger = '{"error":"The client requested a non-integer protocol version."}';

/** What is asked of `POST`, and the body of the 200 that answers. */
const negotiations: readonly (readonly [path: string, body: string])[] = [
  ['/hub/negotiate', version0],
  ['/hub/negotiate?negotiateVersion=0', version0],
  ['/hub/negotiate?negotiateVersion=1', version1],
  ['/hub/negotiate?negotiateVersion=2', version1],
  ['/hub/negotiate?negotiateVersion=99', version1],
  ['/HUB/Negotiate?NEGOTIATEVERSION=1', version1],
  ['/hub/negotiate/?negotiateVersion=1', version1],
  ['/hub/negotiate?negotiateVersion=1&useStatefulReconnect=true', version1],
  ['/websockets/negotiate?negotiateVersion=1', only(webSockets)],
  ['/polling/negotiate?negotiateVersion=1', only(polling)],
  ['/events/negotiate?negotiateVersion=1', only(events)],
  ['/tokens-only/negotiate?negotiateVersion=1', version1],
  ['/tokens-only/negotiate?negotiateVersion=0', unsupported('0')],
  ['/tokens-only/negotiate', unsupported('0')],
  ['/hub/negotiate?negotiateVersion=-1', unsupported('-1')],
  ['/hub/negotiate?negotiateVersion=abc', noInteger],
  ['/hub/negotiate?negotiateVersion=', noInteger],
];

/** Ids are 22 characters of base64url; a token may say more, in characters that every client leaves alone in a query. */
const withoutIds = (body: string): string =>
  body
    .replace(/"connectionId":"[\w-]{22}"/, '"connectionId":"<id>"')
    .replace(/"connectionToken":"[\w.~-]{22,}"/, '"connectionToken":"<token>"');

const plain = 'text/plain';
const required = 'Connection ID required';
const unknown = 'No Connection with that ID';
const notHere = (transport: string): string => `${transport} transport not supported by this end point type`;
const wantsEvents: WireRequest = { headers: { Accept: 'text/event-stream' } };
const wantsSocket: WireRequest = { headers: upgrade };

/** A request, and the status, content type and body of its answer. */
const refusals: readonly (readonly [path: string, WireRequest, status: number, contentType: string | undefined, body: string])[] = [
  ['/hub', {}, 400, plain, required],
  ['/hub?id=', {}, 400, plain, required],
  ['/hub', wantsEvents, 400, plain, required],
  ['/hub?id=', wantsEvents, 400, plain, required],
  ['/hub', { method: 'POST' }, 400, plain, required],
  ['/hub?id=', { method: 'POST' }, 400, plain, required],
  ['/hub', { method: 'DELETE' }, 400, plain, required],
  ['/hub?id=', { method: 'DELETE' }, 400, plain, required],
  ['/websockets', {}, 400, plain, required],
  ['/hub?id=nosuch', {}, 404, plain, unknown],
  ['/hub?id=nosuch', wantsEvents, 404, plain, unknown],
  ['/hub?id=nosuch', { method: 'POST' }, 404, plain, unknown],
  ['/hub?id=nosuch', { method: 'DELETE' }, 404, plain, unknown],
  ['/hub?id=nosuch', wantsSocket, 404, undefined, unknown],
  ['/hub', { headers: { ...upgrade, 'Sec-WebSocket-Version': '8' } }, 400, plain, required],
  ['/hub', { headers: { ...upgrade, 'Sec-WebSocket-Key': 'short' } }, 400, plain, required],
  ['/polling', wantsSocket, 404, plain, notHere('WebSockets')],
  ['/polling?id=nosuch', wantsSocket, 404, undefined, unknown],
  ['/guarded/negotiate', { method: 'POST' }, 401, undefined, ''],
  ['/guarded?id=nosuch', {}, 401, undefined, ''],
  ['/guarded', wantsSocket, 401, undefined, ''],
  ['/hub/other', {}, 404, undefined, ''],
  ['/nosuch', {}, 404, undefined, ''],
  ['/hub%2Fnegotiate', { method: 'POST' }, 404, undefined, ''],
  ...['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'].map((method) => ['/hub/negotiate', { method }, 405, plain, ''] as const),
  ...['PUT', 'OPTIONS', 'HEAD', 'PATCH'].map((method) => ['/hub', { method }, 405, plain, ''] as const),
  ...['PUT', 'OPTIONS', 'HEAD', 'PATCH'].map((method) => ['/hub?id=nosuch', { method }, 405, plain, ''] as const),
];

const spoken = (path: string, { method = 'GET', headers = {} }: WireRequest): string =>
  `${method} ${path} ${Object.values(headers).join(' ')}`.trim();

export function http(test: WireTest, server: InteropServer): void {
  describe('negotiate', () => {
    test.for(negotiations)('POST %s', async ([path, body]) => {
      const { status, contentType, body: answered } = await answer(server.url + path, { method: 'POST', body: 'ignored' });
      expect({ status, contentType, body: withoutIds(answered) }).toEqual({ status: 200, contentType: 'application/json', body });
    });

    test('gives each connection an id and a secret token of its own', async () => {
      const given = await Promise.all([negotiate(`${server.url}/hub`), negotiate(`${server.url}/hub`)]);
      expect(new Set(given.flatMap(({ connectionId, connectionToken }) => [connectionId, connectionToken])).size).toBe(4);
      const withId = await answer(`${server.url}/hub?id=${given[0].connectionId}`);
      expect(withId).toMatchObject({ status: 404, body: unknown });
    });

    test('a token used at another endpoint', async () => {
      const { connectionToken } = await negotiate(`${server.url}/hub`);
      const { status } = await answer(`${server.url}/detailed?id=${connectionToken}`);
      expect(status).toBe(server.differs('endpointBoundTokens', { aspnetcore: 200, signalbox: 404 }));
    });
  });

  describe('refusals', () => {
    test.for(refusals.map(([path, wanted, ...expected]) => ({ name: spoken(path, wanted), path, wanted, expected })))(
      '$name',
      async ({ path, wanted, expected: [status, contentType, body] }) => {
        expect(await answer(server.url + path, wanted)).toEqual({ status, contentType, body });
      },
    );

    test('a transport that the endpoint does not offer', async () => {
      const [{ connectionToken: polled }, { connectionToken: socket }] = await Promise.all([
        negotiate(`${server.url}/polling`),
        negotiate(`${server.url}/websockets`),
      ]);
      const refused = (transport: string): object => ({ status: 404, contentType: plain, body: notHere(transport) });
      expect(await answer(`${server.url}/polling?id=${polled}`, wantsSocket)).toEqual(refused('WebSockets'));
      expect(await answer(`${server.url}/polling?id=${polled}`, wantsEvents)).toEqual(refused('ServerSentEvents'));
      expect(await answer(`${server.url}/websockets?id=${socket}`)).toEqual(refused('LongPolling'));
    });

    test('a wrong method', async () => {
      const given = await Promise.all([ask(`${server.url}/hub/negotiate`), ask(`${server.url}/hub`, { method: 'PUT' })]);
      expect(given.map((response) => response.resume().headers.allow)).toEqual(
        server.differs('allowHeader', { aspnetcore: [undefined, undefined], signalbox: [expect.any(String), expect.any(String)] }),
      );
    });

    test('answers to polls are not to be cached', async () => {
      const given = await Promise.all([ask(`${server.url}/hub`), ask(`${server.url}/hub?id=nosuch`)]);
      for (const response of given) {
        expect(response.resume().headers).toMatchObject({
          'cache-control': 'no-cache, no-store',
          expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
          pragma: 'no-cache',
        });
      }
    });
  });
}
