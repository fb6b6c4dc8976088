import type { OutgoingHttpHeaders } from 'node:http';
import type { JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { eventually } from '../eventually.ts';
import { ask, eventStream, open, type Answered } from '../transport/http-client.ts';
import { ScriptedServer } from './app-server.ts';
import { negotiateAt, type Negotiated, type NegotiationTraits } from './negotiated-client.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, tokenFor } from './rig.ts';

const HANDSHAKE = '{"protocol":"json","version":1}\u001e';
const NO_SERVER = 'No app server is connected for this hub. Try again later.';
const sixteenKilobytes = 'x'.repeat(16_384);

let rig: ServiceRig;
let server: ScriptedServer;

beforeEach(async () => {
  rig = await ServiceRig.start();
  server = await ScriptedServer.connect(rig);
});
afterEach(() => rig.close());

async function negotiate(traits: NegotiationTraits = {}): Promise<Negotiated> {
  const { status, body } = await negotiateAt(rig, { query: '&negotiateVersion=1', ...traits });
  expect(status).toBe(200);
  return JSON.parse(body) as Negotiated;
}

interface Session {
  readonly id: string;
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
}

/** Negotiates, for a transport to follow. */
async function begin(claims: JWTPayload = {}): Promise<Session> {
  const token = await tokenFor('client', 'chat', claims);
  const { connectionId, connectionToken } = await negotiate({ token });
  const headers = { Authorization: `Bearer ${token}` };
  return { id: connectionId, url: `${rig.url}/client/?hub=chat&id=${connectionToken}`, headers };
}

/** A client that polls leaves: the service would wait for it. */
const leave = ({ url, headers }: Session): Promise<Answered> => ask(url, { method: 'DELETE', headers });

const send = ({ url, headers }: Session, body: string): Promise<Answered> => ask(url, { method: 'POST', headers, body });

describe('asrs.s.htt', () => {
  const all = ['WebSockets', 'ServerSentEvents', 'LongPolling'];

  test.each([
    [1, ['WebSockets']],
    [2, ['ServerSentEvents']],
    [4, ['LongPolling']],
    [5, ['WebSockets', 'LongPolling']],
    [7, all],
    // What is no set of transports restricts nobody.
    [0, all],
    [8, all],
  ])('%d leaves the client %j', async (bits, left) => {
    const claims = { 'asrs.s.htt': bits };
    expect((await negotiate({ claims })).availableTransports.map(({ transport }) => transport)).toEqual(left);
    const expected = (transport: string, status: number): number => (left.includes(transport) ? status : 404);
    const [polled, streamed] = [await begin(claims), await begin(claims)];
    expect((await ask(polled.url, { headers: polled.headers })).status).toBe(expected('LongPolling', 200));
    const stream = await open(streamed.url, { headers: { ...streamed.headers, ...eventStream } });
    expect(stream.statusCode).toBe(expected('ServerSentEvents', 200));
    stream.destroy();
    await leave(polled);
    const dialled = RawClient.dial(rig, { claims }).then(
      () => 101,
      (error: Error) => Number(/\d{3}/.exec(error.message)?.[0]),
    );
    expect(await dialled).toBe(expected('WebSockets', 101));
  });
});

describe('with a clock that stands still', () => {
  let clock: FakeClock;

  beforeEach(async () => {
    await rig.close();
    clock = new FakeClock();
    rig = await ServiceRig.start({ clock });
    server = await ScriptedServer.connect(rig);
  });
  afterEach(() => rig.closeAt(clock));

  test('asrs.s.ttl is how many seconds a client may be away between two polls', async () => {
    const session = await begin({ 'asrs.s.ttl': 3 });
    expect((await ask(session.url, { headers: session.headers })).status).toBe(200);
    await send(session, HANDSHAKE);
    await server.accept();
    expect((await ask(session.url, { headers: session.headers })).body).toBe('{}\u001e');
    clock.advance(2_800);
    await server.settle();
    expect(server.received.map(({ type }) => type)).not.toContain('closeConnection');
    clock.advance(500);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: session.id });
  });

  test('asrs.s.ttl is not the time that a client has to come after negotiation', async () => {
    const session = await begin({ 'asrs.s.ttl': 3 });
    clock.advance(10_000);
    expect((await ask(session.url, { headers: session.headers })).status).toBe(200);
  });

  test.each([
    [{ 'asrs.s.cht': 3 }, 3_000],
    [{ 'asrs.s.cht': 30 }, 30_000],
    [{ 'asrs.s.cht': 31 }, 15_000],
    [{}, 15_000],
  ])('with %j a client has %d ms to shake hands', async (claims, timeout) => {
    const client = await RawClient.dial(rig, { claims });
    client.send(HANDSHAKE.slice(0, 5));
    clock.advance(timeout - 200);
    await server.settle();
    expect(client.text).toBe('');
    clock.advance(500);
    await client.ended();
    expect(client.messages).toEqual([{ error: 'Handshake was canceled.' }]);
  });
});

