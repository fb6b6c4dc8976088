import { register as defaultRegistry, type Metric } from 'prom-client';
import { prometheusLabel, prometheusName, type Instrument, type InstrumentKind } from './instrument.ts';
import { instruments } from './instruments.ts';
import { Distribution, Metrics, type Attributes } from './metrics.ts';
import { Recorder, serviceRecorder } from './recorder.ts';
import type { Telemetry } from './telemetry.ts';

/** What is needed of a `Registry` of prom-client, of whichever copy and version. */
export interface MetricRegistry {
  /** Metrics are read by `get()`, and are never added to. */
  registerMetric(metric: never): void;
}

export interface PrometheusOptions {
  /** Where the metrics are registered. Default: the registry of the prom-client that this package brings. */
  readonly registry?: MetricRegistry;
}

/**
 * Records metrics for Prometheus: `new SignalR({ telemetry: prometheus() })`, and `await register.metrics()` of prom-client has them. A
 * `Service` takes it as well. Make one for all hosts of a process. docs/telemetry.md lists the metrics.
 *
 * @throws Error where the registry has metrics of these names already
 */
export function prometheus({ registry = defaultRegistry }: PrometheusOptions = {}): Telemetry {
  const metrics = newMetrics();
  const register = registerIn(registry, metrics);
  register(Object.values(instruments));
  return new Recorder(metrics, register);
}

/** The same for services alone: metrics of hub servers, of which a service has none, are not registered. */
export function servicePrometheus(registry: MetricRegistry): Telemetry {
  const metrics = newMetrics();
  return { service: serviceRecorder(metrics, registerIn(registry, metrics)) };
}

const newMetrics = (): Metrics<Distribution> => new Metrics((instrument) => new Distribution(instrument));

function registerIn(registry: MetricRegistry, metrics: Metrics<Distribution>): (instruments: readonly Instrument[]) => void {
  return (shown) => {
    for (const instrument of shown) registry.registerMetric(new CollectedMetric(instrument, metrics) as never);
  };
}

const types = { counter: 'counter', upDownCounter: 'gauge', gauge: 'gauge', histogram: 'histogram' } as const satisfies Readonly<
  Record<InstrumentKind, string>
>;

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

type Collected = Awaited<ReturnType<Metric['get']>>;

/**
 * An instrument as a registry asks for it. prom-client's own classes look a series up by its labels whenever something is added: that
 * takes longer than the rest of what is recorded for a message.
 */
class CollectedMetric {
  /** A registry in OpenMetrics' format takes `_total` off, and puts it back where it belongs. */
  name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator = 'sum';
  readonly #instrument: Instrument;
  readonly #metrics: Metrics<Distribution>;

  constructor(instrument: Instrument, metrics: Metrics<Distribution>) {
    this.name = prometheusName(instrument);
    this.help = instrument.description;
    this.type = types[instrument.kind];
    this.#instrument = instrument;
    this.#metrics = metrics;
  }

  get(): Promise<Collected> {
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values: this.#samples() } as unknown as Collected);
  }

  reset(): void {
    // What is counted belongs to hosts that go on counting: connections that are there would become fewer than none.
  }

  #samples(): readonly Sample[] {
    if (this.#instrument.kind === 'histogram') {
      return this.#metrics.histograms(this.#instrument).flatMap(({ series, attributes }) => this.#buckets(series, labelsOf(attributes)));
    }
    return this.#metrics.sums(this.#instrument).map(({ series, attributes }) => ({ value: series.value, labels: labelsOf(attributes) }));
  }

  #buckets({ bounds, counts, sum }: Distribution, labels: Sample['labels']): readonly Sample[] {
    let below = 0;
    const buckets = [...counts].map((count, index) => {
      below += count;
      return { metricName: `${this.name}_bucket`, labels: { le: bounds[index] ?? '+Inf', ...labels }, value: below };
    });
    return [...buckets, { metricName: `${this.name}_sum`, labels, value: sum }, { metricName: `${this.name}_count`, labels, value: below }];
  }
}

function labelsOf(attributes: Attributes): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [prometheusLabel(name), value]));
}
