import { decodeJwt, jwtVerify } from 'jose';
import { SignalR, type ConnectionRequest } from 'signalbox';
import { MemoryConnection, FakeClock } from 'signalbox/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { chatHub, connectedHost, served } from './connected-host.ts';
import { ACCESS_KEY } from './scripted-service.ts';

const one = { initialHubServerConnectionCount: 1 };
const CONNECTION_STRING = `Endpoint=http://127.0.0.1:1;AccessKey=${ACCESS_KEY}`;

interface Negotiated {
  readonly status: number;
  readonly text: string;
  readonly url: URL;
  readonly token: string;
}

async function negotiate(origin: string, query = '', path = '/chat'): Promise<Negotiated> {
  const response = await fetch(`${origin}${path}/negotiate?negotiateVersion=1${query}`, { method: 'POST' });
  const text = await response.text();
  if (response.status !== 200) return { status: response.status, text, url: new URL('http://none'), token: '' };
  const { url, accessToken, ...rest } = JSON.parse(text) as { url: string; accessToken: string };
  expect(rest).toEqual({ negotiateVersion: 0, availableTransports: [] });
  return { status: response.status, text, url: new URL(url), token: accessToken };
}

const authenticate = ({ url }: ConnectionRequest): Readonly<Record<string, unknown>> | undefined => {
  const sub = url.searchParams.get('user');
  return sub === null ? undefined : { sub, exp: 2_000_000_000, level: 3, roles: ['a', 'b'], deep: { x: [1] }, 'asrs.s.uid': 'forged' };
};

