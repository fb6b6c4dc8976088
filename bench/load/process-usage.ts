import { readFileSync } from 'node:fs';

/** What a process has used of the processors since it began, in microseconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** `/proc` counts in hundredths of a second on every architecture that Node runs on. */
const MICROSECONDS_PER_TICK = 10_000;

/** The processor time of a process with all its threads. Undefined where there is no `/proc`, or no such process. */
export function cpuTimeOf(pid: number): CpuTime | undefined {
  const stat = readProcFile(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name, in brackets, may hold spaces and brackets: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) * MICROSECONDS_PER_TICK, system: Number(fields[12]) * MICROSECONDS_PER_TICK };
}

/** The same of several together. */
export function cpuTimeOfAll(pids: readonly number[]): CpuTime | undefined {
  const times = pids.map(cpuTimeOf).filter((time) => time !== undefined);
  if (times.length < pids.length || times.length === 0) return undefined;
  return { user: sum(times.map(({ user }) => user)), system: sum(times.map(({ system }) => system)) };
}

/** Bytes of memory that a process holds (RSS). Undefined where there is no `/proc`, or no such process. */
export function residentOf(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readProcFile(pid, 'status') ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The same of several together. */
export function residentOfAll(pids: readonly number[]): number | undefined {
  const sizes = pids.map(residentOf).filter((size) => size !== undefined);
  return sizes.length < pids.length || sizes.length === 0 ? undefined : sum(sizes);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** How many files and sockets this process may have open. Undefined where there is no `/proc`. */
export function descriptorLimit(): number | undefined {
  const limit = /^Max open files\s+(\S+)/m.exec(readProcFile('self', 'limits') ?? '')?.[1];
  if (limit === undefined) return undefined;
  return limit === 'unlimited' ? Infinity : Number(limit);
}

function readProcFile(pid: number | 'self', name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
