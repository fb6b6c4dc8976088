import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ConnectionRequest, TransportName } from '../../src/transport/connection.ts';
import type { Terms } from '../../src/transport/terms.ts';
import { eventually } from '../eventually.ts';
import { Onlooker } from './application.ts';
import { ask, eventStream, negotiate, open, post, startPolling } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { Told } from './told.ts';
import { handshakeFields, head, openWebSocket, RawSocket } from './websocket-client.ts';

const serveOn = (terms: Terms, setup: Setup = {}): Promise<Served> =>
  serve({ ...setup, options: { ...setup.options, terms: () => terms } });

/** The answer to an upgrade. */
async function upgrade(port: number, target = '/hub'): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(head(`GET ${target} HTTP/1.1`, ...handshakeFields));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  return raw.text;
}

/** Takes a session up; resolves with what that is answered. */
const takeUp: Readonly<Record<TransportName, (url: string, port: number) => Promise<number>>> = {
  async webSockets(url, port) {
    return Number((await upgrade(port, url.slice(url.indexOf('/hub')))).split(' ')[1]);
  },
  async serverSentEvents(url) {
    return (await open(url, { headers: eventStream })).statusCode ?? 0;
  },
  async longPolling(url) {
    return (await ask(url)).status;
  },
};

const transports: readonly TransportName[] = ['webSockets', 'serverSentEvents', 'longPolling'];
const listed: Readonly<Record<TransportName, string>> = {
  webSockets: 'WebSockets',
  serverSentEvents: 'ServerSentEvents',
  longPolling: 'LongPolling',
};

const listedBy = (body: string): readonly string[] =>
  (JSON.parse(body) as { availableTransports: { transport: string }[] }).availableTransports.map(({ transport }) => transport);

describe('the transports of the terms', () => {
  test.each(transports)('are all that is offered and accepted: %s', async (only) => {
    const served = await serveOn({ transports: [only] });
    expect(listedBy((await ask(`${served.hub}/negotiate`, { method: 'POST' })).body)).toEqual([listed[only]]);
    for (const transport of transports) {
      const { url } = await negotiate(served);
      expect([transport, await takeUp[transport](url, served.port)]).toEqual([
        transport,
        transport !== only ? 404 : transport === 'webSockets' ? 101 : 200,
      ]);
    }
  });

  test('are refused in the words of an endpoint that lacks them', async () => {
    const served = await serveOn({ transports: ['longPolling'] });
    const { url } = await negotiate(served);
    const answer = await ask(url, { headers: eventStream });
    expect(answer.body).toBe('ServerSentEvents transport not supported by this end point type');
    for (const target of ['/hub', url.slice(url.indexOf('/hub'))]) {
      const text = await upgrade(served.port, target);
      expect(text).toMatch(/^HTTP\/1.1 404 /);
      expect(text).toMatch(/\r\n\r\nWebSockets transport not supported by this end point type$/);
    }
    expect((await ask(url)).status).toBe(200);
  });

  test('are no more than those of the endpoint', async () => {
    const served = await serveOn(
      { transports: ['webSockets', 'longPolling'] },
      { options: { transports: ['serverSentEvents', 'longPolling'] } },
    );
    expect(listedBy((await ask(`${served.hub}/negotiate`, { method: 'POST' })).body)).toEqual(['LongPolling']);
    expect(await upgrade(served.port)).toMatch(/^HTTP\/1.1 404 /);
  });
});

