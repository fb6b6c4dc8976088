import { describeBudget, type Verdict } from './budgets.ts';
import type { Work } from './load/plan.ts';
import type { SystemName } from './peers/peer.ts';
import { titleOf } from './peers/systems.ts';
import type { ScenarioResult } from './rounds.ts';
import { yardsticksOf } from './scenarios.ts';
import { ratioBetween, summarize, type SystemSummary } from './summary.ts';
import { shown, tableOf } from './table.ts';

/** Marks a throughput that is the load generator's limit, not the server's. */
const HELD_BACK = '‡';
const MEGABYTE = 1024 * 1024;
/** Milliseconds, of the managed service's rule. */
const LONGEST_LATENCY = 1000;

const plurals: Readonly<Record<ScenarioResult['scenario']['unit'], string>> = {
  echo: 'echoes',
  delivery: 'deliveries',
  item: 'items',
  answer: 'answers',
  connection: 'connections',
};

/** Work whose messages come from the server, one kind of them: how many come in one frame says how a server batches. */
const batched: ReadonlySet<Work['kind']> = new Set(['echo', 'broadcast', 'groups', 'toConnection', 'stream']);

/** What was measured in a scenario: a table of all systems, what went wrong, and the budgets. */
export function scenarioReport(result: ScenarioResult, verdicts: readonly Verdict[]): string {
  const summaries = summarize(result);
  const own = verdicts.filter(({ budget }) => budget.scenario === result.scenario.name);
  return [measuredTable(result, summaries, own), ...remarks(result, summaries), budgetTable(own)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function measuredTable(result: ScenarioResult, summaries: readonly SystemSummary[], verdicts: readonly Verdict[]): string {
  const { scenario } = result;
  const isMemory = scenario.figure === 'memory';
  const isBatched = batched.has(scenario.work.kind);
  const references = yardsticksOf(scenario).filter((name) => summaries.some(({ system }) => system === name));
  const head = [
    'system',
    isMemory ? 'KB a connection' : `CPU µs per ${scenario.unit}`,
    ...(isMemory ? [] : ['user + system']),
    ...references.map((name) => `× ${titleOf(name)}`),
    ...(isMemory ? [] : [`${plurals[scenario.unit]}/s`, 'p50 ms', 'p99 ms']),
    ...(scenario.publishedRate === undefined ? [] : ['equivalent units']),
    ...(isBatched ? ['in one frame'] : []),
    'RSS MB',
    'budget',
  ];
  const rows = summaries.map((summary) => [
    titleOf(summary.system),
    withSpread(summary),
    ...(isMemory ? [] : [summary.cpu ? `${shown(summary.cpu.user)} + ${shown(summary.cpu.system)}` : '']),
    ...references.map((name) => shown(ratioBetween(result, summary.system, name))),
    ...(isMemory ? [] : [throughput(summary), shown(summary.p50), shown(summary.p99)]),
    ...(scenario.publishedRate === undefined ? [] : [unitsOf(summary, scenario.publishedRate)]),
    ...(isBatched ? [shown(summary.perCarrier)] : []),
    summary.resident === undefined ? '' : shown(summary.resident / MEGABYTE),
    mark(verdicts, summary.system),
  ]);
  return tableOf(head, rows);
}

function withSpread({ figure, rounds }: SystemSummary): string {
  if (!figure) return '–';
  return rounds === 1 ? shown(figure.median) : `${shown(figure.median)} (${shown(figure.lowest)}–${shown(figure.highest)})`;
}

function throughput(summary: SystemSummary): string {
  return shown(summary.perSecond) + (isHeldBack(summary) ? ` ${HELD_BACK}` : '');
}

/** Units of the managed service that take as much, by its rule that 99 % of the messages come within a second. */
function unitsOf({ perSecond, p99 }: SystemSummary, publishedRate: number): string {
  if (perSecond === undefined || p99 === undefined) return '';
  return p99 < LONGEST_LATENCY ? shown(perSecond / publishedRate) : `– (p99 over ${LONGEST_LATENCY / 1000} s)`;
}

const isHeldBack = ({ heldBack, rounds }: SystemSummary): boolean => rounds > 0 && heldBack * 2 >= rounds;

/** One word for all budgets of a row. */
function mark(verdicts: readonly Verdict[], system: SystemName): string {
  const own = verdicts.filter(({ budget, value }) => budget.system === system && value !== undefined);
  if (own.length === 0) return '';
  if (own.some(({ mustMet }) => mustMet === false)) return 'missed';
  return own.some(({ aimMet }) => aimMet === false) ? 'met, aim missed' : 'met';
}

function remarks({ scenario, load }: ScenarioResult, summaries: readonly SystemSummary[]): readonly string[] {
  const connections = scenario.connections.toLocaleString('en');
  return [
    summaries.some(isHeldBack) ? `${HELD_BACK} The load generator was the bottleneck: the server could do more than this throughput.` : '',
    whatCame(scenario, summaries),
    whatUnitsAre(scenario),
    whatTookBeside(scenario, summaries),
    `${connections} connections; load average ${shown(load.lowest)} to ${shown(load.highest)}.`,
  ];
}

function whatCame({ unit }: ScenarioResult['scenario'], summaries: readonly SystemSummary[]): string {
  const wrong = summaries.filter(({ faults, examples }) => faults > 0 || examples.length > 0);
  if (wrong.length > 0)
    return `FAULTS. ${wrong.map(({ system, faults, examples }) => `${titleOf(system)}: ${faults} faults. ${examples.join(' · ')}`).join('\n')}`;
  return unit === 'connection' ? '' : 'Every message came, once and in order.';
}

function whatUnitsAre({ publishedRate, unit }: ScenarioResult['scenario']): string {
  if (publishedRate === undefined) return '';
  const rate = `${publishedRate.toLocaleString('en')} ${plurals[unit]} a second`;
  return `Equivalent units: throughput over the ${rate} that are published for one unit of Azure SignalR Service, as long as 99 % come within a second. Here load generator, app server and service share this machine; there each has machines of its own.`;
}

function whatTookBeside({ unit, service }: ScenarioResult['scenario'], summaries: readonly SystemSummary[]): string {
  const took = summaries.flatMap(({ system, besideCpu, besideResident }) => {
    if (besideCpu === undefined) return [];
    const memory = besideResident === undefined ? '' : `, ${shown(besideResident / MEGABYTE)} MB`;
    return [`of ${titleOf(system)} ${shown(besideCpu)} µs of CPU per ${unit}${memory}`];
  });
  return took.length === 0 ? '' : `The ${service === true ? 'app server' : 'Redis'} beside it: ${took.join('; ')}.`;
}

function budgetTable(verdicts: readonly Verdict[]): string {
  const measured = verdicts.filter(({ value }) => value !== undefined);
  if (measured.length === 0) return '';
  const head = ['budget of', 'measured', '', 'must', '', 'aim', ''];
  const rows = measured.map(({ budget, value, mustMet, aimMet }) => [
    titleOf(budget.system),
    shown(value),
    describeBudget(budget),
    limit(budget.must),
    verdict(mustMet),
    limit(budget.aim),
    verdict(aimMet),
  ]);
  return tableOf(head, rows);
}

const limit = (value: number | undefined): string => (value === undefined ? '' : `<= ${value}`);
const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : 'missed');

/** One line on all budgets together. */
export function budgetTotal(verdicts: readonly Verdict[]): string {
  const count = (pick: (one: Verdict) => boolean | undefined): string => {
    const judged = verdicts.map(pick).filter((met) => met !== undefined);
    return `${judged.filter((met) => met).length} of ${judged.length}`;
  };
  return `Budgets: ${count(({ mustMet }) => mustMet)} met; aims: ${count(({ aimMet }) => aimMet)}.`;
}
