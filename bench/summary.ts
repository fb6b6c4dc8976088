import type { CpuTime } from './load/process-usage.ts';
import { countFaults, figureOf, type Measurement } from './measurement.ts';
import type { SystemName } from './peers/peer.ts';
import { systems } from './peers/systems.ts';
import type { ScenarioResult } from './rounds.ts';
import { medianOf, medianRatio, spreadOf, type Spread } from './statistics.ts';

/** One system in all rounds of one scenario. */
export interface SystemSummary {
  readonly system: SystemName;
  /** Rounds that were measured. */
  readonly rounds: number;
  /** Microseconds a message, or kilobytes a connection. */
  readonly figure?: Spread;
  /** Medians of the parts of the CPU time. */
  readonly cpu?: CpuTime;
  readonly perSecond?: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Bytes. */
  readonly resident?: number;
  readonly perCarrier?: number;
  /** Medians of what runs beside the servers: microseconds of its CPU a message, and bytes. */
  readonly besideCpu?: number;
  readonly besideResident?: number;
  /** Rounds in which the load generator kept the server waiting. */
  readonly heldBack: number;
  /** Of all rounds together. */
  readonly faults: number;
  /** What went wrong, in words. */
  readonly examples: readonly string[];
}

const MOST_EXAMPLES = 3;

/** What the rounds of a scenario come to, a row for each system that was tried, in the order of all tables. */
export function summarize(result: ScenarioResult): readonly SystemSummary[] {
  return systems.filter(({ name }) => result.rounds.some((round) => round.has(name))).map(({ name }) => summarizeSystem(result, name));
}

/**
 * How the figure of one system relates to that of another.
 *
 * @returns undefined where they were not measured in the same round
 */
export function ratioBetween(result: ScenarioResult, system: SystemName, other: SystemName): number | undefined {
  return medianRatio(figuresOf(result, system), figuresOf(result, other));
}

export function medianFigure(result: ScenarioResult, system: SystemName): number | undefined {
  return medianOf(figuresOf(result, system));
}

function figuresOf(result: ScenarioResult, system: SystemName): readonly (number | undefined)[] {
  return measurementsOf(result, system).map((one) => one && figureOf(result.scenario, one));
}

function measurementsOf({ rounds }: ScenarioResult, system: SystemName): readonly (Measurement | undefined)[] {
  return rounds.map((round) => {
    const outcome = round.get(system);
    return outcome && 'failed' in outcome ? undefined : outcome;
  });
}

function summarizeSystem(result: ScenarioResult, system: SystemName): SystemSummary {
  const measured = measurementsOf(result, system).filter((one) => one !== undefined);
  const failures = result.rounds.flatMap((round) => {
    const outcome = round.get(system);
    return outcome && 'failed' in outcome ? [`failed: ${outcome.failed}`] : [];
  });
  const figure = spreadOf(figuresOf(result, system).filter((value) => value !== undefined));
  const median = (pick: (one: Measurement) => number | undefined): number | undefined => medianOf(measured.map(pick));
  const user = median(({ cpu }) => cpu?.user);
  const ofSystem = median(({ cpu }) => cpu?.system);
  return {
    system,
    rounds: measured.length,
    heldBack: measured.filter(({ heldBack }) => heldBack).length,
    faults: measured.reduce((sum, { faults }) => sum + countFaults(faults), 0),
    examples: [...failures, ...measured.flatMap(({ examples }) => examples)].slice(0, MOST_EXAMPLES),
    ...(figure && { figure }),
    ...(user !== undefined && ofSystem !== undefined && { cpu: { user, system: ofSystem } }),
    ...optional(
      'perSecond',
      median(({ perSecond }) => perSecond),
    ),
    ...optional(
      'p50',
      median(({ p50 }) => p50),
    ),
    ...optional(
      'p99',
      median(({ p99 }) => p99),
    ),
    ...optional(
      'resident',
      median(({ resident }) => resident),
    ),
    ...optional(
      'perCarrier',
      median(({ perCarrier }) => perCarrier),
    ),
    ...optional(
      'besideCpu',
      median(({ beside }) => beside?.cpu),
    ),
    ...optional(
      'besideResident',
      median(({ beside }) => beside?.resident),
    ),
  };
}

function optional<Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, number>);
}
