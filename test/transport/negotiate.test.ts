import { describe, expect, test } from 'vitest';
import type { TransportName } from '../../src/transport/connection.ts';
import { negotiatedVersion } from '../../src/transport/negotiate.ts';
import { ask } from './http-client.ts';
import { serve } from './serve.ts';

const ID = /^[\w-]{22}$/;
const allTransports = [
  { transport: 'WebSockets', transferFormats: ['Text', 'Binary'] },
  { transport: 'ServerSentEvents', transferFormats: ['Text'] },
  { transport: 'LongPolling', transferFormats: ['Text', 'Binary'] },
];

describe('negotiate', () => {
  test.each(['', '?negotiateVersion=0', '?negotiateVersion=%2B0'])('version 0 (%s): one id', async (query) => {
    const { hub } = await serve();
    const { status, headers, body } = await ask(`${hub}/negotiate${query}`, { method: 'POST' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers['cache-control']).toBeUndefined();
    const answer = JSON.parse(body) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(['negotiateVersion', 'connectionId', 'availableTransports']);
    expect(answer).toEqual({ negotiateVersion: 0, connectionId: expect.stringMatching(ID), availableTransports: allTransports });
    expect((await ask(`${hub}?id=${String(answer['connectionId'])}`)).status).toBe(200);
  });

  test.each(['1', '2', '99', ' 1 '])('version %s: an id, and a token that is secret', async (version) => {
    const { hub } = await serve();
    const { body } = await ask(`${hub}/negotiate?negotiateVersion=${encodeURIComponent(version)}`, { method: 'POST' });
    const answer = JSON.parse(body) as Record<string, string>;
    expect(Object.keys(answer)).toEqual(['negotiateVersion', 'connectionId', 'connectionToken', 'availableTransports']);
    expect(answer['negotiateVersion']).toBe(1);
    expect(answer['connectionToken']).toMatch(ID);
    expect(answer['connectionToken']).not.toBe(answer['connectionId']);
    expect((await ask(`${hub}?id=${answer['connectionId']}`)).status).toBe(404);
    expect((await ask(`${hub}?id=${answer['connectionToken']}`)).status).toBe(200);
  });

  test.each([
    ['?negotiateVersion=-1', "The client requested version '-1', but the server does not support this version."],
    ['?negotiateVersion=abc', 'The client requested a non-integer protocol version.'],
    ['?negotiateVersion=', 'The client requested a non-integer protocol version.'],
    ['?negotiateVersion=1.5', 'The client requested a non-integer protocol version.'],
    ['?negotiateVersion=2147483648', 'The client requested a non-integer protocol version.'],
  ])('%s: 200 with an error', async (query, error) => {
    const { hub } = await serve();
    const { status, headers, body } = await ask(`${hub}/negotiate${query}`, { method: 'POST' });
    expect([status, headers['content-type'], body]).toEqual([200, 'application/json', JSON.stringify({ error })]);
  });

  test.each(['', '?negotiateVersion=0'])('a minimum version refuses version 0 (%s)', async (query) => {
    const { hub } = await serve({ options: { minimumProtocolVersion: 1 } });
    const { status, body } = await ask(`${hub}/negotiate${query}`, { method: 'POST' });
    const error = "The client requested version '0', but the server does not support this version.";
    expect([status, body]).toEqual([200, JSON.stringify({ error })]);
  });

  test.each<[TransportName, string]>([
    ['webSockets', 'WebSockets'],
    ['serverSentEvents', 'ServerSentEvents'],
    ['longPolling', 'LongPolling'],
  ])('lists %s alone where only it is offered', async (transport, listed) => {
    const { hub } = await serve({ options: { transports: [transport] } });
    const { body } = await ask(`${hub}/negotiate`, { method: 'POST' });
    const { availableTransports } = JSON.parse(body) as { availableTransports: { transport: string }[] };
    expect(availableTransports.map((available) => available.transport)).toEqual([listed]);
  });

  test.each(['/HUB/Negotiate?NEGOTIATEVERSION=1', '/hub/negotiate/?negotiateversion=1', '/%68ub/negotiate?negotiateVersion=1'])(
    'is found as %s',
    async (target) => {
      const { origin } = await serve();
      const { status, body } = await ask(origin + target, { method: 'POST', body: 'any body' });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toHaveProperty('connectionToken');
    },
  );

  test('never says that it reconnects statefully', async () => {
    const { hub } = await serve();
    const { body } = await ask(`${hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST' });
    expect(body).not.toContain('useStatefulReconnect');
  });

  test.each([
    ['-0', 0],
    ['\t+1\n', 1],
    ['2147483647', 1],
  ])('reads %j as .NET does', (version, expected) => {
    expect(negotiatedVersion(version, 0)).toBe(expected);
  });
});
