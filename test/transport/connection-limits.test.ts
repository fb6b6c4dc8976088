import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import { Onlooker } from './application.ts';
import { ask, eventStream, negotiate, open, startPolling, type Answered } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { closing, handshakeFields, head, message, openWebSocket, RawSocket } from './websocket-client.ts';

/** The user that the query or a header names. */
const byName = ({ url, headers }: ConnectionRequest): string | undefined =>
  url.searchParams.get('user') ?? headers.get('x-user') ?? undefined;

const limited = (limits: NonNullable<Setup['limits']>, setup: Setup = {}): Promise<Served> =>
  serve({ ...setup, limits, options: { authenticate: byName, ...setup.options } });

const askToNegotiate = ({ hub }: Served, user?: string): Promise<Answered> =>
  ask(`${hub}/negotiate?negotiateVersion=1`, { method: 'POST', headers: user === undefined ? {} : { 'X-User': user } });

/** What an upgrade is answered with, the body included. */
async function upgrade({ port }: Served, path = '/hub', ...fields: readonly string[]): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(head(`GET ${path} HTTP/1.1`, ...handshakeFields, ...fields));
  return raw.end();
}

const emptied = async ({ limits }: Served): Promise<void> => {
  await expect.poll(() => [limits.connections, limits.keys]).toEqual([0, 0]);
};

describe('the limit of a server', () => {
  test('answers negotiate and upgrades with 503 and when to come back, and says so once', async () => {
    const served = await limited({ connectionLimits: { server: 2, retryAfter: 1_500 } });
    const webSocket = await openWebSocket(served.hub);
    await negotiate(served);
    const refused = await askToNegotiate(served);
    expect([refused.status, refused.body]).toEqual([503, 'The server has as many connections as it takes.']);
    expect(refused.headers).toMatchObject({ 'retry-after': '2', connection: 'close' });
    expect(await upgrade(served)).toMatch(
      /^HTTP\/1.1 503 Service Unavailable\r\n[^]*Retry-After: 2\r\n[^]*as many connections as it takes\.$/,
    );
    expect(served.said()).toEqual(['transport.server-full']);
    webSocket.send('still here');
    expect((await message(webSocket)).text).toBe('still here');
  });

  test('has room again when one leaves, whatever its transport', async () => {
    const served = await limited({ connectionLimits: { server: 1 } });
    const webSocket = await openWebSocket(served.hub);
    webSocket.close();
    await emptied(served);
    const stream = await open((await negotiate(served)).url, { headers: eventStream });
    expect((await askToNegotiate(served)).status).toBe(503);
    stream.destroy();
    await emptied(served);
    const { url } = await startPolling(served);
    expect((await askToNegotiate(served)).status).toBe(503);
    expect((await ask(url, { method: 'DELETE' })).status).toBe(202);
    expect((await askToNegotiate(served)).status).toBe(200);
  });

  test('counts who negotiates and never comes until its time is over', async () => {
    const clock = new FakeClock();
    const served = await limited({ connectionLimits: { server: 1 } }, { clock });
    await negotiate(served);
    expect((await askToNegotiate(served)).status).toBe(503);
    clock.advance(15_300);
    expect((await askToNegotiate(served)).status).toBe(200);
  });

  test('lets everybody come who has negotiated', async () => {
    const served = await limited({ connectionLimits: { server: 3 } });
    const [a, b, c] = [await negotiate(served), await negotiate(served), await negotiate(served)];
    await openWebSocket(a.url);
    await open(b.url, { headers: eventStream });
    expect((await ask(c.url)).status).toBe(200);
    expect(served.limits.connections).toBe(3);
  });

  test('does not count a handshake that fails', async () => {
    const served = await limited({ connectionLimits: { server: 1 } });
    expect(await upgrade(served, '/hub', 'Sec-WebSocket-Protocol: ,,')).toMatch(/^HTTP\/1.1 400 /);
    const { url } = await negotiate(served);
    expect(await upgrade(served, url.slice(served.origin.length), 'Sec-WebSocket-Protocol: ,,')).toMatch(/^HTTP\/1.1 400 /);
    await openWebSocket(url);
    expect(served.limits.connections).toBe(1);
  });
});

