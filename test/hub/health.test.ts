import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type Backplane, type BackplaneState, defineHub, healthChecks, LocalBackplane, silent, SignalR } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { healthOf } from '../../src/hub/health.ts';

/** A backplane that says how it stands, and takes its time to close. */
class FarBackplane {
  state: BackplaneState = 'connecting';
  /** Ends its closing. */
  finish = (): void => {};

  /** It as a host is given it. */
  readonly factory = (): Backplane => {
    const local = new LocalBackplane();
    const close = (): Promise<void> => new Promise((resolve) => (this.finish = resolve));
    return new Proxy<Backplane>(local, {
      get: (_, name) => {
        if (name === 'state') return this.state;
        if (name === 'close') return close;
        const member: unknown = Reflect.get(local, name);
        return typeof member === 'function' ? (member.bind(local) as unknown) : member;
      },
    });
  };
}

const hub = () => defineHub()({ name: 'Chat', methods: {} });

async function listen(listener: RequestListener, signalr?: SignalR): Promise<string> {
  const server = createServer(listener);
  signalr?.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    await signalr?.close();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const statuses = (origin: string): Promise<number[]> =>
  Promise.all(['/healthz', '/readyz?verbose'].map(async (path) => (await fetch(origin + path)).status));

describe('the health of a host', () => {
  test('counts connections, hubs and raw ones', async () => {
    const signalr = new SignalR({ log: silent })
      .map('/chat', hub())
      .mapConnection('/raw', (connection) => once(connection.signal, 'abort'));
    const origin = (await listen(() => {}, signalr)).replace('http', 'ws');
    expect(signalr.health()).toEqual({
      status: 'healthy',
      reasons: [],
      connections: 0,
      descriptors: signalr.descriptors,
      closing: false,
      hubs: [{ name: 'Chat', connections: 0 }],
    });
    for (const path of ['/chat', '/raw', '/raw']) await once(new WebSocket(origin + path), 'open');
    expect(signalr.health()).toMatchObject({ connections: 3, hubs: [{ connections: 1 }] });
  });

  test('suffers from a backplane that is down, and from nothing less', () => {
    const backplane = new FarBackplane();
    const signalr = new SignalR({ log: silent, backplane: backplane.factory }).map('/chat', hub());
    expect(signalr.health()).toMatchObject({ status: 'healthy', hubs: [{ backplane: 'connecting' }] });
    backplane.state = 'down';
    expect(signalr.health()).toMatchObject({ status: 'degraded', reasons: ["The backplane of the hub 'Chat' is down."] });
    backplane.state = 'connected';
    expect(signalr.health()).toMatchObject({ status: 'healthy', reasons: [], hubs: [{ backplane: 'connected' }] });
  });

  test('is degraded from the moment it closes, and unhealthy when it has', async () => {
    const signalr = new SignalR({ log: silent }).map('/chat', hub());
    const closed = signalr.close();
    expect(signalr.health()).toMatchObject({ status: 'degraded', closing: true, reasons: ['The host is closing.'] });
    await closed;
    expect(signalr.health()).toMatchObject({ status: 'unhealthy', closing: true, reasons: ['The host has closed.'] });
  });
});

describe.each([
  ['node:http', (signalr: SignalR): RequestListener => healthChecks(signalr)],
  ['express', (signalr: SignalR): RequestListener => express().use(healthChecks(signalr))],
])('health checks in %s', (_, listener) => {
  test('say whether the process works, and whether it should get clients', async () => {
    const backplane = new FarBackplane();
    const signalr = new SignalR({ log: silent, backplane: backplane.factory }).map('/chat', hub());
    const origin = await listen(listener(signalr));
    expect(await statuses(origin)).toEqual([200, 200]);
    backplane.state = 'down';
    expect(await statuses(origin)).toEqual([200, 503]);
    backplane.state = 'connected';
    const closed = signalr.close();
    expect(await statuses(origin)).toEqual([200, 503]);
    backplane.finish();
    await closed;
    expect(await statuses(origin)).toEqual([503, 503]);
  });

  test('are answered with the health as JSON, which nobody keeps', async () => {
    const signalr = new SignalR({ log: silent }).map('/chat', hub());
    const origin = await listen(listener(signalr));
    const response = await fetch(`${origin}/readyz`);
    expect(await response.json()).toEqual(signalr.health());
    expect([response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual(['application/json', 'no-store']);
    const head = await fetch(`${origin}/readyz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('leave everything else alone', async () => {
    const signalr = new SignalR({ log: silent });
    const origin = await listen(listener(signalr));
    const answers = [
      await fetch(`${origin}/other`),
      await fetch(`${origin}/healthz`, { method: 'POST' }),
      await fetch(`${origin}/healthz/x`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});

test('health checks have the paths that are named', async () => {
  const signalr = new SignalR({ log: silent });
  const origin = await listen(healthChecks(signalr, { live: '/live', ready: '/ready' }));
  const answers = await Promise.all(['/live', '/ready', '/healthz', '/readyz'].map((path) => fetch(origin + path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 404]);
});

test('a host without file descriptors to spare should get no new clients', () => {
  const descriptors = { state: 'short', open: 1_000, limit: 1_024 } as const;
  const health = healthOf({ hubs: [], connections: 7, descriptors, closing: false, closed: false });
  expect(health).toEqual({
    status: 'degraded',
    reasons: ['The process has 1000 of 1024 file descriptors open and refuses new connections.'],
    connections: 7,
    descriptors,
    closing: false,
    hubs: [],
  });
});
