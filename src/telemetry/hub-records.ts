import { SignalboxError } from '../base/errors.ts';
import type { MaybePromise } from '../base/promise.ts';
import type { Connection, TransportName } from '../transport/connection.ts';
import { BackplaneRecord, type WatchedBackplane } from './backplane-record.ts';
import { once, transportNames } from './connection-records.ts';
import { instruments } from './instruments.ts';
import type { Attributes, Count, Metrics, Series } from './metrics.ts';
import type {
  AnswerTelemetry,
  CalledMethod,
  CallStatus,
  CallTelemetry,
  ClientTelemetry,
  HubTelemetry,
  LifetimeEvent,
} from './telemetry.ts';

/** Stands for every method that the hub does not declare: what clients make up must not make series. */
const UNKNOWN = 'unknown';

/** The invocations of one method. */
class MethodSeries {
  readonly active: Count;
  readonly ended: (status: CallStatus) => EndSeries;

  constructor(metrics: Metrics, service: string, method: string) {
    const tags = { 'rpc.service': service, 'rpc.method': method };
    this.active = metrics.count(instruments.activeInvocations, tags);
    this.ended = once((status) => new EndSeries(metrics, { ...tags, 'signalr.invocation.status': status }));
  }
}

/** The invocations of one method that ended alike. */
class EndSeries {
  readonly count: Count;
  readonly #metrics: Metrics;
  readonly #tags: Attributes;
  #duration: Series | undefined;
  #streamDuration: Series | undefined;

  constructor(metrics: Metrics, tags: Attributes) {
    this.count = metrics.count(instruments.invocations, tags);
    this.#metrics = metrics;
    this.#tags = tags;
  }

  get duration(): Series {
    return (this.#duration ??= this.#metrics.histogram(instruments.invocationDuration, this.#tags));
  }

  get streamDuration(): Series {
    return (this.#streamDuration ??= this.#metrics.histogram(instruments.streamDuration, this.#tags));
  }
}

/** The streams of one direction. */
class StreamSeries {
  readonly active: Count;
  readonly items: Count;

  constructor(metrics: Metrics, service: string, direction: string) {
    const tags = { 'rpc.service': service, 'signalr.stream.direction': direction };
    this.active = metrics.count(instruments.activeStreams, tags);
    this.items = metrics.count(instruments.streamItems, tags);
  }
}

class HubSeries {
  readonly received: (transport: TransportName) => Count;
  readonly method: (name: string) => MethodSeries;
  readonly toClient: StreamSeries;
  readonly fromClient: StreamSeries;

  constructor(metrics: Metrics, service: string) {
    this.received = once((transport) =>
      metrics.count(instruments.messagesReceived, { 'rpc.service': service, 'signalr.transport': transportNames[transport] }),
    );
    this.method = once((name) => new MethodSeries(metrics, service, name));
    this.toClient = new StreamSeries(metrics, service, 'to_client');
    this.fromClient = new StreamSeries(metrics, service, 'from_client');
  }
}

/** Counts and times what a hub tells. */
export class HubRecord implements HubTelemetry {
  readonly #series: HubSeries;
  readonly #answers: (method: string) => (status: string) => Series;
  readonly #newBackplanes: () => BackplaneRecord;
  #backplanes: BackplaneRecord | undefined;

  constructor(metrics: Metrics, service: string) {
    this.#series = new HubSeries(metrics, service);
    this.#newBackplanes = () => new BackplaneRecord(metrics, service);
    this.#answers = once((method) =>
      once((status) => {
        const tags = { 'rpc.service': service, 'rpc.method': method, 'signalr.client_result.status': status };
        return metrics.histogram(instruments.clientResultDuration, tags);
      }),
    );
  }

  opened({ transport }: Connection): ClientTelemetry {
    return new ClientRecord(this.#series, this.#series.received(transport));
  }

  asked(method: string): AnswerTelemetry {
    return new AnswerRecord(this.#answers(method));
  }

  joined(backplane: WatchedBackplane): () => void {
    return (this.#backplanes ??= this.#newBackplanes()).watch(backplane);
  }
}

class ClientRecord implements ClientTelemetry {
  readonly #series: HubSeries;
  readonly #received: Count;

  constructor(series: HubSeries, received: Count) {
    this.#series = series;
    this.#received = received;
  }

  received(): void {
    this.#received.add(1);
  }

  itemReceived(): void {
    this.#series.fromClient.items.add(1);
  }

  itemSent(): void {
    this.#series.toClient.items.add(1);
  }

  around<Result>(_: LifetimeEvent, run: () => MaybePromise<Result>): MaybePromise<Result> {
    return run();
  }

  refused(method: string | undefined): void {
    this.#series
      .method(method ?? UNKNOWN)
      .ended('refused')
      .count.add(1);
  }

  called({ method, streaming, uploads }: CalledMethod): CallTelemetry {
    const series = this.#series.method(method ?? UNKNOWN);
    return streaming || uploads > 0 ? new StreamRecord(series, this.#series, streaming, uploads) : new CallRecord(series);
  }
}

class CallRecord implements CallTelemetry {
  readonly #method: MethodSeries;
  readonly #began = performance.now();

  constructor(method: MethodSeries) {
    this.#method = method;
    method.active.add(1);
  }

  ended(status: CallStatus): void {
    const series = this.#method.ended(status);
    this.#method.active.add(-1);
    series.count.add(1);
    this.durationIn(series).add((performance.now() - this.#began) / 1000);
  }

  protected durationIn(series: EndSeries): Series {
    return series.duration;
  }
}

/** An invocation with streams. */
class StreamRecord extends CallRecord {
  readonly #hub: HubSeries;
  readonly #streaming: boolean;
  readonly #uploads: number;

  constructor(method: MethodSeries, hub: HubSeries, streaming: boolean, uploads: number) {
    super(method);
    this.#hub = hub;
    this.#streaming = streaming;
    this.#uploads = uploads;
    this.#count(1);
  }

  override ended(status: CallStatus): void {
    this.#count(-1);
    super.ended(status);
  }

  protected override durationIn(series: EndSeries): Series {
    return series.streamDuration;
  }

  #count(sign: 1 | -1): void {
    if (this.#streaming) this.#hub.toClient.active.add(sign);
    this.#hub.fromClient.active.add(sign * this.#uploads);
  }
}

class AnswerRecord implements AnswerTelemetry {
  readonly #durations: (status: string) => Series;
  readonly #began = performance.now();

  constructor(durations: (status: string) => Series) {
    this.#durations = durations;
  }

  ended(error?: unknown): void {
    this.#durations(answerStatus(error)).add((performance.now() - this.#began) / 1000);
  }
}

function answerStatus(error: unknown): string {
  if (error === undefined) return 'ok';
  if (!(error instanceof SignalboxError)) return 'error';
  if (error.code === 'SIGNALBOX_CLIENT_RESULT_TIMEOUT') return 'timeout';
  return error.code === 'SIGNALBOX_CONNECTION_GONE' || error.code === 'SIGNALBOX_UNKNOWN_CONNECTION' ? 'disconnected' : 'error';
}
