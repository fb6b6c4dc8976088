import type { TransportName } from '../transport/connection.ts';
import type { EndpointTelemetry } from '../transport/telemetry.ts';
import { EndpointRecord, once, TransportSeries } from './connection-records.ts';
import { HubRecord } from './hub-records.ts';
import type { Metrics } from './metrics.ts';
import type { HubTelemetry, Telemetry } from './telemetry.ts';

/** Fills the instruments of the table with what hosts tell. Hosts that share it are counted together. */
export class Recorder implements Telemetry {
  readonly endpoint: (name: string) => EndpointTelemetry;
  readonly hub: (name: string) => HubTelemetry;

  constructor(metrics: Metrics) {
    const transports = once((transport: TransportName) => new TransportSeries(metrics, transport));
    this.endpoint = once((name) => new EndpointRecord(metrics, transports, name));
    this.hub = once((name) => new HubRecord(metrics, name));
  }
}
