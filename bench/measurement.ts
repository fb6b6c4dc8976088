import { LatencyHistogram } from './load/latency-histogram.ts';
import type { LoadReport } from './load/plan.ts';
import type { CpuTime } from './load/process-usage.ts';
import type { FaultCounts } from './load/tally.ts';
import type { Scenario } from './scenario.ts';

/** One system in one round of one scenario. */
export interface Measurement {
  readonly messages: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Microseconds of the server's CPU per message. Undefined where it can't be read. */
  readonly cpu?: CpuTime;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** Bytes the server holds with all connections. */
  readonly resident?: number;
  /** Bytes of that for each connection. */
  readonly perConnection?: number;
  /** Messages in one WebSocket message, event or body, on average. */
  readonly perCarrier: number;
  /** Of what runs beside the servers, a Redis or an app server: microseconds of its CPU per message, and the bytes that it holds. */
  readonly beside?: { readonly cpu: number; readonly resident?: number };
  /** Cores in use, on average. */
  readonly serverCores?: number;
  /** The same of the busiest load generator. */
  readonly generatorCores: number;
  /** Whether the load generator kept the server waiting: more throughput was possible. */
  readonly heldBack: boolean;
  readonly faults: FaultCounts;
  readonly examples: readonly string[];
}

const BUSY = 0.9;

/** What the reports of load generators that worked together come to. */
export function measurementOf(reports: readonly LoadReport[]): Measurement {
  const [first] = reports;
  if (!first) throw new RangeError('no reports');
  const { seconds, server, resident } = first;
  const sum = (pick: (report: LoadReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const messages = sum((report) => report.messages);
  const serverCores = server && coresIn(server, seconds);
  const generatorCores = Math.max(...reports.map((report) => coresIn(report.generator, report.seconds)));
  return {
    messages,
    seconds,
    perSecond: messages / seconds,
    perCarrier:
      messages /
      Math.max(
        1,
        sum((report) => report.carriers),
      ),
    generatorCores,
    heldBack: generatorCores >= BUSY && serverCores !== undefined && serverCores < BUSY,
    faults: faultsOf(reports),
    examples: reports.flatMap((report) => report.examples),
    ...latencyOf(reports),
    ...besideOf(first, messages),
    ...(server && messages > 0 && { cpu: { user: server.user / messages, system: server.system / messages } }),
    ...(serverCores !== undefined && { serverCores }),
    ...(resident && {
      resident: resident.after,
      perConnection: (resident.after - resident.before) / sum((report) => report.connections),
    }),
  };
}

/** The figure that systems are compared by in a scenario: microseconds a message, or kilobytes a connection. */
export function figureOf({ figure }: Scenario, { cpu, perConnection }: Measurement): number | undefined {
  if (figure === 'memory') return perConnection === undefined ? undefined : perConnection / 1024;
  return cpu && cpu.user + cpu.system;
}

export function countFaults({ lost, swapped, repeated, wrong, closed }: FaultCounts): number {
  return lost + swapped + repeated + wrong + closed;
}

const coresIn = ({ user, system }: CpuTime, seconds: number): number => (user + system) / 1e6 / seconds;

function besideOf({ beside, besideResident }: LoadReport, messages: number): Pick<Measurement, 'beside'> {
  if (beside === undefined || messages === 0) return {};
  return { beside: { cpu: (beside.user + beside.system) / messages, ...(besideResident !== undefined && { resident: besideResident }) } };
}

function faultsOf(reports: readonly LoadReport[]): FaultCounts {
  const total = { lost: 0, swapped: 0, repeated: 0, wrong: 0, closed: 0 };
  for (const { faults } of reports) {
    total.lost += faults.lost;
    total.swapped += faults.swapped;
    total.repeated += faults.repeated;
    total.wrong += faults.wrong;
    total.closed += faults.closed;
  }
  return total;
}

function latencyOf(reports: readonly LoadReport[]): { readonly p50?: number; readonly p99?: number } {
  const latency = new LatencyHistogram();
  for (const report of reports) latency.merge(report.latency);
  const p50 = latency.quantile(0.5);
  const p99 = latency.quantile(0.99);
  return p50 === undefined || p99 === undefined ? {} : { p50, p99 };
}
