import { createServer } from 'node:http';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } from '@opentelemetry/sdk-trace-base';
import { SignalR } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { chat } from './chat.ts';

const reader = new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
const spans = new BatchSpanProcessor(new ConsoleSpanExporter());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [spans] }));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const signalr = new SignalR({ telemetry: openTelemetry() });
signalr.map('/chat', chat).attach(createServer().listen(3000));
