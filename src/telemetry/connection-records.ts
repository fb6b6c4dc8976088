import type { TransportName } from '../transport/connection.ts';
import type { ConnectionTelemetry, EndpointTelemetry, NegotiationStatus, SlowClientReason, WriteQueue } from '../transport/telemetry.ts';
import { instruments } from './instruments.ts';
import type { Count, Metrics, Series } from './metrics.ts';

/** The values of `signalr.transport`, which are the reference server's. */
export const transportNames: Readonly<Record<TransportName, string>> = {
  webSockets: 'web_sockets',
  serverSentEvents: 'server_sent_events',
  longPolling: 'long_polling',
};

/** The values of `signalr.connection.status`, which are the reference server's: whatever is neither of the other two is normal. */
type ConnectionStatus = 'normal_closure' | 'timeout' | 'app_shutdown';

/** Makes what is asked for when it is asked for first. */
export function once<Key extends string, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key)));
    return value;
  };
}

/** What the reference server has too: it counts all connections of a transport together. */
export class TransportSeries {
  readonly active: Count;
  readonly duration: (status: ConnectionStatus) => Series;

  constructor(metrics: Metrics, transport: TransportName) {
    const tag = { 'signalr.transport': transportNames[transport] };
    this.active = metrics.count(instruments.activeConnections, tag);
    this.duration = once((status) => metrics.histogram(instruments.connectionDuration, { 'signalr.connection.status': status, ...tag }));
  }
}

/** The connections of one endpoint over one transport. */
class EndpointSeries {
  readonly all: TransportSeries;
  readonly messagesSent: Count;
  readonly received: Count;
  readonly sent: Count;
  readonly reconnects: () => Count;
  readonly slow: (reason: SlowClientReason) => Count;
  readonly congested = new Set<WriteQueue>();

  constructor(metrics: Metrics, all: TransportSeries, service: string, transport: TransportName) {
    const tags = { 'rpc.service': service, 'signalr.transport': transportNames[transport] };
    this.all = all;
    this.messagesSent = metrics.count(instruments.messagesSent, tags);
    this.received = metrics.count(instruments.networkReceived, tags);
    this.sent = metrics.count(instruments.networkSent, tags);
    let reconnects: Count | undefined;
    this.reconnects = () => (reconnects ??= metrics.count(instruments.reconnects, tags));
    this.slow = once((reason) => metrics.count(instruments.slowClients, { ...tags, 'signalr.slow_client.reason': reason }));
    const { congested } = this;
    metrics.show(instruments.congestedConnections, tags, {
      get value() {
        return congested.size;
      },
    });
    metrics.show(instruments.congestedBytes, tags, {
      get value() {
        let bytes = 0;
        for (const { queued } of congested) bytes += queued;
        return bytes;
      },
    });
  }
}

/** Counts what an endpoint tells. */
export class EndpointRecord implements EndpointTelemetry {
  readonly #negotiations: (status: NegotiationStatus) => Count;
  readonly #series: (transport: TransportName) => EndpointSeries;

  /** @param transports - shared by all endpoints */
  constructor(metrics: Metrics, transports: (transport: TransportName) => TransportSeries, service: string) {
    this.#negotiations = once((status) =>
      metrics.count(instruments.negotiations, { 'rpc.service': service, 'signalr.negotiation.status': status }),
    );
    this.#series = once((transport) => new EndpointSeries(metrics, transports(transport), service, transport));
  }

  negotiated(status: NegotiationStatus): void {
    this.#negotiations(status).add(1);
  }

  opened(transport: TransportName): ConnectionTelemetry {
    return new ConnectionRecord(this.#series(transport));
  }
}

class ConnectionRecord implements ConnectionTelemetry {
  readonly #series: EndpointSeries;
  readonly #began = performance.now();
  #timedOut = false;
  #congestion: WriteQueue | undefined;

  constructor(series: EndpointSeries) {
    this.#series = series;
    series.all.active.add(1);
  }

  received(bytes: number): void {
    this.#series.received.add(bytes);
  }

  wrote(): void {
    this.#series.messagesSent.add(1);
  }

  sent(bytes: number): void {
    this.#series.sent.add(bytes);
  }

  filled(queue: WriteQueue): void {
    this.#congestion = queue;
    this.#series.congested.add(queue);
  }

  drained(): void {
    if (this.#congestion !== undefined) this.#series.congested.delete(this.#congestion);
    this.#congestion = undefined;
  }

  reconnected(): void {
    this.drained();
    this.#series.reconnects().add(1);
  }

  cut(reason: SlowClientReason): void {
    this.#series.slow(reason).add(1);
  }

  timedOut(): void {
    this.#timedOut = true;
  }

  closed(appShutdown: boolean): void {
    this.drained();
    const status = this.#timedOut ? 'timeout' : appShutdown ? 'app_shutdown' : 'normal_closure';
    this.#series.all.active.add(-1);
    this.#series.all.duration(status).add((performance.now() - this.#began) / 1000);
  }
}
