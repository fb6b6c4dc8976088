import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { defineHub, method, type HubFilter, type SignalROptions, type Backplane, LocalBackplane } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { meterOf } from '../../src/telemetry/instrument.ts';
import { instruments } from '../../src/telemetry/instruments.ts';
import { collect, connect, host, refusal, tags, talk, transports, type Host } from './chat-under-test.ts';

/** New ones for each test: connections of the one before may end late. */
let spans: InMemorySpanExporter;
let measured: InMemoryMetricExporter;
let reader: PeriodicExportingMetricReader;

function collectMetrics(): void {
  measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 1e6 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
}

beforeEach(() => {
  spans = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  collectMetrics();
});

afterEach(async () => {
  await reader.shutdown();
  for (const api of [context, propagation, trace, metrics]) api.disable();
});

const named = (name: string): readonly ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);

async function only(name: string): Promise<ReadableSpan> {
  return eventually(() => {
    const [span, ...others] = named(name);
    if (span === undefined || others.length > 0) throw new Error(`${others.length + (span ? 1 : 0)} spans named ${name}`);
    return span;
  });
}

interface Point {
  readonly scope: string;
  readonly type: DataPointType;
  readonly unit: string;
  readonly description: string;
  readonly points: readonly { readonly attributes: object; readonly value: unknown }[];
}

/** Every metric as it would be exported now. */
async function collected(): Promise<ReadonlyMap<string, Point>> {
  measured.reset();
  await reader.forceFlush();
  return new Map(
    measured
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ scope, metrics: list }) =>
        list.map(({ descriptor, dataPointType, dataPoints }) => [
          descriptor.name,
          { scope: scope.name, type: dataPointType, unit: descriptor.unit, description: descriptor.description, points: dataPoints },
        ]),
      ),
  );
}