describe('the limit of a user', () => {
  test('answers with 429 and whose limit it is, for this user only', async () => {
    const served = await limited({ connectionLimits: { perUser: 1 } });
    await openWebSocket(`${served.hub}?user=ann`);
    const refused = await askToNegotiate(served, 'ann');
    expect([refused.status, refused.headers['retry-after'], refused.body]).toEqual([429, '5', 'The user may have 1 connection.']);
    expect(await upgrade(served, '/hub?user=ann')).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
    expect((await askToNegotiate(served, 'bob')).status).toBe(200);
    expect(served.said()).toEqual(['transport.connection-refused', 'transport.connection-refused']);
  });

  test('does not hold for anonymous clients', async () => {
    const served = await limited({ connectionLimits: { perUser: 1 } });
    await openWebSocket(served.hub);
    await openWebSocket(served.hub);
    expect(served.limits.keys).toBe(0);
  });

  test('is looked at again when a transport takes a token up, and the token stays good', async () => {
    const served = await limited({ connectionLimits: { perUser: 2 } });
    const user = { 'X-User': 'ann' };
    const [a, b, c] = [await negotiate(served, user), await negotiate(served, user), await negotiate(served, user)];
    const webSocket = await openWebSocket(b.url, { headers: user });
    await openWebSocket(`${served.hub}?user=ann`);
    for (const headers of [{ ...user, ...eventStream }, user]) expect((await ask(c.url, { headers })).status).toBe(429);
    // As many may wait as may connect: the first token gave way to the third.
    expect((await ask(a.url, { headers: user })).status).toBe(404);
    webSocket.close();
    await expect.poll(() => served.limits.connections).toBe(2);
    expect((await ask(c.url, { headers: user })).status).toBe(200);
  });

  test('does not stand in the way of a client whose first transport does not get through', async () => {
    const served = await limited({ connectionLimits: { perUser: 1 } });
    const user = { 'X-User': 'ann' };
    await negotiate(served, user);
    const second = await negotiate(served, user);
    expect((await ask(second.url, { headers: user })).status).toBe(200);
    expect(served.limits.connections).toBe(1);
  });

  test('counts a connection for who takes it up', async () => {
    const served = await limited({ connectionLimits: { perUser: 1 } });
    const { url } = await negotiate(served, { 'X-User': 'ann' });
    const webSocket = await openWebSocket(url, { headers: { 'X-User': 'bob' } });
    expect((await askToNegotiate(served, 'bob')).status).toBe(429);
    expect((await askToNegotiate(served, 'ann')).status).toBe(200);
    webSocket.terminate();
    await expect.poll(() => served.limits.connections).toBe(1);
    expect((await askToNegotiate(served, 'bob')).status).toBe(200);
  });

  test('can close the oldest connection instead, and only when another is there', async () => {
    const onlooker = new Onlooker();
    const limits = { connectionLimits: { perUser: { limit: 2, atLimit: 'closeOldest' } } } as const;
    const served = await limited(limits, { opened: onlooker.opened });
    const sockets = [await openWebSocket(`${served.hub}?user=ann`), await openWebSocket(`${served.hub}?user=ann`)];
    await openWebSocket(`${served.hub}?user=bob`);
    const { url } = await negotiate(served, { 'X-User': 'ann' });
    expect(onlooker.peers.flatMap(({ closings }) => closings)).toEqual([]);
    const closed = closing(sockets[0] as WebSocket);
    const webSocket = await openWebSocket(url, { headers: { 'X-User': 'ann' } });
    expect(await closed).toEqual([1000, '']);
    expect((await (await onlooker.peer(0)).ended())?.message).toBe(
      'The user may have 2 connections at the same time, and opened another: this one, the oldest, is closed.',
    );
    await expect.poll(() => served.limits.connections).toBe(3);
    expect([sockets[1]?.readyState, webSocket.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    expect(served.said()).toEqual(['transport.oldest-closed']);
  });
});

describe('the limit of an address', () => {
  test('holds for whoever comes from there', async () => {
    const served = await limited({ connectionLimits: { perAddress: 1 } });
    await openWebSocket(`${served.hub}?user=ann`);
    const refused = await askToNegotiate(served, 'bob');
    expect([refused.status, refused.body]).toEqual([429, 'The address may have 1 connection.']);
  });

  test('trusts no header, but a hook that does', async () => {
    const forwarded = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' };
    const direct = await limited({ connectionLimits: { perAddress: 1 } });
    await openWebSocket(direct.hub);
    const { status } = await ask(`${direct.hub}/negotiate`, { method: 'POST', headers: forwarded });
    expect(status).toBe(429);
    const clientAddress = ({ headers }: ConnectionRequest): string | undefined => headers.get('x-forwarded-for')?.split(',').at(-1)?.trim();
    const proxied = await limited({ connectionLimits: { perAddress: 1, clientAddress } });
    await openWebSocket(proxied.hub, { headers: forwarded });
    expect((await ask(`${proxied.hub}/negotiate`, { method: 'POST', headers: forwarded })).status).toBe(429);
    expect((await ask(`${proxied.hub}/negotiate`, { method: 'POST', headers: { 'X-Forwarded-For': '203.0.113.8' } })).status).toBe(200);
    expect((await ask(`${proxied.hub}/negotiate`, { method: 'POST' })).status).toBe(200);
  });

  test('answers with 500 where the hook fails, and goes on', async () => {
    const clientAddress = ({ headers }: ConnectionRequest): string => {
      if (headers.has('x-bad')) throw new TypeError('No address there.');
      return 'a';
    };
    const served = await limited({ connectionLimits: { perAddress: 1, clientAddress } });
    expect(await upgrade(served, '/hub', 'X-Bad: 1')).toMatch(/^HTTP\/1.1 500 /);
    expect(served.said()).toEqual(['transport.count-failed']);
    await openWebSocket(served.hub);
  });
});

describe('a server out of descriptors', () => {
  test('refuses who is new with 503, and leaves who is there alone', async () => {
    let opened = 0;
    const served = await limited({ descriptorReserve: 10 }, { descriptors: { limit: () => 100, open: () => opened } });
    const webSocket = await openWebSocket(served.hub);
    const polling = await startPolling(served);
    const waiting = await negotiate(served);
    opened = 95;
    const clockTurn = async (): Promise<Answered> => askToNegotiate(served);
    await expect.poll(async () => (await clockTurn()).status).toBe(503);
    const refused = await askToNegotiate(served);
    expect([refused.body, refused.headers['retry-after'], refused.headers.connection]).toEqual([
      'The server is out of file descriptors.',
      '5',
      'close',
    ]);
    expect(await upgrade(served)).toMatch(/^HTTP\/1.1 503 /);
    expect((await ask(waiting.url)).status).toBe(503);
    const poll = open(polling.url);
    expect((await ask(polling.url, { method: 'POST', body: 'hello' })).status).toBe(200);
    expect((await poll).statusCode).toBe(200);
    webSocket.send('still here');
    expect((await message(webSocket)).text).toBe('still here');
    opened = 50;
    expect((await askToNegotiate(served)).status).toBe(200);
    expect(served.said()).toEqual(['transport.descriptors-short']);
    webSocket.close();
    await once(webSocket, 'close');
  });
});