describe('a client that negotiates', () => {
  it('is sent to the service, with its query and a token of its own', async () => {
    const { signalr, service } = await connectedHost({ connect: one });
    const { url, token } = await negotiate(await served(signalr), '&q=1%202&access_token=secret&useStatefulReconnect=true');
    const port = /:(\d+);/.exec(service.connectionString)?.[1];
    expect(`${url.origin}${url.pathname}`).toBe(`http://127.0.0.1:${port}/client/`);
    expect(url.search).toMatch(
      /^\?hub=chat&asrs\.op=%2Fchat&negotiateVersion=1&q=1%202&useStatefulReconnect=true&asrs_request_id=[\w-]{22}$/,
    );
    const { payload } = await jwtVerify(token, Buffer.from(ACCESS_KEY));
    const { nbf, exp = 0, iat = 0, ...claims } = payload;
    expect(claims).toEqual({ iss: 'azure-signalr', aud: 'http://127.0.0.1/client/?hub=chat', 'asrs.s.signalbox.path': '/chat' });
    expect([nbf, exp - iat]).toEqual([iat, 3_600]);
  });

  it("takes its claims and its user id along; what is a token's own, or would be forged, goes out of the way", async () => {
    const { signalr } = await connectedHost({ connect: one, host: { authenticate } });
    const { token } = await negotiate(await served(signalr), '&user=ann');
    expect(decodeJwt(token)).toMatchObject({
      sub: 'ann',
      level: 3,
      roles: ['a', 'b'],
      deep: { x: [1] },
      'asrs.u.exp': 2_000_000_000,
      'asrs.u.asrs.s.uid': 'forged',
      'asrs.s.uid': 'ann',
    });
  });

  it('is bound, limited and closed as the options say', async () => {
    const { signalr, link } = await connectedHost({
      connect: {
        ...one,
        serverStickyMode: 'required',
        accessTokenLifetime: 60_000,
        accessTokenAlgorithm: 'HS512',
        maxPollInterval: 20_000,
        claims: ({ sub }) => ({ ...(sub !== undefined && { sub }) }),
      },
      host: { authenticate, userId: ({ sub }) => `id of ${sub}` },
      endpoint: {
        transports: ['webSockets', 'longPolling'],
        handshakeTimeout: 4_500,
        enableDetailedErrors: true,
        closeOnAuthenticationExpiration: true,
      },
    });
    const { token } = await negotiate(await served(signalr), '&user=ann');
    const { nbf: _, exp = 0, iat = 0, aud: __, iss: ___, ...claims } = decodeJwt(token);
    expect(claims).toEqual({
      sub: 'ann',
      'asrs.s.uid': 'id of ann',
      'asrs.s.signalbox.path': '/chat',
      'asrs.s.sn': link.request.headers['x-asrs-server-id'],
      'asrs.s.ssticky': 'Required',
      'asrs.s.cht': '5',
      'asrs.s.derror': 'True',
      'asrs.s.ttl': '20',
      'asrs.s.htt': 5,
      'asrs.s.coae': 'true',
      'asrs.s.aeo': '2000000000',
    });
    expect(exp - iat).toBe(60);
  });

  it('is asked to wait while there is no server connection, and refused where its token is too long', async () => {
    const { signalr, service, handle, clock } = await connectedHost({
      connect: one,
      host: { authenticate: ({ url }) => ({ sub: 'x'.repeat(Number(url.searchParams.get('size') ?? 1)) }) },
      waits: false,
      prepare: (scripted) => (scripted.status = 503),
    });
    const origin = await served(signalr);
    const refused = await negotiate(origin);
    expect([refused.status, refused.text]).toEqual([500, 'The server has no connection to its service yet. Try again later.']);
    expect(signalr.health()).toMatchObject({ status: 'degraded', service: 'connecting' });
    service.status = 101;
    await eventually(() => {
      clock.advance(1_000);
      expect(handle.state).toBe('connected');
    });
    expect(signalr.health()).toMatchObject({ status: 'healthy', service: 'connected' });
    expect((await negotiate(origin, '&size=1000')).status).toBe(200);
    const long = await negotiate(origin, '&size=4000');
    expect(long.status).toBe(413);
    expect(long.text).toMatch(/^The access token for the service would have \d+ characters, and 4096 is the limit\.$/);
    service.links[0]?.socket.terminate();
    await eventually(() => expect(handle.state).toBe('down'));
    expect((await negotiate(origin)).status).toBe(500);
    expect(signalr.health()).toMatchObject({ status: 'degraded', service: 'down', reasons: ["The service of the hub 'Chat' is down."] });
  });

  it('and does not connect to the service gets nothing of the hub here', async () => {
    const { signalr, clock, journal } = await connectedHost({ connect: one });
    const origin = await served(signalr);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`);
    const refused = await new Promise<string>((resolve) => socket.once('error', (error) => resolve(error.message)));
    expect(refused).toMatch(/Unexpected server response: 4\d\d/);
    const connection = new MemoryConnection({ id: 'mine', clock });
    signalr.accept('/chat', connection);
    connection.send('{"protocol":"json","version":1}\u001e');
    await eventually(() => expect(connection.end).not.toBe(undefined));
    expect(journal).toEqual([]);
  });

  it('for a raw connection stays here', async () => {
    const { signalr } = await connectedHost({ connect: one });
    signalr.mapConnection('/echo', () => {});
    const origin = await served(signalr);
    const response = await fetch(`${origin}/echo/negotiate?negotiateVersion=1`, { method: 'POST' });
    expect(await response.json()).toHaveProperty('connectionToken');
  });
});

describe('connect', () => {
  const log = (): void => {};

  it('refuses a host that is joined to others otherwise, has clients, or is connected', () => {
    const cannot = expect.objectContaining({ code: 'SIGNALBOX_CANT_CONNECT' }) as Error;
    const joined = new SignalR({ log, backplane: () => ({}) as never });
    expect(() => joined.connect(CONNECTION_STRING)).toThrow(cannot);
    const clock = new FakeClock();
    const inhabited = new SignalR({ log, clock }).map('/chat', chatHub());
    inhabited.accept('/chat', new MemoryConnection({ clock }));
    expect(() => inhabited.connect(CONNECTION_STRING)).toThrow(cannot);
    const twice = new SignalR({ log, clock });
    twice.connect(CONNECTION_STRING);
    expect(() => twice.connect(CONNECTION_STRING)).toThrow(cannot);
  });

  it('says what is wrong with the connection string and with options', async () => {
    const signalr = new SignalR({ log });
    expect(() => signalr.connect('Endpoint=nowhere')).toThrow(expect.objectContaining({ code: 'SIGNALBOX_CONNECTION_STRING' }) as Error);
    for (const options of [
      { initialHubServerConnectionCount: 0 },
      { serverStickyMode: 'sometimes' },
      { applicationName: '1st' },
      { gracefulShutdown: { mode: 'slow' } },
      { maxPollInterval: 999 },
    ]) {
      expect(() => signalr.connect(CONNECTION_STRING, options as never)).toThrow(
        expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }) as Error,
      );
    }
    await signalr.close();
    expect(() => signalr.connect(CONNECTION_STRING)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_SERVER_CLOSED' }) as Error);
  });

  it('waits for nothing without hubs, and rejects who waits when it is closed', async () => {
    const signalr = new SignalR({ log });
    const handle = signalr.connect(CONNECTION_STRING);
    await handle.connected;
    signalr.map('/chat', chatHub());
    const connected = handle.connected;
    await signalr.close();
    await expect(connected).rejects.toMatchObject({ code: 'SIGNALBOX_SERVER_CLOSED' });
  });
});

describe('leaving', () => {
  it.each([
    ['off', 'fin:0'],
    ['migrateClients', 'fin:1'],
    ['waitForClientsClose', 'fin:2'],
  ] as const)('with gracefulShutdown %s says %s on every server connection, until it is acknowledged', async (mode, announced) => {
    const { service, handle, clock } = await connectedHost({ connect: { initialHubServerConnectionCount: 2, gracefulShutdown: { mode } } });
    const [first, second] = service.links;
    const closed = handle.close();
    expect((await first?.next('ping'))?.entries).toEqual(['shutdown', announced]);
    expect((await second?.next('ping'))?.entries).toEqual(['shutdown', announced]);
    first?.ping('shutdown', 'finack');
    await first?.settle();
    clock.advance(5_200);
    expect((await second?.next('ping', ({ entries }) => entries[0] === 'shutdown'))?.entries).toEqual(['shutdown', announced]);
    second?.ping('shutdown', 'finack');
    await closed;
    await eventually(() => expect(service.links.map((link) => link.closed)).toEqual([1000, 1000]));
    expect(first?.all('ping').filter(({ entries }) => entries[0] === 'shutdown')).toEqual([]);
  });

  it('off tells clients to come back, and what a farewell says still goes out', async () => {
    const { service, signalr, handle, hub, journal } = await connectedHost({ connect: one, waits: true });
    const [link] = service.links;
    await link?.open('a');
    const closed = signalr.close();
    await link?.next('ping', ({ entries }) => entries[1] === 'fin:0');
    link?.ping('target', 'too late');
    link?.ping('shutdown', 'finack');
    expect(await link?.told('a')).toEqual([{ type: 7, allowReconnect: true }, 4]);
    await closed;
    expect(journal).toEqual(['a came', 'a left']);
    expect(service.links).toHaveLength(1);
    await eventually(() => expect(link?.closed).toBe(1000));
    await expect(signalr.hub(hub).clients.all.send('m')).rejects.toMatchObject({ code: 'SIGNALBOX_BACKPLANE_CLOSED' });
    await handle.close();
  });

  it('waits for its clients to go, as long as it is told to, and negotiates for no more', async () => {
    const connect = { ...one, gracefulShutdown: { mode: 'waitForClientsClose', timeout: 10_000 } } as const;
    const { signalr, handle, link, journal, clock } = await connectedHost({ connect });
    const origin = await served(signalr);
    await link.open('a');
    await link.open('b');
    const closed = handle.close();
    await link.next('ping');
    link.ping('shutdown', 'finack');
    await link.settle();
    expect((await negotiate(origin)).status).toBe(503);
    link.call('a', 'echo', '1', 'still served');
    expect((await link.told('a'))[0]).toMatchObject({ result: 'still served' });
    link.send({ type: 'closeConnection', connectionId: 'a', error: '' });
    await link.settle();
    expect(journal).toEqual(['a came', 'b came', 'a left']);
    expect(link.closed).toBe(undefined);
    clock.advance(10_200);
    expect((await link.told('b'))[0]).toEqual({ type: 7, allowReconnect: true });
    await closed;
    expect(journal.at(-1)).toBe('b left');
  });

  it('ends in time where the service says nothing', async () => {
    const { signalr, link, clock } = await connectedHost({ connect: one });
    await link.open('a');
    let closed = false;
    const closing = signalr.close({ timeout: 1_000 }).then(() => (closed = true));
    onTestFinished(() => void closing);
    await link.next('ping');
    await eventually(() => {
      clock.advance(1_000);
      expect(closed).toBe(true);
    });
  });
});
