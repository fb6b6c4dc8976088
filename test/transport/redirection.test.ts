import { HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import { describe, expect, test } from 'vitest';
import { AuthenticationError } from '../../src/transport/admission.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import type { Redirect, Redirection } from '../../src/transport/redirection.ts';
import { eventually } from '../eventually.ts';
import { ask, eventStream, negotiate, post } from './http-client.ts';
import { requestTo, serve, type Served } from './serve.ts';
import { Told } from './told.ts';
import { handshakeFields, head, openWebSocket, RawSocket } from './websocket-client.ts';

const there: Redirection = { url: 'http://127.0.0.1:8888/client/?hub=chat&user=zoë', accessToken: 'a.b.c' };
const negotiatedThere =
  '{"negotiateVersion":0,"url":"http://127.0.0.1:8888/client/?hub=chat&user=zoë","accessToken":"a.b.c","availableTransports":[]}';

const now =
  (redirection: Redirection | undefined): Redirect =>
  () =>
    redirection;
const later =
  (redirection: Redirection | undefined): Redirect =>
  () =>
    new Promise((resolve) => setImmediate(() => resolve(redirection)));

const asNegotiate = (served: Served, query = '?negotiateVersion=1'): ReturnType<typeof ask> =>
  ask(`${served.hub}/negotiate${query}`, { method: 'POST' });

/** The answer to an upgrade without negotiation. */
async function upgrade(port: number): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(head('GET /hub HTTP/1.1', ...handshakeFields));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  return raw.text;
}

describe.each([
  ['at once', now],
  ['later', later],
])('a redirection that is known %s', (_, given) => {
  test.each(['', '?negotiateVersion=1', '?negotiateVersion=1&useStatefulReconnect=true'])('is the negotiate answer (%s)', async (query) => {
    const telemetry = new Told();
    const served = await serve({ telemetry, options: { redirect: given(there) }, limits: { connectionLimits: { server: 1 } } });
    for (let i = 0; i < 3; i++) {
      const { status, headers, body } = await asNegotiate(served, query);
      expect([status, headers['content-type'], body]).toEqual([200, 'application/json', negotiatedThere]);
      expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
    }
    expect(telemetry.lines).toEqual(['negotiated answered', 'negotiated answered', 'negotiated answered']);
    expect(served.limits.connections).toBe(0);
  });

  test.each([413, 500, 503] as const)('may be none for now: %d', async (status) => {
    const telemetry = new Told();
    const served = await serve({ telemetry, options: { redirect: given({ status, text: 'Not yet.' }) } });
    const answer = await asNegotiate(served);
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([status, 'text/plain', 'Not yet.']);
    const upgraded = await upgrade(served.port);
    expect(upgraded).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(upgraded).toMatch(/\r\n\r\nNot yet\.$/);
    expect([telemetry.lines, served.logged]).toEqual([['negotiated refused'], []]);
  });

  test('is not for a version that is not spoken', async () => {
    const served = await serve({ options: { redirect: given(there), minimumProtocolVersion: 1 } });
    const { status, body } = await asNegotiate(served, '');
    expect([status, body]).toEqual([
      200,
      JSON.stringify({ error: "The client requested version '0', but the server does not support this version." }),
    ]);
  });

  test('leaves nobody here: a WebSocket without negotiation is told so, and other requests have no connection', async () => {
    const served = await serve({ options: { redirect: given(there) } });
    const upgraded = await upgrade(served.port);
    expect(upgraded).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
    expect(upgraded).toMatch(/\r\n\r\nClients of this endpoint are redirected when they negotiate: .* not served here\.$/);
    for (const asked of [{}, { headers: eventStream }, { method: 'POST', body: 'x' }, { method: 'DELETE' }]) {
      const [without, unknown] = [await ask(served.hub, asked), await ask(`${served.hub}?id=nosuch`, asked)];
      expect([without.status, without.body]).toEqual([400, 'Connection ID required']);
      expect([unknown.status, unknown.body]).toEqual([404, 'No Connection with that ID']);
    }
  });

  test('may be asked for before there is one: then clients are served here', async () => {
    const served = await serve({ options: { redirect: given(undefined) } });
    const { url } = await negotiate(served);
    expect((await ask(url)).status).toBe(200);
    await openWebSocket(served.hub);
    expect(served.limits.connections).toBe(2);
  });
});

