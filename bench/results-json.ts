import { readFileSync } from 'node:fs';
import type { Verdict } from './budgets.ts';
import type { SystemName } from './peers/peer.ts';
import type { Outcome, ScenarioResult } from './rounds.ts';
import { summarize } from './summary.ts';

/** What was measured, and on what. */
export interface Results {
  /** Date, machine, versions and how it was measured, in a line. */
  readonly about: string;
  readonly scenarios: readonly ScenarioResult[];
}

/** Everything that was measured, each round by itself. */
export function asJson({ about, scenarios }: Results, verdicts: readonly Verdict[]): string {
  const saved = scenarios.map((result) => ({
    scenario: result.scenario,
    load: result.load,
    rounds: result.rounds.map((round) => Object.fromEntries(round)),
    summary: summarize(result),
    budgets: verdicts.filter(({ budget }) => budget.scenario === result.scenario.name),
  }));
  return `${JSON.stringify({ about, scenarios: saved }, null, 2)}\n`;
}

interface Saved {
  readonly about?: string;
  readonly date?: string;
  readonly machine?: string;
  readonly scenarios: readonly (Omit<ScenarioResult, 'rounds'> & { readonly rounds: readonly Record<SystemName, Outcome>[] })[];
}

/** What earlier runs measured, from the files that `asJson` made. */
export function readResults(files: readonly string[]): Results {
  const runs = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Saved);
  return {
    about: [...new Set(runs.map(({ about, date, machine }) => about ?? `${date?.slice(0, 10)}, ${machine}.`))].join(' '),
    scenarios: runs.flatMap(({ scenarios }) =>
      scenarios.map(({ rounds, ...result }) => ({
        ...result,
        rounds: rounds.map((round) => new Map(Object.entries(round) as [SystemName, Outcome][])),
      })),
    ),
  };
}
