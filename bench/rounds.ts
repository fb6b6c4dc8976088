import { loadavg } from 'node:os';
import { descriptorLimit } from './load/process-usage.ts';
import { measure, type Timing } from './measure.ts';
import type { Measurement } from './measurement.ts';
import type { Command, System, SystemName } from './peers/peer.ts';
import { obstacleToRedis } from './redis-daemon.ts';
import type { Scenario } from './scenario.ts';
import { canRun } from './scenarios.ts';

/** A system that can be started here. */
export interface Contender {
  readonly system: System;
  readonly command: Command;
}

/** What one system came to in one round: a measurement, or why there is none. */
export type Outcome = Measurement | { readonly failed: string };

/** One pass over all systems. */
export type Round = ReadonlyMap<SystemName, Outcome>;

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly rounds: readonly Round[];
  /** The machine's load averages over one minute while it was measured. */
  readonly load: { readonly lowest: number; readonly highest: number };
}

/** Told of each measurement as it is made. */
export interface Watcher {
  begins(scenario: Scenario, round: number, system: System): void;
  ended(scenario: Scenario, system: System, outcome: Outcome): void;
}

/** Descriptors that are not connections. */
const RESERVE = 200;

/** Why a scenario can't be run on this machine, or undefined. */
export function obstacleTo({ transport, connections, farm }: Scenario): string | undefined {
  const limit = descriptorLimit() ?? Infinity;
  const needed = connections * (transport === 'webSockets' ? 1 : 2) + RESERVE;
  if (farm === true && needed <= limit) return obstacleToRedis();
  return needed > limit ? `it takes ${needed} descriptors and there are ${limit}: raise \`ulimit -n\`` : undefined;
}

/** How many measurements a run comes to. */
export function countMeasurements(scenarios: readonly Scenario[], contenders: readonly Contender[], rounds: number): number {
  return scenarios.reduce((sum, scenario) => sum + rounds * contenders.filter(({ system }) => canRun(system, scenario)).length, 0);
}

/** Measures all systems in every round, each time in a fresh process, and begins each round with another one. */
export async function runRounds(
  scenario: Scenario,
  contenders: readonly Contender[],
  count: number,
  timing: Timing,
  watcher: Watcher,
): Promise<ScenarioResult> {
  const able = contenders.filter(({ system }) => canRun(system, scenario));
  const rounds: Round[] = [];
  const load: number[] = [];
  for (let round = 0; round < count; round++) {
    const outcomes = new Map<SystemName, Outcome>();
    for (const { system, command } of rotated(able, round)) {
      load.push(loadavg()[0] ?? 0);
      watcher.begins(scenario, round, system);
      const outcome = await attempt(() => measure(scenario, system, command, timing));
      watcher.ended(scenario, system, outcome);
      outcomes.set(system.name, outcome);
    }
    rounds.push(outcomes);
  }
  return { scenario, rounds, load: { lowest: Math.min(...load), highest: Math.max(...load) } };
}

/** The list beginning with another one each round, so that none always follows the same. */
export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

async function attempt(run: () => Promise<Measurement>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
