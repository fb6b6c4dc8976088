import type { TransportName } from './load/link.ts';
import type { Work } from './load/plan.ts';
import type { SystemName } from './peers/peer.ts';

/** One thing that servers are compared in. */
export interface Scenario {
  readonly name: string;
  /** What happens, for the head of a table. */
  readonly title: string;
  /** What is counted, in the singular. */
  readonly unit: 'echo' | 'delivery' | 'item' | 'answer' | 'connection';
  /** What servers are compared by: CPU per unit, or memory per connection. */
  readonly figure: 'cpu' | 'memory';
  readonly transport: TransportName;
  readonly connections: number;
  readonly work: Work;
  /** Whether Signalbox is measured with MessagePack, too. */
  readonly messagePack?: boolean;
  /** Whether Signalbox is measured with telemetry, too, and its peers are not. */
  readonly telemetry?: boolean;
  /** Whether the connections are spread over several servers, `FARM` of them. */
  readonly farm?: boolean;
  /** Whether Signalbox is measured as a service with an app server behind it, too. */
  readonly service?: boolean;
  /** Whether that is measured without its metering, too. */
  readonly metering?: boolean;
  /** Who else is measured. Default: all that can do it. */
  readonly peers?: readonly SystemName[];
  /** Messages out a second that the managed service's vendor publishes for one unit of it. */
  readonly publishedRate?: number;
  /** The scenarios that make up one table, a row each. */
  readonly series?: 'sizes';
  /** Run only where it is asked for: it takes many descriptors. */
  readonly large?: boolean;
  /** One of the few of a smoke run. */
  readonly quick?: boolean;
}

/** Characters of a short text. */
export const SHORT = 32;
export const overWebSockets = { transport: 'webSockets', figure: 'cpu' } as const;

export function echo(name: string, title: string, connections: number, size: number, depth: number): Scenario {
  return { ...overWebSockets, name, title, unit: 'echo', connections, work: { kind: 'echo', size, depth } };
}

export function broadcast(name: string, title: string, connections: number, size: number, inFlight: number): Scenario {
  return { ...overWebSockets, name, title, unit: 'delivery', connections, work: { kind: 'broadcast', size, inFlight } };
}