/** A client of a few lines, which can send headers with an invocation. */
async function raw({ url }: Host): Promise<(message: object) => Promise<unknown>> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/chat`);
  await once(socket, 'open');
  const send = async (message: object): Promise<unknown> => {
    socket.send(`${JSON.stringify(message)}\x1e`);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return JSON.parse(answer.toString().split('\x1e', 1)[0] ?? '') as unknown;
  };
  await send({ protocol: 'json', version: 1 });
  return send;
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe.each(transports)('over %s', (transport) => {
  test('metrics have the names, units and attributes of the table', async () => {
    const backplane = (): Backplane => Object.assign(new LocalBackplane(), { state: 'connected' } as const);
    const here = await host({ telemetry: openTelemetry({ invocationDurations: true }), backplane });
    const client = await connect(here, transport);
    await talk(client);
    await client.stop();
    const name = 'signalr.server.connection.duration';
    await eventually(async () => expect([...(await collected()).keys()]).toContain(name));
    const points = await collected();
    for (const instrument of Object.values(instruments)) {
      const found = points.get(instrument.name);
      if (found === undefined) continue;
      expect(found).toMatchObject({ scope: meterOf(instrument), unit: instrument.unit, description: instrument.description });
      for (const { attributes } of found.points) expect(Object.keys(attributes).toSorted()).toEqual([...instrument.attributes].toSorted());
    }
    const absent = Object.values(instruments).filter(({ name: wanted }) => !points.has(wanted));
    expect(absent.map(({ name: wanted }) => wanted)).toEqual(['signalr.server.reconnects', 'signalr.server.slow_clients']);
    const tag = { 'signalr.transport': tags[transport] };
    expect(points.get(name)).toMatchObject({
      type: DataPointType.HISTOGRAM,
      points: [{ attributes: { 'signalr.connection.status': 'normal_closure', ...tag }, value: { count: 1 } }],
    });
    expect(points.get('signalr.server.active_connections')).toMatchObject({
      type: DataPointType.SUM,
      points: [{ attributes: tag, value: 0 }],
    });
  });

  test('each invocation that comes to a method has a span', async () => {
    const here = await host({ telemetry: openTelemetry() });
    const client = await connect(here, transport);
    const { port } = new URL(here.url);
    await client.invoke('Later', 'x');
    expect(await only('Chat/later')).toMatchObject({
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: undefined,
      instrumentationScope: { name: 'Microsoft.AspNetCore.SignalR.Server' },
      attributes: {
        'rpc.system': 'signalr',
        'rpc.service': 'Chat',
        'rpc.method': 'later',
        'server.address': '127.0.0.1',
        'server.port': Number(port),
      },
    });
    await refusal(client, 'fail');
    await refusal(client, 'refuse');
    await refusal(client, 'secret');
    await refusal(client, 'made up');
    for (const [failing, type] of [
      ['fail', 'RangeError'],
      ['refuse', 'HubException'],
      ['secret', 'HubException'],
    ]) {
      expect(await only(`Chat/${failing}`)).toMatchObject({
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': type },
        events: [],
      });
    }
    expect(named('Chat/made up')).toEqual([]);
  });

  test('the span of a stream ends with its last item, and its error with it', async () => {
    const client = await connect(await host({ telemetry: openTelemetry() }), transport);
    expect(await collect(client, 'count', 2)).toEqual([1, 2]);
    expect(await only('Chat/count')).toMatchObject({ status: { code: SpanStatusCode.UNSET }, ended: true });
    await collect(client, 'countAndFail');
    expect(await only('Chat/countAndFail')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'RangeError' },
    });
    const ended = new Promise<void>((resolve) => {
      const subscription = client.stream('hang').subscribe({
        next: () => {
          subscription.dispose();
          resolve();
        },
        complete: () => {},
        error: () => {},
      });
    });
    await ended;
    expect(await only('Chat/hang')).toMatchObject({ status: { code: SpanStatusCode.UNSET } });
  });

  test('the lifetime of a connection has two spans', async () => {
    const client = await connect(await host({ telemetry: openTelemetry() }), transport);
    expect(await only('Chat/OnConnectedAsync')).toMatchObject({
      kind: SpanKind.INTERNAL,
      attributes: { 'rpc.method': 'OnConnectedAsync' },
    });
    await client.stop();
    expect(await only('Chat/OnDisconnectedAsync')).toMatchObject({ kind: SpanKind.INTERNAL, links: [] });
  });
});

describe('the context of a trace', () => {
  test("is the caller's, which came in the invocation's headers, baggage included", async () => {
    const seen: unknown[] = [];
    const look: HubFilter<unknown> = {
      invoke: async (_, next) => {
        seen.push(propagation.getActiveBaggage()?.getEntry('tenant')?.value, trace.getActiveSpan()?.spanContext().spanId);
        return next();
      },
    };
    const send = await raw(await host({ telemetry: openTelemetry(), filters: [look] }));
    const headers = { traceparent, tracestate: 'vendor=1', baggage: 'tenant=blue' };
    await send({ type: 1, invocationId: '1', target: 'echo', arguments: ['x'], headers });
    const span = await only('Chat/echo');
    expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c' });
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(span.parentSpanContext?.traceState?.serialize()).toBe('vendor=1');
    expect(seen).toEqual(['blue', span.spanContext().spanId]);
  });

  test.each<Readonly<Record<string, string>>>([
    { traceparent: 'nonsense' },
    { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` },
    { traceparent: '', baggage: '=;,=' },
    { baggage: `a=${'b'.repeat(20_000)}` },
    { constructor: 'x', ['__proto__']: 'y', toString: 'z' },
  ])('is a new one where the headers are %j', async (headers) => {
    const send = await raw(await host({ telemetry: openTelemetry() }));
    expect(await send({ type: 1, invocationId: '1', target: 'echo', arguments: ['x'], headers })).toMatchObject({ result: 'x' });
    expect((await only('Chat/echo')).parentSpanContext).toBeUndefined();
  });

  test('holds through awaits and in every step of a stream', async () => {
    const active = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;
    const spy: string[] = [];
    const hub = defineHub()({
      name: 'Spy',
      methods: {
        wait: method([], async () => {
          await new Promise(setImmediate);
          spy.push(active() ?? 'none');
        }),
        stream: method([], async function* () {
          try {
            spy.push(active() ?? 'none');
            yield 1;
            spy.push(active() ?? 'none');
            yield 2;
          } finally {
            spy.push(active() ?? 'none');
          }
        }),
      },
    });
    const here = await host({ telemetry: openTelemetry() });
    here.signalr.map('/spy', hub);
    const client = await connect(here, 'WebSockets', '/spy');
    await client.invoke('wait');
    await collect(client, 'stream');
    const [wait, stream] = [await only('Spy/wait'), await only('Spy/stream')].map((span) => span.spanContext().spanId);
    expect(spy).toEqual([wait, stream, stream, stream]);
  });

  test.each(transports)(
    'is not that of a request, over %s: invocations link to that which opened the connection, whose own spans are its children',
    async (transport) => {
      const here = await host({ telemetry: openTelemetry() });
      const tracer = trace.getTracer('http');
      const requests = new Map<string | undefined, string>();
      // As instrumentation of node:http does it.
      const emit = here.server.emit.bind(here.server);
      here.server.emit = (event: string, ...args: unknown[]): boolean => {
        if (event !== 'upgrade' && event !== 'request') return emit(event, ...args);
        return tracer.startActiveSpan(event, { root: true }, (span) => {
          requests.set(span.spanContext().spanId, (args[0] as IncomingMessage).method ?? '');
          span.end();
          return emit(event, ...args);
        });
      };
      const client = await connect(here, transport);
      await client.invoke('echo', 'x');
      await client.stop();
      const invocation = await only('Chat/echo');
      expect(invocation.parentSpanContext).toBeUndefined();
      expect(invocation.links).toHaveLength(1);
      const request = invocation.links[0]?.context.spanId;
      expect(requests.get(request)).toBe('GET');
      for (const name of ['Chat/OnConnectedAsync', 'Chat/OnDisconnectedAsync']) {
        const span = await only(name);
        expect(span.parentSpanContext?.spanId).toBe(request);
        expect(span.links).toEqual([]);
      }
    },
  );
});

