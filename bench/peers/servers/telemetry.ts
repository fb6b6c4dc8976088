import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Telemetry } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { prometheus } from 'signalbox/prometheus';

/** Milliseconds between two collections, which are part of what is measured. */
const INTERVAL = 1_000;

/** What it costs to send it on is not ours. */
const nowhere: PushMetricExporter & SpanExporter = {
  export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
  selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** The telemetry of a system of the bench. */
export function telemetryOf(name: string): Telemetry {
  if (name === 'signalbox-prometheus') return prometheus();
  const reader = new PeriodicExportingMetricReader({ exporter: nowhere, exportIntervalMillis: INTERVAL, exportTimeoutMillis: INTERVAL });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (name === 'signalbox-opentelemetry') return openTelemetry({ traces: false });
  if (name === 'signalbox-durations') return openTelemetry({ traces: false, invocationDurations: true });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(nowhere)] }));
  return openTelemetry();
}
