import type { IncomingMessage } from 'node:http';
import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { PolledConnection } from './polling.ts';
import { ask } from './request.ts';
import { handshake, record } from './socket.ts';

/** The headers that differ from answer to answer, in one line each; undefined where there is none. */
const compared = ['content-type', 'content-length', 'transfer-encoding', 'cache-control', 'expires', 'pragma'] as const;
type Told = Partial<Record<(typeof compared)[number], string>>;

/** Reads and drops the body. */
const headersOf = ({ headers }: IncomingMessage): Told =>
  Object.fromEntries(compared.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

const noCache: Told = { 'cache-control': 'no-cache, no-store', expires: 'Thu, 01 Jan 1970 00:00:00 GMT', pragma: 'no-cache' };
const text: Told = { 'content-type': 'text/plain' };
const emptyText: Told = { ...text, 'content-length': '0' };
const chunkedText: Told = { ...text, 'transfer-encoding': 'chunked' };
const bytes = (length: number): Told => ({ 'content-type': 'application/octet-stream', 'content-length': `${length}` });

const events = { headers: { Accept: 'text/event-stream' } };

/** The headers of every kind of answer: what may be kept, and how its end is known. */
export function answerHeaders(test: WireTest, server: InteropServer): void {
  const told = async (path: string, wanted?: Parameters<typeof ask>[1]): Promise<Told> =>
    headersOf((await ask(server.url + path, wanted)).resume());

  describe('headers', () => {
    test('of an answer to negotiate', async () => {
      const response = await ask(`${server.url}/hub/negotiate?negotiateVersion=1`, { method: 'POST' });
      let length = 0;
      for await (const chunk of response) length += (chunk as Buffer).length;
      expect(headersOf(response)).toEqual({ 'content-type': 'application/json', 'content-length': `${length}` });
    });

    test('of a preflight, which is none without CORS', async () => {
      const preflight = { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST' };
      const response = await ask(`${server.url}/hub/negotiate`, { method: 'OPTIONS', headers: preflight });
      response.resume();
      expect(response.statusCode).toBe(405);
      expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    });

    test('of errors', async () => {
      expect(await told('/hub')).toEqual({ ...chunkedText, ...noCache });
      expect(await told('/hub?id=nosuch')).toEqual({ ...chunkedText, ...noCache });
      expect(await told('/hub', events)).toEqual(chunkedText);
      expect(await told('/hub?id=nosuch', events)).toEqual(chunkedText);
      for (const method of ['POST', 'DELETE']) {
        expect(await told('/hub', { method })).toEqual(chunkedText);
        expect(await told('/hub?id=nosuch', { method })).toEqual(chunkedText);
      }
      expect(await told('/hub', { method: 'PUT' })).toEqual(emptyText);
      expect(await told('/hub/negotiate')).toEqual(emptyText);
    });

    test('of polls, sends and their end', async () => {
      const { url } = await PolledConnection.negotiate(`${server.url}/hub`);
      const { pathname, search } = new URL(url);
      const path = pathname + search;
      const post = (body: string): Promise<Told> => told(path, { method: 'POST', body });
      expect(await told(path)).toEqual({ ...bytes(0), ...noCache });
      expect(await post(handshake)).toEqual(emptyText);
      expect(await told(path)).toEqual({ ...bytes(3), ...noCache });
      expect(await post(record({ type: 7 }))).toEqual(emptyText);
      expect(await told(path)).toEqual({ ...bytes(11), ...noCache });
      expect(await told(path)).toEqual({ ...text, ...noCache });
    });

    test('of a connection that is deleted', async () => {
      const { url } = await PolledConnection.negotiate(`${server.url}/hub`);
      const { pathname, search } = new URL(url);
      await told(pathname + search);
      expect(await told(pathname + search, { method: 'DELETE' })).toEqual(emptyText);
    });

    test('of an event stream', async () => {
      const { url } = await PolledConnection.negotiate(`${server.url}/hub`);
      const response = await ask(url, events);
      expect(headersOf(response)).toEqual({
        'content-type': 'text/event-stream',
        'transfer-encoding': 'chunked',
        'cache-control': 'no-cache,no-store',
        pragma: 'no-cache',
      });
      response.destroy();
    });
  });
}
