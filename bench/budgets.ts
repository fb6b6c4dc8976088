import type { SystemName, TelemetrySystem } from './peers/peer.ts';
import { titleOf } from './peers/systems.ts';
import type { ScenarioResult } from './rounds.ts';
import { medianFigure, ratioBetween } from './summary.ts';

/** What Signalbox is allowed in a scenario. */
export interface Budget {
  readonly scenario: string;
  readonly system: 'signalbox' | 'signalbox-messagepack' | 'signalbox-service' | TelemetrySystem;
  /** What its figure is divided by: a peer's, Signalbox's own in JSON or in another scenario. Without it the figure itself counts. */
  readonly over?: { readonly system: SystemName } | { readonly scenario: string };
  /** At most. */
  readonly must?: number;
  /** At most, some day. */
  readonly aim?: number;
}

/** The limits against a peer: what must be, and what is aimed at. */
type Limits = readonly [must: number | undefined, aim?: number];

function over(scenario: string, system: SystemName, [must, aim]: Limits, own: Budget['system'] = 'signalbox'): Budget {
  return { scenario, system: own, over: { system }, ...(must !== undefined && { must }), ...(aim !== undefined && { aim }) };
}

function row(scenario: string, ws: number | undefined, kestrel: Limits): readonly Budget[] {
  return [...(ws === undefined ? [] : [over(scenario, 'ws', [ws])]), over(scenario, 'kestrel', kestrel)];
}

const againstSocketIo = ['echo', 'echo16', 'echo4k', 'echorate', 'broadcast-100', 'broadcast-1000', 'broadcast-5000', 'broadcast-15000']
  .concat(['broadcast8', 'broadcast16k', 'groups', 'storm', 'idle', 'ask'])
  .map((scenario) => over(scenario, 'socket.io', [1]));

/** What the way over Redis may add to a delivery, against the same servers without it, each sent every broadcast by itself. */
const farm = [over('farm', 'signalbox-apart', [1.1]), over('farm', 'socket.io', [1]), over('farm8', 'socket.io', [1])];

/** What a message costs on its way through the service, against who does without it. The app server's own work is not counted. */
const service: readonly Budget[] = [
  over('service-echo', 'ws', [2.2], 'signalbox-service'),
  over('service-broadcast', 'signalbox', [1.1], 'signalbox-service'),
  { scenario: 'service-idle', system: 'signalbox-service', must: 9 },
  // What is counted may cost a twentieth.
  ...['service-echo', 'service-echo16', 'service-broadcast'].map((scenario) =>
    over(scenario, 'signalbox-service-unmetered', [1.05], 'signalbox-service'),
  ),
];

export const budgets: readonly Budget[] = [
  ...row('echo', 1.15, [0.85, 0.65]),
  ...row('echo16', 0.32, [1.2, 0.8]),
  over('echo16', 'ws', [0.22], 'signalbox-messagepack'),
  over('echo16', 'signalbox', [0.9], 'signalbox-messagepack'),
  over('echo16', 'kestrel', [undefined, 0.5], 'signalbox-messagepack'),
  ...row('echo4k', 1, [1.25, 0.9]),
  ...row('broadcast-1000', 0.95, [0.7, 0.55]),
  ...row('broadcast8', 0.2, [0.4, 0.2]),
  ...row('broadcast16k', 0.55, [0.4, 0.3]),
  ...row('groups', 0.95, [0.65, 0.5]),
  ...row('stream', 0.06, [1.3, 0.8]),
  ...row('storm', 1.1, [1.2, 0.8]),
  ...row('sse-broadcast', undefined, [0.7, 0.55]),
  ...row('sse', undefined, [0.85, 0.68]),
  ...row('longpolling', undefined, [0.85, 0.68]),
  { scenario: 'idle', system: 'signalbox', must: 8 },
  over('idle', 'kestrel', [0.42, 0.3]),
  { scenario: 'broadcast-15000', system: 'signalbox', over: { scenario: 'broadcast-100' }, must: 2.1, aim: 1.6 },
  over('broadcast-15000', 'kestrel', [0.55]),
  { scenario: 'echo-stateful', system: 'signalbox', over: { scenario: 'echo' }, must: 1.25 },
  { scenario: 'echo16-stateful', system: 'signalbox', over: { scenario: 'echo16' }, must: 1.25 },
  { scenario: 'broadcast-stateful', system: 'signalbox', over: { scenario: 'broadcast-1000' }, must: 1.25 },
  ...againstSocketIo,
  ...farm,
  ...service,
  over('telemetry', 'signalbox', [1.1], 'signalbox-prometheus'),
  over('telemetry', 'signalbox', [1.1], 'signalbox-opentelemetry'),
  over('telemetry16', 'signalbox', [1.1], 'signalbox-prometheus'),
  over('telemetry16', 'signalbox', [1.1], 'signalbox-opentelemetry'),
];

export interface Verdict {
  readonly budget: Budget;
  /** What was measured. Undefined where something for it was not. */
  readonly value: number | undefined;
  /** Undefined where nothing was measured, or the budget has no such limit. */
  readonly mustMet: boolean | undefined;
  readonly aimMet: boolean | undefined;
}

/** Judges the budgets of the scenarios that were run. */
export function judge(results: readonly ScenarioResult[], table: readonly Budget[] = budgets): readonly Verdict[] {
  const byName = new Map(results.map((result) => [result.scenario.name, result]));
  return table.filter(({ scenario }) => byName.has(scenario)).map((budget) => verdictOn(budget, valueOf(budget, byName)));
}

/** Judges one budget by what was measured. */
export function verdictOn(budget: Budget, value: number | undefined): Verdict {
  const within = (limit: number | undefined): boolean | undefined =>
    value === undefined || limit === undefined ? undefined : value <= limit;
  return { budget, value, mustMet: within(budget.must), aimMet: within(budget.aim) };
}

function valueOf({ scenario, system, over: divisor }: Budget, results: ReadonlyMap<string, ScenarioResult>): number | undefined {
  const result = results.get(scenario);
  if (!result) return undefined;
  if (!divisor) return medianFigure(result, system);
  if ('system' in divisor) return ratioBetween(result, system, divisor.system);
  const other = results.get(divisor.scenario);
  const figure = medianFigure(result, system);
  const base = other && medianFigure(other, system);
  return figure === undefined || base === undefined ? undefined : figure / base;
}

/** What a budget is about, in a few words: `× bare ws`. */
export function describeBudget({ system, over: divisor }: Budget): string {
  if (!divisor) return 'KB a connection';
  if ('scenario' in divisor) return `× its own ${divisor.scenario}`;
  return divisor.system === 'signalbox' && system === 'signalbox-messagepack' ? '× its JSON' : `× ${titleOf(divisor.system)}`;
}
