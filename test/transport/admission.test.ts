import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { AuthenticationError } from '../../src/transport/admission.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import type { EndpointOptions } from '../../src/transport/options.ts';
import { Onlooker, turns } from './application.ts';
import { ask, eventStream, negotiate, post } from './http-client.ts';
import { listen, makeEndpoint, requestTo, serve } from './serve.ts';
import { handshakeFields, head, openWebSocket, RawSocket } from './websocket-client.ts';

type Hooks = Pick<EndpointOptions, 'authenticate' | 'authorize'>;

/** The user is whom the header names. */
const named = ({ headers }: ConnectionRequest): string | undefined => headers.get('x-user') ?? undefined;
const failure = new Error('hook');
const thrown = (error: Error) => (): never => {
  throw error;
};
const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

/** The answer to an upgrade. */
async function upgrade(port: number, ...fields: readonly string[]): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(head('GET /hub HTTP/1.1', ...handshakeFields, ...fields));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  return raw.text;
}

describe('refused', () => {
  const challenge = 'Bearer error="invalid_token", error_description="The signature is invalid"';

  test.each<[string, Hooks, number, string | undefined]>([
    ['an anonymous request', { authenticate: named, authorize: (user) => user !== undefined }, 401, 'Bearer'],
    ['the same, later', { authenticate: () => later(null), authorize: (user) => later(user !== null) }, 401, 'Bearer'],
    ['everybody', { authorize: () => false }, 401, 'Bearer'],
    ['a known user', { authenticate: () => 'mallory', authorize: (user) => user !== 'mallory' }, 403, undefined],
    ['the same, later', { authenticate: () => later('mallory'), authorize: () => later(false) }, 403, undefined],
    ['with a challenge', { authenticate: thrown(new AuthenticationError(challenge)) }, 401, challenge],
    ['the same, later', { authenticate: () => Promise.reject(new AuthenticationError(challenge)) }, 401, challenge],
    ['when authenticate throws', { authenticate: thrown(failure) }, 500, undefined],
    ['when authenticate rejects', { authenticate: () => Promise.reject(failure) }, 500, undefined],
    ['when authorize throws', { authorize: thrown(failure) }, 500, undefined],
    ['when authorize rejects', { authenticate: () => later('x'), authorize: () => Promise.reject(failure) }, 500, undefined],
    [
      'when a challenge can not be sent',
      { authenticate: () => later('').then(() => thrown(new AuthenticationError('a\r\nb'))()) },
      500,
      undefined,
    ],
  ])('%s', async (_name, hooks, status, expected) => {
    const { hub, port, said } = await serve({ options: hooks });
    const requests = [
      ask(`${hub}/negotiate`, { method: 'POST' }),
      ask(hub),
      ask(`${hub}?id=nosuch`, { headers: eventStream }),
      post(`${hub}?id=nosuch`, 'body'),
      ask(hub, { method: 'DELETE' }),
      ask(hub, { method: 'PUT' }),
    ];
    for (const answer of await Promise.all(requests)) {
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([status, '', '0']);
      expect(answer.headers['www-authenticate']).toBe(expected);
      expect(answer.headers['content-type']).toBeUndefined();
    }
    const upgraded = await upgrade(port);
    expect(upgraded).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(upgraded.includes(`WWW-Authenticate: ${expected}\r\n`)).toBe(expected !== undefined);
    expect(said()).toEqual(status === 500 ? Array.from({ length: 7 }, () => 'transport.hook-failed') : []);
  });

  test('is every request of a connection that lives', async () => {
    const onlooker = new Onlooker();
    const served = await serve({
      opened: onlooker.opened,
      options: { authenticate: named, authorize: (user) => user !== undefined },
    });
    const headers = { 'X-User': 'ann' };
    const { url } = await negotiate(served, headers);
    expect((await ask(url)).status).toBe(401);
    expect((await ask(url, { headers })).status).toBe(200);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(url, { method })).status).toBe(401);
    expect((await ask(url, { method: 'POST', headers, body: 'hello' })).status).toBe(200);
    const peer = await onlooker.peer();
    expect([peer.text, peer.connection.user]).toEqual(['hello', 'ann']);
  });
});

describe('admitted', () => {
  test('the hooks see each request as it was', async () => {
    const seen: string[] = [];
    const served = await serve({
      options: {
        authenticate: ({ url, headers, remoteAddress }) => {
          seen.push(`${url.pathname}${url.search} ${headers.get('authorization')} ${remoteAddress}`);
          return headers.get('authorization');
        },
        authorize: (user, { url }) => user === 'Bearer t' && url.hostname === '127.0.0.1',
      },
    });
    const headers = { Authorization: 'Bearer t' };
    const { token } = await negotiate(served, headers);
    await openWebSocket(`${served.hub}?id=${token}&access_token=a%20b`, { headers });
    expect(seen).toEqual([
      '/hub/negotiate?negotiateVersion=1 Bearer t 127.0.0.1',
      `/hub?id=${token}&access_token=a%20b Bearer t 127.0.0.1`,
    ]);
  });

  test.each<[string, Hooks]>([
    ['no hooks', {}],
    ['hooks that answer at once', { authenticate: () => 'ann', authorize: () => true }],
  ])('%s make nobody wait', async (_name, options) => {
    const onlooker = new Onlooker();
    const endpoint = makeEndpoint({ options, opened: onlooker.opened });
    const server = createServer((request, response) => {
      endpoint.handle(request, response);
      expect(response.headersSent).toBe(true);
    });
    server.on('upgrade', (request, socket, first) => {
      expect(endpoint.upgrade(request, socket, first)).toBe(true);
      expect(onlooker.peers.length).toBe(1);
    });
    const hub = `http://127.0.0.1:${await listen(server)}/hub`;
    await openWebSocket((await negotiate({ hub })).url);
    expect(onlooker.peers[0]?.connection.user).toBe(options.authenticate && 'ann');
    expect.assertions(4);
  });

  test('a client that leaves while it is found out who it is costs nothing', async () => {
    const onlooker = new Onlooker();
    const gates: ((user: string) => void)[] = [];
    const served = await serve({
      opened: onlooker.opened,
      options: { authenticate: () => new Promise((resolve) => gates.push(resolve)) },
    });
    const raw = new RawSocket(served.port);
    const closed = new Promise((resolve) => served.server.once('connection', (socket) => socket.once('close', resolve)));
    const arrived = requestTo(served.server);
    raw.write(head('GET /hub?id=nosuch HTTP/1.1', 'Host: x'));
    await arrived;
    raw.socket.resetAndDestroy();
    await closed;
    for (const gate of gates) gate('late');
    await turns();
    const upgrading = new RawSocket(served.port);
    upgrading.write(head('GET /hub HTTP/1.1', ...handshakeFields));
    while (gates.length < 2) await turns();
    upgrading.socket.resetAndDestroy();
    await turns(20);
    gates[1]?.('late');
    await turns(20);
    expect(onlooker.peers.filter(({ closings }) => closings.length === 0)).toEqual([]);
  });
});