describe('stateful reconnect by the terms', () => {
  test.each([
    [true, false, true],
    [false, true, false],
    [undefined, true, true],
    [undefined, false, false],
  ])('%s, where the endpoint says %s', async (allowStatefulReconnects, ofEndpoint, offered) => {
    const { hub } = await serveOn({ allowStatefulReconnects }, { options: { allowStatefulReconnects: ofEndpoint } });
    const { body } = await ask(`${hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST' });
    expect(body.includes('"useStatefulReconnect":true')).toBe(offered);
    const unasked = await ask(`${hub}/negotiate?negotiateVersion=1`, { method: 'POST' });
    expect(unasked.body).not.toContain('useStatefulReconnect');
  });
});

test('the pollingTimeout of the terms is for clients between two polls only', async () => {
  const clock = new FakeClock();
  const served = await serve({ clock, options: { terms: () => ({ pollingTimeout: 2_000 }) } });
  const [polled, left] = [await negotiate(served), await negotiate(served)];
  expect((await ask(polled.url)).status).toBe(200);
  clock.advance(2_200);
  expect((await post(left.url, 'x')).status).toBe(200);
  expect((await ask(polled.url)).status).toBe(404);
});

describe('the disconnectTimeout of the terms', () => {
  test('is how long a negotiated connection waits to be taken up', async () => {
    const clock = new FakeClock();
    let disconnectTimeout: number | undefined = 2_000;
    const served = await serve({ clock, options: { terms: () => ({ disconnectTimeout }) } });
    const short = await negotiate(served);
    disconnectTimeout = 60_000;
    const long = await negotiate(served);
    disconnectTimeout = undefined;
    const usual = await negotiate(served);
    clock.advance(2_200);
    expect((await post(short.url, 'x')).status).toBe(404);
    expect((await post(usual.url, 'x')).status).toBe(200);
    clock.advance(14_000);
    expect((await post(usual.url, 'x')).status).toBe(404);
    expect((await post(long.url, 'x')).status).toBe(200);
    clock.advance(45_000);
    expect((await post(long.url, 'x')).status).toBe(404);
  });

  test.each([
    [2_000, 1_900, 300],
    [60_000, 59_000, 1_300],
  ])('is how long a client may stay away between two polls: %d ms', async (disconnectTimeout, within, past) => {
    const clock = new FakeClock();
    const onlooker = new Onlooker();
    const served = await serveOn({ disconnectTimeout }, { clock, opened: onlooker.opened });
    await startPolling(served);
    const peer = await onlooker.peer();
    clock.advance(within);
    expect(peer.closings).toEqual([]);
    clock.advance(past);
    expect((await peer.ended())?.message).toBe('The client stopped polling.');
  });

  test('is how long a client may stay away under stateful reconnect', async () => {
    const clock = new FakeClock();
    const onlooker = new Onlooker();
    let losses = 0;
    const opened: Setup['opened'] = (connection) => {
      connection.enableReconnect({ lost: () => losses++, reconnected: () => {} });
      onlooker.opened(connection);
    };
    const served = await serveOn({ allowStatefulReconnects: true, disconnectTimeout: 2_000 }, { clock, opened });
    const { body } = await ask(`${served.hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST' });
    const { connectionToken } = JSON.parse(body) as { readonly connectionToken: string };
    const webSocket = await openWebSocket(`${served.hub}?id=${connectionToken}`);
    const peer = await onlooker.peer();
    webSocket.terminate();
    await eventually(() => expect(losses).toBe(1));
    clock.advance(1_900);
    expect(peer.closings).toEqual([]);
    clock.advance(300);
    expect((await peer.ended())?.message).toBe('The client lost its WebSocket and did not come back within 2000 ms (disconnectTimeout).');
  });
});

describe('terms that say why there is to be no connection', () => {
  test('are the answer, and nothing is made', async () => {
    const telemetry = new Told();
    const onlooker = new Onlooker();
    const served = await serveOn({ error: 'No “hub” claim.' }, { telemetry, opened: onlooker.opened });
    const { status, headers, body } = await ask(`${served.hub}/negotiate?negotiateVersion=1`, { method: 'POST' });
    expect([status, headers['content-type'], body]).toEqual([200, 'application/json', '{"error":"No “hub” claim."}']);
    const text = Buffer.from(await upgrade(served.port), 'latin1').toString();
    expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
    expect(text).toContain('\r\nContent-Type: text/plain\r\n');
    expect(text).toMatch(/\r\n\r\nNo “hub” claim\.$/);
    expect([telemetry.lines, served.limits.connections, onlooker.peers.length]).toEqual([['negotiated refused'], 0, 0]);
  });
});

describe('the terms', () => {
  test('are asked for once for each connection, of whom was admitted', async () => {
    const asked: string[] = [];
    const terms = (user: unknown, request: ConnectionRequest): undefined => {
      asked.push(`${String(user)} ${request.url.pathname}${request.url.search}`);
    };
    const authenticate = ({ headers }: ConnectionRequest): string | null => headers.get('x-user');
    const served = await serve({ options: { authenticate, terms, authorize: (user) => user !== null } });
    expect((await ask(`${served.hub}/negotiate`, { method: 'POST' })).status).toBe(401);
    const ann = { 'X-User': 'ann' };
    const { url } = await negotiate(served, ann);
    for (let i = 0; i < 2; i++) {
      expect((await ask(url, { method: 'POST', headers: ann, body: 'x' })).status).toBe(200);
      expect((await ask(url, { headers: ann })).status).toBe(200);
    }
    await openWebSocket((await negotiate(served, ann)).url, { headers: ann });
    await openWebSocket(`${served.hub}?a=1`, { headers: { 'X-User': 'bob' } });
    expect(asked).toEqual(['ann /hub/negotiate?negotiateVersion=1', 'ann /hub/negotiate?negotiateVersion=1', 'bob /hub?a=1']);
  });

  test('that can not be found out are answered with 500, and logged', async () => {
    const terms = (): never => {
      throw new Error('hook');
    };
    const served = await serve({ options: { terms } });
    const answer = await ask(`${served.hub}/negotiate`, { method: 'POST' });
    expect([answer.status, answer.body]).toEqual([500, '']);
    expect(await upgrade(served.port)).toMatch(/^HTTP\/1.1 500 /);
    expect([served.said(), served.limits.connections]).toEqual([['transport.hook-failed', 'transport.hook-failed'], 0]);
  });
});
