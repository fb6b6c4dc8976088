import type { Measurement } from '../../bench/measurement.ts';
import type { SystemName } from '../../bench/peers/peer.ts';
import type { Outcome, ScenarioResult } from '../../bench/rounds.ts';
import { scenarioNamed } from '../../bench/scenarios.ts';

const NONE = { lost: 0, swapped: 0, repeated: 0, wrong: 0, closed: 0 };

/** A measurement with this CPU time a message, half of it in the system, and as many kilobytes a connection. */
export function measured(figure: number, changes: Partial<Measurement> = {}): Measurement {
  return {
    messages: 1000,
    seconds: 1,
    perSecond: 1000,
    cpu: { user: figure / 2, system: figure / 2 },
    p50: 1,
    p99: 2,
    resident: 64 * 1024 * 1024,
    perConnection: figure * 1024,
    perCarrier: 1,
    serverCores: 1,
    generatorCores: 0.5,
    heldBack: false,
    faults: NONE,
    examples: [],
    ...changes,
  };
}

/** A scenario with an outcome for each system in each round; a number is a figure. */
export function resultOf(name: string, rounds: readonly Partial<Record<SystemName, number | Outcome>>[]): ScenarioResult {
  const scenario = scenarioNamed(name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  const outcomes = rounds.map(
    (round) =>
      new Map(
        Object.entries(round).map(([system, outcome]) => [system as SystemName, typeof outcome === 'number' ? measured(outcome) : outcome]),
      ),
  );
  return { scenario, rounds: outcomes, load: { lowest: 0.5, highest: 1.25 } };
}
