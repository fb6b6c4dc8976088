import type { DialectName } from './dialect.ts';
import type { PackedHistogram } from './latency-histogram.ts';
import type { Endpoint, TransportName } from './link.ts';
import type { CpuTime } from './process-usage.ts';
import type { FaultCounts } from './tally.ts';

/** What the clients do. Sizes are characters. */
export type Work =
  | { readonly kind: 'echo'; readonly size: number; readonly depth: number; readonly perSecond?: number }
  | { readonly kind: 'broadcast'; readonly size: number; readonly inFlight: number }
  | { readonly kind: 'groups'; readonly size: number; readonly groups: number }
  | { readonly kind: 'toConnection'; readonly size: number }
  | { readonly kind: 'stream'; readonly items: number }
  | { readonly kind: 'upload'; readonly items: number }
  | { readonly kind: 'ask'; readonly size: number }
  | { readonly kind: 'storm' }
  | { readonly kind: 'idle' };

/** What one load generator does, as plain data. */
export interface LoadPlan {
  readonly endpoint: Endpoint;
  /** The process of the server, where it is on this machine, so that its CPU and memory are read. */
  readonly pid?: number;
  /** Further servers: connections go to all of them in turn, and what these cost is added. */
  readonly others?: readonly { readonly endpoint: Endpoint; readonly pid: number }[];
  /** Whether the servers do not hear each other, so that each has to be sent every broadcast. Default false. */
  readonly apart?: boolean;
  /** The process that runs beside them and is counted apart, the Redis between them or a service's app server: its CPU and memory are read, too. */
  readonly besidePid?: number;
  readonly dialect: DialectName;
  readonly transport: TransportName;
  readonly connections: number;
  readonly work: Work;
  /** Milliseconds of load before the measured window. */
  readonly warmUp: number;
  /** Milliseconds of the measured window. A storm takes as long as it takes. */
  readonly duration: number;
  /** Milliseconds that what is under way has to come in when nothing new is sent any more. */
  readonly settling: number;
  /** False for a server whose answers are all the same: they can be counted, not checked. */
  readonly numbered: boolean;
  /** This generator's number among those that work together, from 0. The first one sends broadcasts. */
  readonly generator: number;
}

/** Where a run pauses until it is let go on: before it connects, sends and measures, and behind each of these. */
export type Stage = 'connecting' | 'connected' | 'warm' | 'measured';

/** What one load generator found. */
export interface LoadReport {
  readonly connections: number;
  /** In the measured window, as is all that follows up to `latency`. */
  readonly messages: number;
  /** WebSocket messages, events and bodies that brought them and everything else. */
  readonly carriers: number;
  readonly seconds: number;
  /** The time of the server's process, or of all of them. Undefined where it can't be read. */
  readonly server?: CpuTime;
  /** The same of what runs beside them. */
  readonly beside?: CpuTime;
  /** This generator's own. */
  readonly generator: CpuTime;
  readonly latency: PackedHistogram;
  /** Bytes the server process held before the first connection, and behind the window with all of them. */
  readonly resident?: { readonly before: number; readonly after: number };
  /** Bytes that what runs beside them held behind the window. */
  readonly besideResident?: number;
  /** Of the whole run. */
  readonly faults: FaultCounts;
  /** The first few faults, in words. */
  readonly examples: readonly string[];
}
