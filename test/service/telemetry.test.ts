import { Registry } from 'prom-client';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { openTelemetry } from 'signalbox/opentelemetry';
import { prometheus } from 'signalbox/prometheus';
import { HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { EchoServer } from './echo-server.ts';
import { RawClient } from './raw-client.ts';
import { apart, ServiceRig, tokenFor, type Topology } from './rig.ts';

let rig: ServiceRig;
let registry: Registry;
let clients: HubConnection[];

beforeEach(() => {
  registry = new Registry();
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await rig.close();
});

async function start(options: Partial<ServiceOptions> = {}, topology?: Topology): Promise<EchoServer> {
  const telemetry = [options.telemetry ?? [], prometheus({ registry })].flat();
  rig = await ServiceRig.start({ ...options, telemetry }, topology);
  return EchoServer.start(rig);
}

async function connect(): Promise<HubConnection> {
  const token = await tokenFor('client', 'chat');
  const client = new HubConnectionBuilder()
    .withUrl(`http://127.0.0.1:${rig.clientPort}/client/?hub=chat`, { accessTokenFactory: () => token })
    .configureLogging(LogLevel.None)
    .build();
  await client.start();
  clients.push(client);
  return client;
}

/** The value of one series, as it would be scraped now. */
async function scraped(series: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
  if (line === undefined) throw new Error(`There is no ${series}.`);
  return Number(line.slice(series.length + 1));
}

describe('the metrics of a service that runs', () => {
  it('are those of its clients and app servers', async () => {
    await start({ quota: 8 });
    const client = await connect();
    const billed = 'signalbox_service_billed_total{signalr_hub="chat",signalr_direction="to_client"}';
    await client.invoke('echo', 'one');
    const before = await scraped(billed);
    for (let n = 0; n < 120; n++) await client.invoke('echo', `${n}`);
    expect((await scraped(billed)) - before).toBe(120);
    expect(await scraped('MessageCount')).toBe(200);
    expect(await scraped('ConnectionCount{Endpoint="Client"}')).toBe(1);
    expect(await scraped('ConnectionCount{Endpoint="Server"}')).toBe(1);
    expect(await scraped('ConnectionQuotaUtilization')).toBe(25);
    expect(await scraped('InboundTraffic')).toBeGreaterThan(240 * 40);
    expect(await scraped('OutboundTraffic')).toBeGreaterThan(240 * 40);
    expect(await scraped('ServerLoad')).toBeGreaterThan(0);
    expect(await scraped('UserErrors')).toBe(0);
    expect(await scraped('signalbox_service_app_servers')).toBe(1);
    await client.stop();
    await eventually(async () => expect(await scraped('ConnectionCount{Endpoint="Client"}')).toBe(0));
    expect(await scraped('ConnectionCloseCount{Endpoint="Client",ConnectionCloseCategory="Normal"}')).toBe(1);
    expect(rig.service.load).toMatchObject({ serverLoad: expect.any(Number), userErrors: 0, systemErrors: 0 });
  });

  it('have the time that messages take through it, both ways', async () => {
    await start();
    const client = await connect();
    for (let n = 0; n < 5; n++) await client.invoke('echo', `${n}`);
    for (const way of ['to_server', 'to_client']) {
      const tags = `{signalr_hub="chat",signalr_direction="${way}"}`;
      const count = await eventually(async () => {
        const timed = await scraped(`signalbox_service_latency_seconds_count${tags}`);
        expect(timed).toBeGreaterThanOrEqual(5);
        return timed;
      });
      const sum = await scraped(`signalbox_service_latency_seconds_sum${tags}`);
      expect(sum).toBeGreaterThan(0);
      // No way takes longer than the test.
      expect(sum / count).toBeLessThan(performance.now() / 1_000);
    }
    const { latency } = rig.service.load;
    expect(latency?.p50).toBeGreaterThan(0);
    expect(latency?.p99).toBeGreaterThanOrEqual(latency?.p50 ?? Infinity);
  });

  it('time ten messages a second at most, however many there are', async () => {
    const clock = new FakeClock();
    rig = await ServiceRig.start({ telemetry: prometheus({ registry }), clock });
    await EchoServer.start(rig);
    const client = await RawClient.connect(rig);
    await client.hears(1);
    const call = '{"type":1,"invocationId":"1","target":"echo","arguments":["x"]}\u001e';
    for (let n = 1; n <= 50; n++) {
      client.send(call);
      await client.hears(n + 1);
    }
    const timed = (): Promise<number> =>
      scraped('signalbox_service_latency_seconds_count{signalr_hub="chat",signalr_direction="to_client"}');
    expect(await timed()).toBe(10);
    clock.advance(1_000);
    for (let n = 51; n <= 150; n++) {
      client.send(call);
      await client.hears(n + 1);
    }
    expect(await timed()).toBe(20);
    client.close();
    await rig.closeAt(clock);
  });

  it('have bytes that wait for a client who takes nothing, and how long that took', async () => {
    const server = await start({ clients: { transportMaxBufferSize: 1_000_000_000, maximumQueuedBytes: 1_000_000_000 } });
    const client = await RawClient.connect(rig);
    await client.hears(1);
    server.tell('hello');
    await client.hears(2);
    client.socket.pause();
    const queued = 'signalbox_service_queue_size_bytes{signalr_hub="chat",signalr_endpoint="client"}';
    await eventually(async () => {
      server.tell('flood', 'x'.repeat(4_000_000));
      expect(await scraped(queued)).toBeGreaterThan(3_000_000);
    });
    const slow = 'signalbox_service_latency_seconds_bucket{le="+Inf",signalr_hub="chat",signalr_direction="to_client"}';
    const before = await scraped(slow);
    client.socket.resume();
    await eventually(async () => expect([await scraped(queued), (await scraped(slow)) > before]).toEqual([0, true]));
    client.close();
  });

  it('leave out the way to a client of what comes from another node, and the way to one', async () => {
    await start({}, apart);
    const client = await connect();
    for (let n = 0; n < 5; n++) await client.invoke('echo', `${n}`);
    const text = await registry.metrics();
    expect(text).not.toContain('signalbox_service_latency_seconds_count');
    expect(text).toContain('signalbox_service_billed_total{signalr_hub="chat",signalr_direction="to_client"}');
  });

  it('are there for OpenTelemetry, too', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
    await start({ telemetry: openTelemetry({ meterProvider: new MeterProvider({ readers: [reader] }) }) });
    const client = await connect();
    await client.invoke('echo', 'one');
    await reader.forceFlush();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const value = (name: string): unknown => metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
    expect(value('ConnectionCount')).toBe(1);
    expect(value('signalbox.service.latency')).toMatchObject({ count: expect.any(Number) });
    expect(await scraped('ConnectionCount{Endpoint="Client"}')).toBe(1);
    await reader.shutdown();
  });
});
