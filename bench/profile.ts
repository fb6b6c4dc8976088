import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, type Timing } from './measure.ts';
import type { Contender } from './rounds.ts';
import type { Scenario } from './scenario.ts';
import { shown, tableOf } from './table.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** V8's CPU profile: which node of the call tree was at work in each sample, and how long it was since the one before. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

interface AllocationNode {
  readonly callFrame: CallFrame;
  /** Bytes, estimated from the samples. */
  readonly selfSize: number;
  readonly children: readonly AllocationNode[];
}

/** V8's sampling heap profile. */
export interface AllocationProfile {
  readonly head: AllocationNode;
}

/** What one function takes by itself, without those that it calls. */
export interface Cost {
  readonly name: string;
  readonly amount: number;
}

const MOST = 10;
const IDLE = '(idle)';
const profiles = fileURLToPath(new URL('profiles/', import.meta.url));
const home = new URL('.', import.meta.url).href.replace(/build\/bench\/$/, '');

/**
 * Has a scenario run on Signalbox twice, once for each kind of profile, so that sampling allocations does not show in the CPU's.
 *
 * @returns the ten most expensive functions of both, and where the profiles are
 */
export async function profileReport(scenario: Scenario, { system, command }: Contender, timing: Timing): Promise<string> {
  await mkdir(profiles, { recursive: true });
  const run = async (kind: 'cpu' | 'allocations', file: string): Promise<number> => {
    const { messages } = await measure(scenario, system, command, timing, async (stage, server) => {
      if (stage === 'warm') await server.command(`profile ${kind}`);
      if (stage === 'measured') await server.command(`save ${file}`);
    });
    return messages;
  };
  const cpuFile = join(profiles, `${scenario.name}-${system.name}.cpuprofile`);
  const heapFile = join(profiles, `${scenario.name}-${system.name}.heapprofile`);
  const timed = await run('cpu', cpuFile);
  const allocated = await run('allocations', heapFile);
  const cpu = selfTimes(JSON.parse(await readFile(cpuFile, 'utf8')) as CpuProfile);
  const heap = allocations(JSON.parse(await readFile(heapFile, 'utf8')) as AllocationProfile);
  return [
    costTable(`self time, µs per ${scenario.unit}`, cpu, timed),
    costTable(`allocated bytes per ${scenario.unit}`, heap, allocated),
    `Whole profiles, for Chromium's or VS Code's tools: ${relative('', cpuFile)} and ${relative('', heapFile)}`,
  ].join('\n\n');
}

/** Microseconds by function, the largest first, without the time in which there was nothing to do. */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: CpuProfile): readonly Cost[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [i, id] of samples.entries()) add(times, names.get(id) ?? IDLE, Math.max(0, timeDeltas[i] ?? 0));
  times.delete(IDLE);
  return sorted(times);
}

/** Bytes by function, the largest first; what was collected meanwhile counts too. */
export function allocations({ head }: AllocationProfile): readonly Cost[] {
  const sizes = new Map<string, number>();
  const visit = ({ callFrame, selfSize, children }: AllocationNode): void => {
    if (selfSize > 0) add(sizes, nameOf(callFrame), selfSize);
    for (const child of children) visit(child);
  };
  visit(head);
  return sorted(sizes);
}

function add(sums: Map<string, number>, name: string, amount: number): void {
  sums.set(name, (sums.get(name) ?? 0) + amount);
}

function sorted(sums: ReadonlyMap<string, number>): readonly Cost[] {
  return [...sums].map(([name, amount]) => ({ name, amount })).toSorted((a, b) => b.amount - a.amount);
}

/** `send dist/hub/targets.js:12`. What is not a function of a file has its name only. */
function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  // Modules go by URL in profiles, CommonJS by path.
  return url === '' ? name : `${name} ${url.replace(home, '').replace(fileURLToPath(home), '')}:${lineNumber + 1}`;
}

function costTable(title: string, costs: readonly Cost[], messages: number): string {
  const total = costs.reduce((sum, { amount }) => sum + amount, 0);
  const row = ({ name, amount }: Cost): readonly string[] => [
    name,
    shown(amount / Math.max(1, messages)),
    `${((amount / Math.max(1, total)) * 100).toFixed(1)} %`,
  ];
  return tableOf(['function', title, 'share'], [...costs.slice(0, MOST).map(row), row({ name: 'all', amount: total })]);
}
