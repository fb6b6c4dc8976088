import { register as defaultRegistry, type Metric, type Registry, type RegistryContentType } from 'prom-client';
import { instruments, prometheusLabel, prometheusName, type Instrument, type InstrumentKind } from './telemetry/instruments.ts';
import { Distribution, Metrics, type Attributes } from './telemetry/metrics.ts';
import { Recorder } from './telemetry/recorder.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface PrometheusOptions {
  /** Where the metrics are registered. Default: prom-client's own registry. */
  readonly registry?: Registry<RegistryContentType>;
}

/**
 * Records metrics for Prometheus: `new SignalR({ telemetry: prometheus() })`, and `await register.metrics()` of prom-client has them.
 * Make one for all hosts of a process. docs/telemetry.md lists the metrics.
 *
 * @throws Error where the registry has metrics of these names already
 */
export function prometheus({ registry = defaultRegistry }: PrometheusOptions = {}): Telemetry {
  const metrics = new Metrics((instrument) => new Distribution(instrument));
  for (const instrument of Object.values<Instrument>(instruments)) {
    const metric: Pick<Metric, 'get' | 'reset'> = new CollectedMetric(instrument, metrics);
    registry.registerMetric(metric as Metric);
  }
  return new Recorder(metrics);
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