test('the official client goes there, with the token', async () => {
  const seen = new Set<string>();
  const service = await serve({
    opened: (connection) => {
      connection.receive({ received: () => void connection.write('{}\u001E'), drained: () => {}, closed: () => {} });
    },
    options: {
      authenticate: ({ headers, url }) => void seen.add(`${url.pathname} ${url.searchParams.get('room')} ${headers.get('authorization')}`),
      terms: () => ({ transports: ['longPolling'] }),
    },
  });
  const here = await serve({ options: { redirect: () => ({ url: `${service.hub}?room=2`, accessToken: 'a.b.c' }) } });
  const client = new HubConnectionBuilder().withUrl(here.hub).configureLogging(LogLevel.None).build();
  await client.start();
  expect([here.limits.connections, service.limits.connections]).toEqual([0, 1]);
  await client.stop();
  expect([...seen]).toEqual(['/hub/negotiate 2 Bearer a.b.c', '/hub 2 Bearer a.b.c']);
});

describe('where clients go', () => {
  test('may change while they are connected: who is here stays', async () => {
    let redirection: Redirection | undefined;
    const served = await serve({ options: { redirect: () => redirection } });
    const polling = await negotiate(served);
    const waiting = await negotiate(served);
    expect((await ask(polling.url)).status).toBe(200);
    redirection = there;
    expect((await asNegotiate(served)).body).toBe(negotiatedThere);
    expect((await post(polling.url, 'hello')).status).toBe(200);
    expect((await ask(polling.url)).body).toBe('hello');
    await openWebSocket(waiting.url);
  });

  test('depends on the request and on who sent it, once it was admitted', async () => {
    const asked: string[] = [];
    const redirect = (user: unknown, request: ConnectionRequest): Redirection => {
      asked.push(`${String(user)} ${request.url.pathname}${request.url.search}`);
      return there;
    };
    const authenticate = ({ headers }: ConnectionRequest): string | null => headers.get('x-user');
    const served = await serve({
      options: { redirect, authenticate, authorize: (user) => user !== null, allowedOrigins: ['https://app.example'] },
    });
    const target = `${served.hub}/negotiate?negotiateVersion=1&room=2`;
    expect((await ask(target, { method: 'POST' })).status).toBe(401);
    const foreign = { 'X-User': 'ann', Origin: 'https://evil.example' };
    expect((await ask(target, { method: 'POST', headers: foreign })).status).toBe(403);
    expect((await ask(target, { headers: { 'X-User': 'ann' } })).status).toBe(405);
    const own = { 'X-User': 'ann', Origin: 'https://app.example' };
    const { body, headers } = await ask(target, { method: 'POST', headers: own });
    expect([body, headers['access-control-allow-origin']]).toEqual([negotiatedThere, 'https://app.example']);
    expect(asked).toEqual(['ann /hub/negotiate?negotiateVersion=1&room=2']);
  });

  test.each<[string, Redirect, number, number]>([
    [
      'throws',
      () => {
        throw new Error('hook');
      },
      500,
      2,
    ],
    ['rejects', () => Promise.reject(new Error('hook')), 500, 2],
    ['challenges', () => Promise.reject(new AuthenticationError()), 401, 0],
  ])('is not to be had: a hook that %s', async (_name, redirect, status, logged) => {
    const served = await serve({ options: { redirect } });
    expect((await asNegotiate(served)).status).toBe(status);
    expect(await upgrade(served.port)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(served.said()).toEqual(Array.from({ length: logged }, () => 'transport.hook-failed'));
  });

  test('is asked in vain for a client that left meanwhile, and for an endpoint that closes', async () => {
    const gates: (() => void)[] = [];
    const redirect = (): Promise<undefined> => new Promise((resolve) => gates.push(() => resolve(undefined)));
    const telemetry = new Told();
    const served = await serve({ telemetry, options: { redirect } });
    const raw = new RawSocket(served.port);
    const gone = new Promise((resolve) => served.server.once('connection', (socket) => socket.once('close', resolve)));
    const arrived = requestTo(served.server);
    raw.write(head('POST /hub/negotiate HTTP/1.1', 'Host: 127.0.0.1', 'Content-Length: 0'));
    await arrived;
    raw.socket.resetAndDestroy();
    await gone;
    gates[0]?.();
    await eventually(() => expect(telemetry.lines).toEqual(['negotiated refused']));
    const late = asNegotiate(served);
    await eventually(() => expect(gates.length).toBe(2));
    served.endpoint.refuse();
    gates[1]?.();
    expect((await late).status).toBe(503);
    expect([telemetry.lines, served.limits.connections]).toEqual([['negotiated refused', 'negotiated refused'], 0]);
  });
});
