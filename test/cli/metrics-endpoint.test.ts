import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { metricsEndpoint, type MetricsEndpoint } from '../../src/cli/metrics-endpoint.ts';
import type { StatusPageAudience } from '../../src/cli/serve-settings.ts';
import { ReadingsUnderTest } from '../telemetry/service-under-test.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close().closeAllConnections();
});

async function serve(
  audience: () => StatusPageAudience = () => 'local',
): Promise<{ readonly port: number; readonly endpoint: MetricsEndpoint }> {
  const endpoint = metricsEndpoint(audience);
  server = createServer((asked, response) => {
    if (!endpoint.handle(asked, response)) response.writeHead(404).end('something else');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, endpoint };
}

async function ask(
  port: number,
  path: string,
  { method = 'GET', ...headers }: Record<string, string> = {},
): Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly body: string; readonly length: number }> {
  const sent = request({ port, host: '127.0.0.1', path, method, headers: { host: `localhost:${port}`, ...headers } });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const { 'content-type': type, 'content-length': length } = answer.headers;
  return { status: answer.statusCode, type, body: await text(answer), length: Number(length) };
}

describe('/metrics', () => {
  it('shows the service and its process, in the format of Prometheus', async () => {
    const { port, endpoint } = await serve();
    const service = new ReadingsUnderTest();
    service.meter.hub('chat').billedToClients = 250;
    endpoint.telemetry.service?.(service);
    const { status, type, body } = await ask(port, '/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(body).toContain('\n# TYPE MessageCount counter\nMessageCount 200\n');
    expect(body).toContain('signalbox_service_billed_total{signalr_hub="chat",signalr_direction="to_client"} 250\n');
    expect(body).toMatch(/^process_cpu_seconds_total [\d.e-]+$/m);
    expect(body).toMatch(/^nodejs_eventloop_lag_seconds /m);
    expect(body).not.toContain('signalr_server_');
  });

  it('leaves other paths to others, and is there with a query', async () => {
    const { port } = await serve();
    expect((await ask(port, '/metrics?names=x')).status).toBe(200);
    for (const path of ['/', '/metrics/', '/metric', '/x/metrics']) expect((await ask(port, path)).body).toBe('something else');
  });

  it('answers HEAD without a body, and no other method than GET', async () => {
    const { port } = await serve();
    const { status, body, length } = await ask(port, '/metrics', { method: 'HEAD' });
    expect([status, body]).toEqual([200, '']);
    expect(length).toBeGreaterThan(1_000);
    for (const method of ['POST', 'DELETE', 'OPTIONS']) expect((await ask(port, '/metrics', { method })).status).toBe(405);
  });

  it.each([{ 'x-forwarded-for': '203.0.113.9' }, { host: 'attacker.example' }])('is not shown to others, as by %j', async (headers) => {
    const { port } = await serve();
    const { status, body } = await ask(port, '/metrics', headers);
    expect(status).toBe(403);
    expect(body).not.toContain('process_');
  });

  it('is shown to whom it may be shown by now', async () => {
    let audience: StatusPageAudience = 'everyone';
    const { port } = await serve(() => audience);
    const elsewhere = { 'x-forwarded-for': '203.0.113.9' };
    expect((await ask(port, '/metrics', elsewhere)).status).toBe(200);
    audience = 'local';
    expect((await ask(port, '/metrics', elsewhere)).status).toBe(403);
    audience = 'nobody';
    expect((await ask(port, '/metrics')).body).toBe('something else');
  });

  it('says that something failed, and not what', async () => {
    const { port, endpoint } = await serve();
    endpoint.telemetry.service?.(
      Object.defineProperty(new ReadingsUnderTest(), 'load', {
        get: () => {
          throw new Error('secret');
        },
      }),
    );
    const { status, body } = await ask(port, '/metrics');
    expect([status, body]).toEqual([500, 'The metrics could not be collected.\n']);
  });
});
