import {
  context,
  metrics as globalMetrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes as SpanAttributes,
  type Context,
  type Link,
  type Meter,
  type MeterProvider,
  type ObservableResult,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { errorName } from './base/errors.ts';
import { isPromise, type MaybePromise } from './base/promise.ts';
import { combined } from './telemetry/combined.ts';
import { meterOf, type Instrument } from './telemetry/instrument.ts';
import { instruments } from './telemetry/instruments.ts';
import { Metrics, type Series } from './telemetry/metrics.ts';
import { Recorder } from './telemetry/recorder.ts';
import type {
  AnswerTelemetry,
  CalledMethod,
  CallStatus,
  CallTelemetry,
  ClientTelemetry,
  HubTelemetry,
  LifetimeEvent,
  Telemetry,
} from './telemetry/telemetry.ts';
import type { Connection } from './transport/connection.ts';

/** The instrumentation scope of the spans: the reference server's activity source. */
const TRACER = 'Microsoft.AspNetCore.SignalR.Server';

export interface OpenTelemetryOptions {
  /** Whether metrics are recorded. Default true. */
  readonly metrics?: boolean;
  /**
   * Whether `signalr.server.invocation.duration` is one of them. It costs the SDK about a microsecond for each invocation, more than all
   * the rest together; `signalr.server.invocations` counts them without it. Default false.
   */
  readonly invocationDurations?: boolean;
  /** Whether spans are. Default true. */
  readonly traces?: boolean;
  /** Default: the global one at the time of the call. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

/**
 * Records metrics and spans with OpenTelemetry: `new SignalR({ telemetry: openTelemetry() })`. Register the SDK's providers, propagator
 * and context manager first. Make one for all hosts of a process: two would write the same series over each other.
 *
 * Metrics and spans that ASP.NET Core SignalR has too have its names and attributes. docs/telemetry.md lists them all.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { metrics = true, traces = true, invocationDurations = false, meterProvider = globalMetrics, tracerProvider = trace } = options;
  const parts: Telemetry[] = [];
  if (metrics) {
    const recorded = Object.values<Instrument>(instruments).filter(
      (instrument) => invocationDurations || instrument !== instruments.invocationDuration,
    );
    parts.push(meters(meterProvider, recorded));
  }
  if (traces) {
    const tracer = tracerProvider.getTracer(TRACER);
    parts.push({ hub: (name) => new TracedHub(tracer, name) });
  }
  return combined(parts) ?? {};
}

/** Counts are kept by us and read when they are collected, which costs a message next to nothing; histograms are the SDK's, where it has them. */
function meters(provider: Pick<MeterProvider, 'getMeter'>, recorded: readonly Instrument[]): Telemetry {
  const histograms = new Map<Instrument, ReturnType<Meter['createHistogram']>>();
  const metrics = new Metrics<Series>((instrument, attributes) => {
    const histogram = histograms.get(instrument);
    return { add: (value) => histogram?.record(value, attributes) };
  });
  const register = (shown: readonly Instrument[]): void => {
    for (const instrument of shown) {
      const meter = provider.getMeter(meterOf(instrument));
      if (instrument.kind === 'histogram') histograms.set(instrument, newHistogram(meter, instrument));
      else observe(meter, instrument, metrics);
    }
  };
  register(recorded);
  return new Recorder(metrics, register);
}

function newHistogram(meter: Meter, { name, unit, description, buckets = [] }: Instrument): ReturnType<Meter['createHistogram']> {
  return meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...buckets] } });
}

function observe(meter: Meter, instrument: Instrument, metrics: Metrics): void {
  const { name, kind, unit, description } = instrument;
  const make = {
    counter: 'createObservableCounter',
    upDownCounter: 'createObservableUpDownCounter',
    gauge: 'createObservableGauge',
  } as const;
  const observable = meter[make[kind as keyof typeof make]](name, { unit, description });
  observable.addCallback((result: ObservableResult) => {
    for (const { series, attributes } of metrics.sums(instrument)) result.observe(series.value, attributes);
  });
}

class TracedHub implements HubTelemetry {
  readonly #tracer: Tracer;
  readonly #service: string;

  constructor(tracer: Tracer, service: string) {
    this.#tracer = tracer;
    this.#service = service;
  }

  opened(connection: Connection): ClientTelemetry {
    return new TracedClient(this.#tracer, this.#service, connection);
  }

  asked(): AnswerTelemetry {
    return unheard;
  }
}

/** The spans of one client, in whose opening request's context it is made. */
class TracedClient implements ClientTelemetry {
  readonly #tracer: Tracer;
  readonly #service: string;
  readonly #attributes: SpanAttributes;
  readonly #opening = context.active();
  readonly #links: Link[];

  constructor(tracer: Tracer, service: string, { request }: Connection) {
    const { hostname, port, protocol } = request.url;
    this.#tracer = tracer;
    this.#service = service;
    const server = { 'server.address': hostname, 'server.port': Number(port || (protocol === 'https:' ? 443 : 80)) };
    this.#attributes = { 'rpc.system': 'signalr', 'rpc.service': service, ...server };
    const opening = trace.getSpanContext(this.#opening);
    this.#links = opening === undefined ? [] : [{ context: opening }];
  }

  received(): void {
    // Not traced.
  }

  itemReceived(): void {
    // Not traced.
  }

  itemSent(): void {
    // Not traced.
  }

  refused(): void {
    // As in the reference server: only what comes to a method has a span.
  }

  around<Result>(event: LifetimeEvent, run: () => MaybePromise<Result>): MaybePromise<Result> {
    const call = this.#start(event, SpanKind.INTERNAL, this.#opening, []);
    const ended = (result: Result): Result => {
      call.ended('ok');
      return result;
    };
    const failed = (error: unknown): never => {
      call.ended('error', error);
      throw error;
    };
    try {
      const result = call.run === undefined ? run() : call.run(run);
      return isPromise(result) ? result.then(ended, failed) : ended(result);
    } catch (error) {
      return failed(error);
    }
  }

  called({ method, headers }: CalledMethod): CallTelemetry {
    if (method === undefined) return unheard;
    // What a client calls belongs to the client's trace, and never to that of the request that once opened the connection.
    const parent = headers === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers);
    return this.#start(method, SpanKind.SERVER, parent, this.#links);
  }

  #start(method: string, kind: SpanKind, parent: Context, links: Link[]): CallTelemetry {
    const attributes = { ...this.#attributes, 'rpc.method': method };
    return new TracedCall(this.#tracer.startSpan(`${this.#service}/${method}`, { kind, attributes, links }, parent), parent);
  }
}

class TracedCall implements CallTelemetry {
  readonly #span: Span;
  readonly #context: Context;

  constructor(span: Span, parent: Context) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  run<Result>(work: () => Result): Result {
    return context.with(this.#context, work);
  }

  ended(status: CallStatus, error?: unknown): void {
    if (status === 'error' || status === 'refused') {
      // Its class, never its text: that is for the log.
      this.#span.setAttribute('error.type', errorName(error));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}

/** Calls and answers without spans. */
const unheard: CallTelemetry & AnswerTelemetry = {
  ended() {
    // Not traced.
  },
};