describe('a handler that fails', () => {
  const failing = defineHub()({
    name: 'Failing',
    connected: ({ request }) => {
      if (request.url.searchParams.has('sync')) throw new RangeError('x');
      return Promise.reject(new TypeError('x'));
    },
    methods: {},
  });

  test.each([
    ['?sync', 'RangeError'],
    ['?async', 'TypeError'],
  ])('marks its span (%s)', async (query, type) => {
    const here = await host({ telemetry: openTelemetry() });
    here.signalr.map('/failing', failing);
    const socket = new WebSocket(`${here.url.replace('http', 'ws')}/failing${query}`);
    await once(socket, 'open');
    socket.send('{"protocol":"json","version":1}\x1e');
    await once(socket, 'close');
    expect(await only('Failing/OnConnectedAsync')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': type },
    });
  });
});

describe('openTelemetry()', () => {
  const traffic = async (telemetry: SignalROptions['telemetry']): Promise<void> => {
    const client = await connect(await host({ ...(telemetry && { telemetry }) }), 'WebSockets');
    await client.invoke('echo', 'x');
  };

  test('records metrics without spans, spans without metrics, or nothing', async () => {
    await traffic(openTelemetry({ traces: false }));
    expect([spans.getFinishedSpans().length, (await collected()).has('signalr.server.invocations')]).toEqual([0, true]);
    await reader.shutdown();
    metrics.disable();
    collectMetrics();
    await traffic(openTelemetry({ metrics: false }));
    expect(named('Chat/echo')).toHaveLength(1);
    expect((await collected()).size).toBe(0);
    await traffic(openTelemetry({ metrics: false, traces: false }));
    expect(named('Chat/echo')).toHaveLength(1);
  });

  test('leaves durations of invocations out where they are not asked for, and still counts them', async () => {
    await traffic(openTelemetry());
    const points = await collected();
    expect(points.has('signalr.server.invocation.duration')).toBe(false);
    expect(points.get('signalr.server.invocations')?.points).toMatchObject([{ value: 1 }]);
  });

  test('takes providers of its own', async () => {
    const own = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });
    const meterProvider = new MeterProvider({ readers: [] });
    await traffic(openTelemetry({ tracerProvider, meterProvider }));
    expect(own.getFinishedSpans().map(({ name }) => name)).toContain('Chat/echo');
    expect(spans.getFinishedSpans()).toEqual([]);
    expect((await collected()).size).toBe(0);
  });

  test('does no harm where no SDK is registered', async () => {
    for (const api of [context, propagation, trace, metrics]) api.disable();
    const client = await connect(await host({ telemetry: openTelemetry() }), 'WebSockets');
    expect(await client.invoke('echo', 'x')).toBe('x');
    expect(await collect(client, 'count', 2)).toEqual([1, 2]);
  });
});
