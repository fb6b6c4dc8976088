import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { healthEndpoints, Service } from '../../src/service.ts';
import { ACCESS_KEY } from './rig.ts';

const READY = [200, '{"status":"ready"}'];
const STOPS = [503, '{"status":"not ready","reason":"The service stops."}'];

let clock: FakeClock;
let service: Service;
let server: Server;

async function serve(of: Service): Promise<void> {
  service = of;
  const health = healthEndpoints(service);
  server = createServer((request, response) => void (health(request, response) || response.writeHead(404).end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

beforeEach(() => {
  clock = new FakeClock();
});
afterEach(async () => {
  await service.close();
  server.close();
  server.closeAllConnections();
});

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
const answer = async (path: string): Promise<readonly unknown[]> => {
  const response = await ask(path);
  return [response.status, await response.text()];
};

describe('health endpoints', () => {
  beforeEach(() => serve(new Service({ accessKeys: [ACCESS_KEY], clock })));

  test('say that the process lives and that the service takes clients, without a token', async () => {
    expect(await answer('/healthz')).toEqual([200, 'ok']);
    for (const path of ['/readyz', '/readyz?verbose', '/api/health', '/api/health?api-version=2022-06-01', '/api/v1/health']) {
      expect([path, ...(await answer(path))]).toEqual([path, ...READY]);
    }
    expect((await ask('/readyz')).headers.get('cache-control')).toBe('no-store');
  });

  test('tell it without a body where that is all that is asked', async () => {
    for (const path of ['/healthz', '/readyz', '/api/health']) {
      const response = await ask(path, { method: 'HEAD' });
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
  });

  test('answer nothing but GET and HEAD', async () => {
    const response = await ask('/readyz', { method: 'POST', body: 'x' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('leave every other path to others', async () => {
    for (const path of ['/', '/healthz/', '/readyzz', '/api/hubs/chat', '/health']) expect((await ask(path)).status).toBe(404);
  });

  test('say so when the service stops, while the process lives', async () => {
    const closed = service.close({ delay: 1_000 });
    for (const path of ['/readyz', '/api/health']) expect(await answer(path)).toEqual(STOPS);
    expect(await answer('/healthz')).toEqual([200, 'ok']);
    clock.advance(1_200);
    await closed;
    expect(await answer('/readyz')).toEqual(STOPS);
  });
});

test('a node is ready when it has met the others', async () => {
  await serve(new Service({ accessKeys: [ACCESS_KEY], bus: new MemoryExchange().connect(), clock }));
  expect(await answer('/readyz')).toEqual([503, '{"status":"not ready","reason":"The service has not met its other nodes yet."}']);
  const { joined } = service.nodes ?? {};
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(60_000);
  await joined;
  expect(await answer('/readyz')).toEqual(READY);
});
