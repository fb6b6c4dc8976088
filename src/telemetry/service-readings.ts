import type { CloseCounts, Counts } from '../metering/hub-meter.ts';
import type { LatencyListener } from '../metering/latency.ts';
import type { Delay } from '../metering/event-loop-delay.ts';
import type { LoadReading } from '../metering/load-reading.ts';
import type { Meter } from '../metering/meter.ts';

/** Bytes that wait for clients and for app servers of a hub. */
export interface QueuedBytes {
  readonly client: number;
  readonly server: number;
}

/** What is read of a hub: a `HubMeter`. */
export interface HubReadings extends Counts {
  readonly name: string;
  /** All that is billed. */
  readonly billed: number;
  /** Connections at the moment. */
  readonly clients: number;
  readonly servers: number;
  readonly closed: CloseCounts;
}

/** What a service shows of itself. Everything is read when somebody asks; nothing but `timed` is told. */
export interface ServiceReadings {
  /** What was counted, by hub; and the connections of all of them. */
  readonly meter: Pick<Meter, 'connections'> & { readonly hubs: ReadonlyMap<string, HubReadings> };
  /** Connections that make 100 %; null for no quota. */
  readonly quota: number | null;
  /** Of the last minute. */
  readonly load: LoadReading;
  readonly eventLoopDelay: Delay;
  /** By the names that the meter has for hubs. Every connection is looked at. */
  readonly queues: ReadonlyMap<string, QueuedBytes>;
  /** Calls `listener` for each message that is timed on its way through the service: some each second. */
  timed(listener: LatencyListener): void;
}
