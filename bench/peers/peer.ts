import type { DialectName } from '../load/dialect.ts';
import type { Work } from '../load/plan.ts';

/** What the bench compares, by the names that its options take. */
export type PeerName = 'ws' | 'floor' | 'socket.io' | 'kestrel';
export type SystemName =
  | 'signalbox'
  | 'signalbox-apart'
  | 'signalbox-messagepack'
  | 'signalbox-service'
  | 'signalbox-service-unmetered'
  | TelemetrySystem
  | PeerName;

/** Signalbox with telemetry: metrics for Prometheus; by OpenTelemetry's SDK counts, these and durations, or these and spans. */
export type TelemetrySystem = 'signalbox-prometheus' | 'signalbox-opentelemetry' | 'signalbox-durations' | 'signalbox-traces';

/** How several servers of a system are under one load: they hear each other over a Redis, or not at all. */
export type FarmKind = 'redis' | 'apart';

/** How a server's process is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** The app server, where it is a service that is measured: started behind it, and told by `SERVICE` how to connect. */
  readonly appServer?: Command;
}

/** A server under load, and how it is spoken to. */
export interface System {
  readonly name: SystemName;
  /** For tables. */
  readonly title: string;
  readonly dialect: DialectName;
  /** The kinds of work it can do over WebSockets. */
  readonly work: ReadonlySet<Work['kind']>;
  /** Whether it has the other transports too. */
  readonly http: boolean;
  /** Whether it has stateful reconnect. Default false. */
  readonly stateful?: boolean;
  /** False where all answers are the same: they can be counted, not checked. */
  readonly numbered: boolean;
  /** How it is measured as several servers, where it can be. With `redis`, its server joins the one that `REDIS_URL` names. */
  readonly farm?: FarmKind;
  /** Measured in scenarios that ask for it, and in no others. */
  readonly only?: 'messagePack' | 'telemetry' | 'farm' | 'service' | 'metering';
  /** Sees to what is needed to start it. A string says why it can't be. */
  command(): Promise<Command | string>;
}