describe('asrs.s.coae', () => {
  const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

  test('closes the client when its authentication expires, so that it may come back', async () => {
    const expires = inSeconds(2);
    const client = await RawClient.connect(rig, { claims: { 'asrs.s.coae': 'true', 'asrs.s.aeo': expires } });
    const { connectionId } = await server.accept();
    await client.ended();
    expect(Date.now()).toBeGreaterThanOrEqual(expires * 1_000);
    expect(client.messages).toEqual([{}, { type: 7, allowReconnect: true }]);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
  });

  test('closes a client that is away', async () => {
    await ScriptedServer.connect(rig, { serverId: 'server-2', statefulReconnect: true });
    await server.close();
    const token = await tokenFor('client', 'chat', { 'asrs.s.coae': 'true', 'asrs.s.aeo': inSeconds(1) });
    const { connectionToken } = await negotiate({ token, query: '&negotiateVersion=1&useStatefulReconnect=true' });
    const client = await RawClient.connect(rig, { token, query: `&id=${connectionToken}` });
    client.cut();
    await eventually(() => expect(rig.service.hubs.get('chat')?.clients.size).toBe(0));
    await expect(RawClient.dial(rig, { token, query: `&id=${connectionToken}` })).rejects.toThrow('404');
  });

  test.each([{ 'asrs.s.aeo': 1 }, { 'asrs.s.coae': 'false', 'asrs.s.aeo': 1 }])('and nothing else does so: %j', async (claims) => {
    const client = await RawClient.connect(rig, { claims });
    await server.accept();
    await client.hears(1);
    await server.settle();
    expect(client.closed).toBeUndefined();
  });
});

test('asrs.s.dc makes a diagnostic client, which no client can say of itself', async () => {
  await RawClient.connect(rig, { claims: { 'asrs.s.dc': 'true' } });
  expect((await server.next('openConnection')).headers.get('Asrs-Is-Diagnostic-Client')).toEqual(['true']);
  await RawClient.connect(rig, { headers: { 'Asrs-Is-Diagnostic-Client': 'true' } });
  const { headers } = await server.next('openConnection');
  expect([...headers.keys()].map((name) => name.toLowerCase())).not.toContain('asrs-is-diagnostic-client');
});

describe('negotiation', () => {
  test.each([
    ['', 0],
    ['&negotiateVersion=0', 0],
    ['&negotiateVersion=1', 1],
    ['&negotiateVersion=7', 1],
  ])('with the query %j is of version %d', async (query, version) => {
    const answer = JSON.parse((await negotiateAt(rig, { query })).body) as Record<string, unknown>;
    expect(answer).toMatchObject({ negotiateVersion: version, connectionId: expect.any(String) });
    expect('connectionToken' in answer).toBe(version === 1);
    expect(answer['connectionToken']).not.toBe(answer['connectionId']);
  });

  test('of version 0 has the id for a token', async () => {
    const token = await tokenFor('client', 'chat');
    const { connectionId } = await negotiate({ token, query: '' });
    await RawClient.connect(rig, { token, query: `&id=${connectionId}` });
    expect((await server.accept()).connectionId).toBe(connectionId);
  });

  test('of a page is answered for pages of any origin, with credentials', async () => {
    const origin = 'https://app.example';
    const { headers } = await negotiateAt(rig, { headers: { Origin: origin } });
    expect(headers).toMatchObject({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' });
    const asked = 'authorization,x-requested-with,x-signalr-user-agent';
    const preflight = await ask(`${rig.url}/client/negotiate?hub=chat`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': asked },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': asked,
    });
  });

  test('says so where no app server is connected, or not the one that is required', async () => {
    expect(await negotiate({ hub: 'nobody' })).toEqual({ error: NO_SERVER });
    const claims = { 'asrs.s.sn': 'server-9', 'asrs.s.ssticky': 'Required' };
    expect(await negotiate({ claims })).toEqual({ error: NO_SERVER });
    expect(rig.service.hubs.has('nobody')).toBe(false);
    await server.close();
    await eventually(async () => expect(await negotiate()).toEqual({ error: NO_SERVER }));
  });
});

describe('a POST', () => {
  test.each([
    ['of 1 MB is taken', 1_048_576, 200],
    ['of a byte more is refused', 1_048_577, 413],
  ])('%s', async (_, size, status) => {
    const session = await begin();
    await ask(session.url, { headers: session.headers });
    await send(session, HANDSHAKE);
    await server.accept();
    expect((await send(session, sixteenKilobytes.repeat(65).slice(0, size))).status).toBe(status);
    await leave(session);
  });
});

describe.each(['client', 'server'] as const)('at the door for each %s', (door) => {
  test.each([
    ['', 'The query does not say which hub it is about'],
    ['?hub=', "The query's hub is no name of one"],
    ['?hub=1chat', "The query's hub is no name of one"],
    ['?hub=a%20b', "The query's hub is no name of one"],
    [`?hub=${'x'.repeat(257)}`, "The query's hub is no name of one"],
  ])('a request with the query %j is answered with 400, whoever sends it', async (query, text) => {
    const token = await tokenFor(door, 'chat');
    for (const headers of [{}, { Authorization: `Bearer ${token}` }]) {
      for (const [path, method] of [
        [`/${door}/negotiate`, 'POST'],
        [`/${door}/`, 'GET'],
        [`/${door}/`, 'POST'],
      ] as const) {
        const answer = await ask(`${rig.url}${path}${query}`, { method, headers });
        expect([path, answer.status, answer.body]).toEqual([path, 400, expect.stringContaining(text)]);
      }
      const upgrade = {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Version': 13,
      };
      const refused = await ask(`${rig.url}/${door}/${query}`, { headers: { ...headers, ...upgrade } });
      expect([refused.status, refused.body]).toEqual([400, expect.stringContaining(text)]);
    }
  });

  test('a token of another hub is answered with 401', async () => {
    const headers = { Authorization: `Bearer ${await tokenFor(door, 'other')}` };
    expect((await ask(`${rig.url}/${door}/?hub=chat`, { headers })).status).toBe(401);
  });
});
