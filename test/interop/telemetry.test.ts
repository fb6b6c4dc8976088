import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { SignalR } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { missingDotnet, startAspNetCore } from './aspnetcore.ts';
import { Gates } from './gates.ts';
import { interopHub } from './hub.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const headers = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'vendor=1', baggage: 'tenant=blue' };

/** A span as both servers can be compared in: names of hubs and error classes are each server's own. */
interface ComparedSpan {
  readonly method: string;
  readonly kind: string;
  readonly failed: boolean;
  readonly parent: 'caller' | 'opening request' | 'none';
  readonly linksToOpeningRequest: boolean;
  readonly attributes: readonly string[];
}

interface ComparedMetric {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly description: string;
  readonly buckets: readonly number[] | undefined;
  /** What a histogram counted, or a counter came to, by its attributes. */
  readonly series: Readonly<Record<string, number>>;
}

interface Recorded {
  readonly source: string;
  readonly spans: readonly ComparedSpan[];
  readonly metrics: readonly ComparedMetric[];
}

/** The same traffic for both: every transport, and a client that traces. */
async function talk(url: string): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/hub`);
  await once(socket, 'open');
  const ask = async (message: object): Promise<void> => {
    const answered = new Promise<void>((resolve) => {
      const listener = (data: Buffer): void => {
        if (!/"type":3|^\{\}/.test(data.toString())) return;
        socket.off('message', listener);
        resolve();
      };
      socket.on('message', listener);
    });
    socket.send(`${JSON.stringify(message)}\x1e`);
    await answered;
  };
  await ask({ protocol: 'json', version: 1 });
  await ask({ type: 1, invocationId: '1', target: 'echo', arguments: ['x'], headers });
  await ask({ type: 1, invocationId: '2', target: 'Throw', arguments: ['x'] });
  await ask({ type: 1, invocationId: '3', target: 'Refuse', arguments: ['x'] });
  await ask({ type: 1, invocationId: '4', target: 'DoesNotExist', arguments: [] });
  await ask({ type: 4, invocationId: '5', target: 'Count', arguments: [3], headers });
  await ask({ type: 4, invocationId: '6', target: 'CountThenThrow', arguments: [1, 'x'] });
  socket.close();
  await once(socket, 'close');
  await fetch(`${url}/hub/negotiate?negotiateVersion=1`, { method: 'POST' });
  for (const transport of [HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling]) {
    const client = new HubConnectionBuilder().withUrl(`${url}/hub`, { transport }).configureLogging(LogLevel.None).build();
    await client.start();
    await client.invoke('Void');
    await client.stop();
  }
}

const order = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const methodOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** Attributes that are compared by name, where not by value. */
const shown = (tags: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(tags)
    .filter(([name]) => !name.startsWith('server.'))
    .map(([name, value]) => (name === 'rpc.service' || name === 'error.type' ? name : `${name}=${String(value)}`))
    .toSorted();

interface DotnetSpan {
  readonly source: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly links: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly baggage: Readonly<Record<string, string>>;
}

interface DotnetMeasurement {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly description: string;
  readonly buckets: readonly number[] | null;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Lifetime spans of the three connections; the spans of their invocations are there before. */
const complete = (spans: readonly { readonly name: string }[]): boolean =>
  spans.filter(({ name }) => name.endsWith('/OnDisconnectedAsync')).length === 3;

async function dotnet(): Promise<Recorded> {
  const server = await startAspNetCore();
  try {
    await talk(server.url);
    const found = await eventually(async () => {
      const answer = (await (await fetch(`${server.url}/telemetry`)).json()) as { spans: DotnetSpan[]; metrics: DotnetMeasurement[] };
      const ended = answer.metrics.filter(({ name }) => name === 'signalr.server.connection.duration').length === 3;
      if (!ended || !complete(answer.spans)) throw new Error('not all there yet');
      return answer;
    });
    const requests = new Set(found.spans.filter(({ source }) => source === 'Microsoft.AspNetCore').map((span) => span.spanId));
    const spans = found.spans.filter(({ source }) => source !== 'Microsoft.AspNetCore');
    return {
      source: [...new Set(spans.map(({ source }) => source))].join(),
      spans: spans
        .map((span): ComparedSpan => ({
          method: methodOf(span.name),
          kind: span.kind.toUpperCase(),
          failed: span.status === 'Error',
          parent: span.parentId === spanId && span.traceId === traceId ? 'caller' : /^0+$/.test(span.parentId) ? 'none' : 'opening request',
          linksToOpeningRequest: span.links.length === 1 && span.links.every((link) => requests.has(link)),
          attributes: shown(span.tags),
        }))
        .toSorted(order),
      metrics: [...new Set(found.metrics.map(({ name }) => name))].toSorted().map((name) => {
        const all = found.metrics.filter((one) => one.name === name);
        const [{ kind, unit, description, buckets }] = all as [DotnetMeasurement];
        const series: Record<string, number> = {};
        for (const { tags, value } of all) {
          const key = JSON.stringify(tags, Object.keys(tags).toSorted());
          series[key] = (series[key] ?? 0) + (kind === 'Histogram' ? 1 : value);
        }
        return { name, kind, unit, description, buckets: buckets ?? undefined, series };
      }),
    };
  } finally {
    await server.stop();
  }
}

/** What instrumentation of an HTTP server does: a span around each request, upgrades included. */
function traceRequests(server: Server): ReadonlySet<string> {
  const requests = new Set<string>();
  const emit = server.emit.bind(server);
  server.emit = (event: string, ...args: unknown[]): boolean => {
    if (event !== 'upgrade' && event !== 'request') return emit(event, ...args);
    return trace.getTracer('http').startActiveSpan(event, { root: true }, (span) => {
      requests.add(span.spanContext().spanId);
      span.end();
      return emit(event, ...args);
    });
  };
  return requests;
}

function metricOf({ descriptor, dataPoints, dataPointType }: MetricData): ComparedMetric {
  const histogram = dataPointType === DataPointType.HISTOGRAM;
  const series: Record<string, number> = {};
  for (const { attributes, value } of dataPoints) {
    const key = JSON.stringify(attributes, Object.keys(attributes).toSorted());
    series[key] = typeof value === 'number' ? value : value.count;
  }
  const { name, unit, description } = descriptor;
  const buckets = histogram ? dataPoints[0]?.value.buckets.boundaries : undefined;
  return { name, kind: histogram ? 'Histogram' : 'UpDownCounter', unit, description, buckets, series };
}

function spanOf(span: ReadableSpan, requests: ReadonlySet<string>): ComparedSpan {
  const parent = span.parentSpanContext;
  return {
    method: methodOf(span.name),
    kind: SpanKind[span.kind],
    failed: span.status.code === SpanStatusCode.ERROR,
    parent: parent === undefined ? 'none' : parent.spanId === spanId && parent.traceId === traceId ? 'caller' : 'opening request',
    linksToOpeningRequest: span.links.length === 1 && span.links.every((link) => requests.has(link.context.spanId)),
    attributes: shown(span.attributes),
  };
}

async function ours(): Promise<Recorded> {
  const exporter = new InMemorySpanExporter();
  const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 1e6 });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const signalr = new SignalR({ telemetry: openTelemetry(), log: () => {} }).map('/hub', interopHub(new Gates()) as never);
  const server = createServer();
  const requests = traceRequests(server);
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await talk(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const source = 'Microsoft.AspNetCore.SignalR.Server';
  const hubSpans = (): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.instrumentationScope.name === source);
  await eventually(() => expect(complete(hubSpans())).toBe(true));
  await signalr.close();
  server.close();
  server.closeAllConnections();
  await reader.forceFlush();
  const own = measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const compared = own.find(({ scope }) => scope.name === 'Microsoft.AspNetCore.Http.Connections')?.metrics ?? [];
  return {
    source,
    spans: hubSpans()
      .map((span) => spanOf(span, requests))
      .toSorted(order),
    metrics: compared.map(metricOf).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

describe.skipIf(missingDotnet() !== undefined)('telemetry beside ASP.NET Core SignalR', () => {
  test('has its spans and its metrics, for the same traffic', async () => {
    const [reference, mine] = [await dotnet(), await ours()];
    expect(mine).toEqual(reference);
    expect(reference.spans).toHaveLength(13);
  });
});
