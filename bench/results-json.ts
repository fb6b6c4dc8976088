import type { Verdict } from './budgets.ts';
import { describeMachine } from './machine.ts';
import type { ScenarioResult } from './rounds.ts';
import { summarize } from './summary.ts';

/** Everything that was measured, each round by itself. */
export function asJson(results: readonly ScenarioResult[], verdicts: readonly Verdict[]): string {
  const scenarios = results.map((result) => ({
    scenario: result.scenario,
    load: result.load,
    rounds: result.rounds.map((round) => Object.fromEntries(round)),
    summary: summarize(result),
    budgets: verdicts.filter(({ budget }) => budget.scenario === result.scenario.name),
  }));
  return `${JSON.stringify({ date: new Date().toISOString(), machine: describeMachine(), scenarios }, null, 2)}\n`;
}
