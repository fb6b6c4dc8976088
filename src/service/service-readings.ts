import type { Clock } from '../base/clock.ts';
import { EventLoopDelay, type Delay } from '../metering/event-loop-delay.ts';
import type { LatencyListener } from '../metering/latency.ts';
import { Load } from '../metering/load.ts';
import type { LoadReading } from '../metering/load-reading.ts';
import type { Meter } from '../metering/meter.ts';
import type { QueuedBytes, ServiceReadings } from '../telemetry/service-readings.ts';
import type { ServiceSettings } from './options.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServiceHub } from './service-hub.ts';

const SECOND = 1_000;

/** A service as it is looked at. */
export interface ObservedService {
  readonly meter: Meter;
  readonly settings: Pick<ServiceSettings, 'quota'>;
  readonly hubs: ReadonlyMap<string, ServiceHub>;
}

/** Looks at a service: once a second for what is said of the last minute, and else when somebody asks. */
export class LiveReadings implements ServiceReadings {
  readonly meter: Meter;
  readonly #service: ObservedService;
  readonly #servers: Iterable<ServerConnection>;
  readonly #load: Load;
  readonly #stop: () => void;
  /** Undefined until somebody wants to know: Node has to look at its event loop for it. */
  #delay: EventLoopDelay | undefined;

  constructor(service: ObservedService, servers: Iterable<ServerConnection>, clock: Clock) {
    const { meter } = service;
    this.meter = meter;
    this.#service = service;
    this.#servers = servers;
    this.#load = new Load(meter, meter.latency);
    // Not by the wheel: an alarm that is always there would keep that turning, ten times a second, for a service that nobody uses.
    this.#stop = clock.every(SECOND, () => this.#secondOver());
  }

  get quota(): number | null {
    return this.#service.settings.quota;
  }

  get load(): LoadReading {
    return this.#load.reading;
  }

  get eventLoopDelay(): Delay {
    this.#delay ??= new EventLoopDelay();
    return this.#delay.minute;
  }

  get queues(): ReadonlyMap<string, QueuedBytes> {
    const queues = new Map<string, { client: number; server: number }>();
    const of = (hub: string): { client: number; server: number } => {
      const known = queues.get(hub) ?? { client: 0, server: 0 };
      queues.set(hub, known);
      return known;
    };
    for (const { meter, clients } of this.#service.hubs.values()) {
      const queue = of(meter.name);
      for (const { connection } of clients.members) queue.client += connection.queued;
    }
    for (const server of this.#servers) of(this.meter.hub(server.identity.hub).name).server += server.queued;
    return queues;
  }

  timed(listener: LatencyListener): void {
    this.meter.latency.listen(listener);
  }

  /** What was counted can still be read. */
  close(): void {
    this.#stop();
    this.#delay?.close();
  }

  #secondOver(): void {
    this.#load.secondOver();
    this.meter.latency.secondOver();
    this.#delay?.secondOver();
  }
}
