import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { Telemetry } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { combined } from '../../src/telemetry/combined.ts';
import { meterOf, type Instrument } from '../../src/telemetry/instrument.ts';
import { serviceInstruments } from '../../src/telemetry/service-instruments.ts';
import { busyService } from './service-under-test.ts';

let exporter: InMemoryMetricExporter;
let reader: PeriodicExportingMetricReader;
let telemetry: Telemetry;

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
  telemetry = openTelemetry({ traces: false, meterProvider: new MeterProvider({ readers: [reader] }) });
});

afterEach(() => reader.shutdown());

/** Every metric as it would be exported now, by name. */
async function collected(): Promise<ReadonlyMap<string, { readonly scope: string } & MetricData>> {
  exporter.reset();
  await reader.forceFlush();
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  return new Map(
    scopes.flatMap(({ scope, metrics }) => metrics.map((metric) => [metric.descriptor.name, { scope: scope.name, ...metric }])),
  );
}

const points = (metric: MetricData | undefined): readonly unknown[] =>
  metric?.dataPoints.map(({ attributes, value }) => [attributes, value]) ?? [];

describe('a service, for OpenTelemetry', () => {
  test('has every instrument of its table, with its kind, unit and attributes', async () => {
    const service = busyService();
    service.quota = 4;
    telemetry.service?.(service);
    service.time('chat', 'to_client', 0.001);
    const metrics = await collected();
    for (const instrument of Object.values<Instrument>(serviceInstruments)) {
      const { name, kind, unit, description, attributes } = instrument;
      const metric = metrics.get(name);
      const { scope, descriptor, dataPointType } = metric ?? {};
      const types = {
        counter: DataPointType.SUM,
        gauge: DataPointType.GAUGE,
        histogram: DataPointType.HISTOGRAM,
        upDownCounter: undefined,
      };
      expect([name, scope, dataPointType]).toEqual([name, meterOf(instrument), types[kind]]);
      expect([name, descriptor?.unit, descriptor?.description]).toEqual([name, unit, description]);
      expect(metric?.dataPoints.length).toBeGreaterThan(0);
      for (const point of metric?.dataPoints ?? []) expect([name, ...Object.keys(point.attributes)]).toEqual([name, ...attributes]);
    }
  });

  test('has the published figures', async () => {
    const service = busyService();
    telemetry.service?.(service);
    const metrics = await collected();
    expect(points(metrics.get('ConnectionCount'))).toEqual([
      [{ Endpoint: 'Client' }, 2],
      [{ Endpoint: 'Server' }, 1],
    ]);
    expect(points(metrics.get('MessageCount'))).toEqual([[{}, 200]]);
    expect(metrics.has('ConnectionQuotaUtilization')).toBe(false);
    service.meter.hub('chat').billedToClients++;
    expect(points((await collected()).get('MessageCount'))).toEqual([[{}, 300]]);
  });

  test("has latencies in the SDK's histogram, with our buckets", async () => {
    const service = busyService();
    telemetry.service?.(service);
    service.time('chat', 'to_server', 0.002);
    service.time('chat', 'to_server', 0.004);
    const [point] = (await collected()).get('signalbox.service.latency')?.dataPoints ?? [];
    expect(point?.attributes).toEqual({ 'signalr.hub': 'chat', 'signalr.direction': 'to_server' });
    expect(point?.value).toMatchObject({ count: 2, buckets: { boundaries: serviceInstruments.latency.buckets } });
  });

  test('has none of it where only spans are wanted', () => {
    expect(openTelemetry({ metrics: false }).service).toBeUndefined();
  });
});

describe('several telemetries', () => {
  test('are all told of a service; those that do not care are left out', () => {
    const told: string[] = [];
    const scribe = (name: string): Telemetry => ({ service: () => void told.push(name) });
    combined([scribe('a'), {}, scribe('b'), scribe('c')])?.service?.(busyService());
    expect(told).toEqual(['a', 'b', 'c']);
    expect(combined([{}, {}])).toEqual({});
  });
});
