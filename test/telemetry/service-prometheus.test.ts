import { createRequire } from 'node:module';
import { register, Registry, type RegistryContentType } from 'prom-client';
import { prometheus } from 'signalbox/prometheus';
import { afterEach, describe, expect, test } from 'vitest';
import { closeCategories } from '../../src/metering/close-category.ts';
import { prometheusLabel, prometheusName, type Instrument } from '../../src/telemetry/instrument.ts';
import { servicePrometheus } from '../../src/telemetry/prometheus.ts';
import { serviceInstruments } from '../../src/telemetry/service-instruments.ts';
import { busyService, type ReadingsUnderTest } from './service-under-test.ts';

afterEach(() => register.clear());

/** The samples of some metrics, one line each. */
async function samples(registry: Pick<Registry, 'metrics'>, ...names: readonly string[]): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => names.includes(line.split(/[{ ]/, 1)[0] ?? ''));
}

describe('a service, for Prometheus', () => {
  const published = async (service: ReadingsUnderTest, ...names: readonly string[]): Promise<readonly string[]> => {
    const registry = new Registry();
    prometheus({ registry }).service?.(service);
    return samples(registry, ...names);
  };

  test('has the published metrics by their names and dimensions', async () => {
    const service = busyService();
    service.quota = 20;
    expect(await published(service, 'ConnectionCount', 'ConnectionOpenCount', 'ConnectionQuotaUtilization')).toEqual([
      'ConnectionCount{Endpoint="Client"} 2',
      'ConnectionCount{Endpoint="Server"} 1',
      'ConnectionOpenCount{Endpoint="Client"} 4',
      'ConnectionOpenCount{Endpoint="Server"} 2',
      'ConnectionQuotaUtilization 15',
    ]);
    expect(await published(service, 'InboundTraffic', 'OutboundTraffic', 'ServerLoad', 'SystemErrors', 'UserErrors')).toEqual([
      'InboundTraffic 4040',
      'OutboundTraffic 6060',
      'ServerLoad 12.5',
      'SystemErrors 0.5',
      'UserErrors 2',
    ]);
  });

  test('has every category of closed connections from the start, of clients and app servers', async () => {
    const lines = await published(busyService(), 'ConnectionCloseCount');
    const others = closeCategories.flatMap((category) => [
      `ConnectionCloseCount{Endpoint="Client",ConnectionCloseCategory="${category}"} 0`,
      `ConnectionCloseCount{Endpoint="Server",ConnectionCloseCategory="${category}"} 0`,
    ]);
    const some = ['Client,Normal', 'Client,PingTimeout', 'Client,Throttled', 'Server,ServiceReload'].map((each) => each.split(','));
    const expected = others.map((line) =>
      some.some(([endpoint, category]) => line.includes(`"${endpoint}"`) && line.includes(`"${category}"`))
        ? line.replace(/0$/, '1')
        : line,
    );
    expect(closeCategories).toHaveLength(15);
    expect(lines.toSorted()).toEqual(expected.toSorted());
  });

  test('counts billed messages in steps of 100 of each hub where they are published, and exactly where they are our own', async () => {
    expect(await published(busyService(), 'MessageCount', 'signalbox_service_billed_total')).toEqual([
      'MessageCount 200',
      'signalbox_service_billed_total{signalr_hub="chat",signalr_direction="to_client"} 150',
      'signalbox_service_billed_total{signalr_hub="chat",signalr_direction="to_server"} 49',
      'signalbox_service_billed_total{signalr_hub="news",signalr_direction="to_client"} 101',
      'signalbox_service_billed_total{signalr_hub="news",signalr_direction="to_server"} 0',
    ]);
  });

  test('shows its hubs apart', async () => {
    const service = busyService();
    const closed = await published(service, 'signalbox_service_connections_closed_total');
    expect(closed).toEqual([
      'signalbox_service_connections_closed_total{signalr_hub="chat",signalr_endpoint="client",signalr_close_category="Normal"} 1',
      'signalbox_service_connections_closed_total{signalr_hub="chat",signalr_endpoint="client",signalr_close_category="PingTimeout"} 1',
      'signalbox_service_connections_closed_total{signalr_hub="chat",signalr_endpoint="server",signalr_close_category="ServiceReload"} 1',
      'signalbox_service_connections_closed_total{signalr_hub="news",signalr_endpoint="client",signalr_close_category="Throttled"} 1',
    ]);
    const names = ['traffic_bytes_total', 'messages_total', 'connections', 'errors_total', 'queue_size_bytes'];
    const lines = await published(service, ...names.map((name) => `signalbox_service_${name}`));
    const ofChat = lines.filter((line) => line.includes('signalr_hub="chat"')).map((line) => line.replace(/signalr_hub="chat",?/, ''));
    expect(ofChat).toEqual([
      'signalbox_service_messages_total{signalr_direction="from_client"} 40',
      'signalbox_service_messages_total{signalr_direction="to_client"} 130',
      'signalbox_service_traffic_bytes_total{signalr_direction="from_client"} 1000',
      'signalbox_service_traffic_bytes_total{signalr_direction="to_client"} 2000',
      'signalbox_service_traffic_bytes_total{signalr_direction="from_server"} 3000',
      'signalbox_service_traffic_bytes_total{signalr_direction="to_server"} 4000',
      'signalbox_service_connections{signalr_endpoint="client"} 1',
      'signalbox_service_connections{signalr_endpoint="server"} 0',
      'signalbox_service_errors_total{signalr_fault="user"} 0',
      'signalbox_service_errors_total{signalr_fault="system"} 1',
      'signalbox_service_queue_size_bytes{signalr_endpoint="client"} 700',
      'signalbox_service_queue_size_bytes{signalr_endpoint="server"} 70000',
    ]);
  });

  test('shows latencies in buckets, and how late the event loop is', async () => {
    const registry = new Registry();
    const service = busyService();
    prometheus({ registry }).service?.(service);
    service.time('chat', 'to_client', 0.000_3);
    service.time('chat', 'to_client', 0.04);
    service.time('chat', 'to_server', 20);
    const lines = await samples(registry, 'signalbox_service_latency_seconds_bucket', 'signalbox_service_latency_seconds_count');
    const tags = 'signalr_hub="chat",signalr_direction="to_client"';
    expect(lines).toContain(`signalbox_service_latency_seconds_bucket{le="0.00025",${tags}} 0`);
    expect(lines).toContain(`signalbox_service_latency_seconds_bucket{le="0.0005",${tags}} 1`);
    expect(lines).toContain(`signalbox_service_latency_seconds_bucket{le="0.05",${tags}} 2`);
    expect(lines).toContain(`signalbox_service_latency_seconds_count{signalr_hub="chat",signalr_direction="to_server"} 1`);
    expect(await samples(registry, 'signalbox_service_event_loop_delay_seconds', 'signalbox_service_event_loop_delay_max_seconds')).toEqual(
      ['signalbox_service_event_loop_delay_seconds 0.002', 'signalbox_service_event_loop_delay_max_seconds 0.25'],
    );
  });

  test('has no utilization without a quota', async () => {
    expect(await published(busyService(), 'ConnectionQuotaUtilization')).toEqual([]);
  });

  test('is added to another one of the process; of percentages the highest is shown', async () => {
    const registry = new Registry();
    const telemetry = prometheus({ registry });
    const [one, two] = [busyService(), busyService()];
    two.load = { serverLoad: 50, latency: null, userErrors: 0, systemErrors: 0 };
    telemetry.service?.(one);
    telemetry.service?.(two);
    expect(await samples(registry, 'MessageCount', 'ServerLoad', 'UserErrors')).toEqual([
      'MessageCount 400',
      'ServerLoad 50',
      'UserErrors 2',
    ]);
  });

  test('shows nothing of a service where there is none, and nothing of hub servers where they are not asked for', async () => {
    const registry = new Registry();
    const names = (): readonly string[] => registry.getMetricsAsArray().map(({ name }) => name);
    prometheus({ registry });
    expect(names()).not.toContain('ConnectionCount');
    registry.clear();
    servicePrometheus(registry).service?.(busyService());
    expect(names().toSorted()).toEqual(
      Object.values(serviceInstruments)
        .map((instrument) => prometheusName(instrument))
        .toSorted(),
    );
  });

  test('has the labels of its table, and no others', async () => {
    const registry = new Registry();
    const service = busyService();
    service.quota = 1;
    servicePrometheus(registry).service?.(service);
    service.time('chat', 'to_client', 1);
    const text = await registry.metrics();
    for (const instrument of Object.values<Instrument>(serviceInstruments)) {
      const name = prometheusName(instrument);
      const shown = text.split('\n').filter((line) => line.replace(/_(?:bucket|sum|count)(?=\{)/, '').split(/[{ ]/, 1)[0] === name);
      expect([name, shown.length > 0]).toEqual([name, true]);
      for (const line of shown) {
        const labels = [...line.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
        expect([name, ...labels]).toEqual([name, ...instrument.attributes.map(prometheusLabel)]);
      }
    }
  });

  test('registers in a registry of another copy of prom-client', async () => {
    const load = createRequire(import.meta.url);
    const path = load.resolve('prom-client');
    const mine = Object.keys(load.cache).filter((file) => file.includes('/prom-client/'));
    for (const file of mine) delete load.cache[file];
    const other = load(path) as { Registry: typeof Registry };
    expect(other.Registry).not.toBe(Registry);
    const registry = new other.Registry();
    const telemetry = prometheus({ registry });
    telemetry.service?.(busyService());
    expect(await samples(registry, 'MessageCount')).toEqual(['MessageCount 200']);
    expect(registry.getSingleMetric('MessageCount')).toBeDefined();
    expect((await registry.getMetricsAsJSON()).some(({ name }) => name === 'signalr.server.active_connections'.replaceAll('.', '_'))).toBe(
      true,
    );
  });

  test('is what OpenMetrics can be, too: there, counters end with _total by rule', async () => {
    const registry: Registry<RegistryContentType> = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    prometheus({ registry }).service?.(busyService());
    const text = await registry.metrics();
    expect(text).toContain('MessageCount_total 200\n');
    expect(text).toContain('signalbox_service_billed_total{');
    expect(text).toMatch(/# EOF\n$/);
  });
});
