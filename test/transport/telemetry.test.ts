import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { TransportName } from '../../src/transport/connection.ts';
import { Onlooker } from './application.ts';
import { ask, eventStream, negotiate, open, post, startPolling } from './http-client.ts';
import { serve, type Served } from './serve.ts';
import { Told } from './told.ts';
import { message, openWebSocket } from './websocket-client.ts';

const openings: Readonly<Record<TransportName, (served: Served) => Promise<() => unknown>>> = {
  async webSockets(served) {
    const webSocket = await openWebSocket(served.hub);
    return () => webSocket.close();
  },
  async serverSentEvents(served) {
    const { url } = await negotiate(served);
    const stream = await open(url, { headers: eventStream });
    return () => stream.destroy();
  },
  async longPolling(served) {
    const { url } = await startPolling(served);
    return () => ask(url, { method: 'DELETE' });
  },
};

describe.each(Object.entries(openings))('over %s', (transport, opening) => {
  test('a connection tells its beginning and its end, once each', async () => {
    const telemetry = new Told();
    const onlooker = new Onlooker();
    const served = await serve({ telemetry, opened: onlooker.opened });
    const leave = await opening(served);
    const peer = await onlooker.peer();
    expect(telemetry.lines.at(-1)).toBe(`opened ${transport}`);
    await leave();
    await peer.ended();
    await telemetry.last('closed false');
    expect(telemetry.lines.filter((line) => line.startsWith('closed'))).toHaveLength(1);
  });

  test('tells that the host closes', async () => {
    const telemetry = new Told();
    const served = await serve({ telemetry, options: { disconnectTimeout: 100, webSockets: { closeTimeout: 100 } } });
    await opening(served);
    await served.endpoint.close();
    expect(telemetry.lines.at(-1)).toBe('closed true');
  });

  test('tells when the write queue is full, and that the client is cut when it grows on', async () => {
    const telemetry = new Told();
    const onlooker = new Onlooker();
    const served = await serve({ telemetry, opened: onlooker.opened, options: { maximumQueuedBytes: 200_000 } });
    await opening(served);
    const { connection } = await onlooker.peer();
    const before = telemetry.lines.length;
    connection.write('x'.repeat(70_000));
    expect(telemetry.lines.slice(before)).toEqual(['wrote', 'filled true', 'sent 70000']);
    // In one turn, in which the client can take no more than the sockets between have room for.
    for (let i = 0; i < 10_000 && !telemetry.lines.includes('cut queue_limit'); i++) connection.write(Buffer.alloc(100_000));
    expect(telemetry.lines.at(-1)).toBe('cut queue_limit');
    if (transport !== 'longPolling') await telemetry.last('closed false');
  });
});

test('bytes are those that leave, whatever they are written as', async () => {
  const telemetry = new Told();
  const onlooker = new Onlooker();
  const served = await serve({ telemetry, opened: onlooker.opened });
  const webSocket = await openWebSocket(served.hub);
  const { connection } = await onlooker.peer();
  const arrived = message(webSocket);
  connection.write('é');
  connection.write('é€');
  connection.write(Buffer.from('abc'));
  expect((await arrived).text).toBe('éé€abc');
  webSocket.send('€');
  await once(onlooker.peers[0] as Onlooker['peers'][0], 'change');
  expect(telemetry.lines).toEqual(['opened webSockets', 'wrote', 'wrote', 'wrote', 'sent 10', 'received 3']);
});

test('a POST counts as it comes', async () => {
  const telemetry = new Told();
  const served = await serve({ telemetry });
  const { url } = await startPolling(served);
  await post(url, 'hello');
  expect(telemetry.lines).toContain('received 5');
});

describe('negotiation', () => {
  test('is answered or refused', async () => {
    const telemetry = new Told();
    const served = await serve({
      telemetry,
      options: { minimumProtocolVersion: 1, authorize: (_, { url }) => !url.searchParams.has('no') },
    });
    await negotiate(served);
    await ask(`${served.hub}/negotiate`, { method: 'POST' });
    await ask(`${served.hub}/negotiate?negotiateVersion=1`);
    await ask(`${served.hub}/negotiate?negotiateVersion=1&no`, { method: 'POST' });
    await ask(`${served.hub}?id=unknown`);
    expect(telemetry.lines).toEqual(['negotiated answered', 'negotiated refused', 'negotiated refused', 'negotiated refused']);
  });

  test('is refused by limits and by its origin, and a preflight is none', async () => {
    const telemetry = new Told();
    const options = { allowedOrigins: ['https://app.example'] };
    const served = await serve({ telemetry, options, limits: { connectionLimits: { server: 1 } } });
    const url = `${served.hub}/negotiate`;
    const from = (origin: string): { readonly Origin: string; readonly 'Access-Control-Request-Method': string } => ({
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
    });
    const app = from('https://app.example');
    expect((await ask(url, { method: 'OPTIONS', headers: app })).status).toBe(204);
    expect(telemetry.lines).toEqual([]);
    expect((await ask(url, { method: 'POST', headers: from('https://evil.example') })).status).toBe(403);
    expect((await ask(url, { method: 'POST', headers: app })).status).toBe(200);
    expect((await ask(url, { method: 'POST', headers: app })).status).toBe(503);
    expect(telemetry.lines).toEqual(['negotiated refused', 'negotiated answered', 'negotiated refused']);
  });

  test('is abandoned when no transport follows', async () => {
    const telemetry = new Told();
    const clock = new FakeClock();
    await negotiate(await serve({ telemetry, clock }));
    clock.advance(15_200);
    expect(telemetry.lines).toEqual(['negotiated answered', 'negotiated abandoned']);
  });
});

test('a client that stops polling has timed out', async () => {
  const telemetry = new Told();
  const clock = new FakeClock();
  await startPolling(await serve({ telemetry, clock }));
  clock.advance(15_200);
  expect(telemetry.lines.slice(-2)).toEqual(['timedOut', 'closed false']);
});

test('a client that takes nothing is cut', async () => {
  const telemetry = new Told();
  const onlooker = new Onlooker();
  const options = { maximumQueuedBytes: 1e9, transportSendTimeout: 50 };
  const served = await serve({ telemetry, opened: onlooker.opened, options });
  const webSocket = await openWebSocket(served.hub);
  webSocket.pause();
  const peer = await onlooker.peer();
  // More than the sockets between have room for.
  for (let i = 0; i < 64; i++) peer.connection.write(Buffer.alloc(1_000_000));
  await peer.ended();
  expect(telemetry.lines.at(-1)).toBe('cut send_timeout');
  await telemetry.last('closed false');
});

test('a queue that is taken again is told of', async () => {
  const telemetry = new Told();
  const onlooker = new Onlooker();
  const served = await serve({ telemetry, opened: onlooker.opened });
  const webSocket = await openWebSocket(served.hub);
  const { connection } = await onlooker.peer();
  const arrived = message(webSocket);
  connection.write('x'.repeat(1_000_000));
  await arrived;
  await telemetry.last('drained');
  expect(telemetry.lines.slice(1)).toEqual(['wrote', 'filled true', 'sent 1000000', 'drained']);
});
