import type { TransportName } from '../transport/connection.ts';
import type { EndpointTelemetry } from '../transport/telemetry.ts';
import { EndpointRecord, once, TransportSeries } from './connection-records.ts';
import { HubRecord } from './hub-records.ts';
import type { Instrument } from './instrument.ts';
import type { Metrics } from './metrics.ts';
import { serviceInstruments } from './service-instruments.ts';
import type { ServiceReadings } from './service-readings.ts';
import { ServiceRecord } from './service-record.ts';
import type { HubTelemetry, Telemetry } from './telemetry.ts';

/** Fills the instruments of the tables with what hosts tell and services show. Those that share it are counted together. */
export class Recorder implements Telemetry {
  readonly endpoint: (name: string) => EndpointTelemetry;
  readonly hub: (name: string) => HubTelemetry;
  readonly service: (readings: ServiceReadings) => void;

  /** @param register - has the exporter show more instruments: those of the service, once there is one */
  constructor(metrics: Metrics, register: (instruments: readonly Instrument[]) => void) {
    const transports = once((transport: TransportName) => new TransportSeries(metrics, transport));
    this.endpoint = once((name) => new EndpointRecord(metrics, transports, name));
    this.hub = once((name) => new HubRecord(metrics, name));
    this.service = serviceRecorder(metrics, register);
  }
}

/** The same for services alone. */
export function serviceRecorder(
  metrics: Metrics,
  register: (instruments: readonly Instrument[]) => void,
): (readings: ServiceReadings) => void {
  let record: ServiceRecord | undefined;
  return (readings) => {
    if (record === undefined) {
      register(Object.values(serviceInstruments));
      record = new ServiceRecord(metrics);
    }
    record.add(readings);
  };
}
