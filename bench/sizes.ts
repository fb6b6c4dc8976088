import { judge } from './budgets.ts';
import type { SystemName } from './peers/peer.ts';
import { titleOf } from './peers/systems.ts';
import { scenarioReport } from './report.ts';
import type { ScenarioResult } from './rounds.ts';
import { ratioBetween, summarize, type SystemSummary } from './summary.ts';
import { shown, tableOf } from './table.ts';

const own: SystemName = 'signalbox-service';
const reference: SystemName = 'ws';
const MEGABYTE = 1024 * 1024;

export const isOfSizes = ({ scenario }: ScenarioResult): boolean => scenario.series === 'sizes';

/** A row for each size of those that were measured: what an echo costs through the service and without it, and how long it takes. */
export function sizesReport(results: readonly ScenarioResult[]): string {
  const ofSizes = results.filter(isOfSizes);
  const [ownTitle, referenceTitle] = [titleOf(own), titleOf(reference)];
  const head = [
    'characters',
    `${ownTitle}: CPU µs`,
    `${referenceTitle}: CPU µs`,
    `× ${referenceTitle}`,
    'app server: CPU µs',
    `${ownTitle}: p50 ms`,
    'p99 ms',
    'MB/s',
    `${referenceTitle}: p50 ms`,
    'p99 ms',
    'MB/s',
  ];
  return [
    tableOf(head, ofSizes.map(rowOf)),
    ...ofSizes.flatMap(faultsOf),
    'Echoes, depth 1; CPU is of one echo, and megabytes count one way.',
  ].join('\n\n');
}

function rowOf(result: ScenarioResult): readonly string[] {
  const { work } = result.scenario;
  const size = 'size' in work ? work.size : 0;
  const summaries = summarize(result);
  const find = (name: SystemName): SystemSummary | undefined => summaries.find(({ system }) => system === name);
  const mine = find(own);
  const others = find(reference);
  return [
    size.toLocaleString('en'),
    shown(mine?.figure?.median),
    shown(others?.figure?.median),
    shown(ratioBetween(result, own, reference)),
    shown(mine?.besideCpu),
    ...speedOf(mine, size),
    ...speedOf(others, size),
  ];
}

function speedOf(summary: SystemSummary | undefined, size: number): readonly string[] {
  const { p50, p99, perSecond } = summary ?? {};
  return [shown(p50), shown(p99), shown(perSecond === undefined ? undefined : (perSecond * size) / MEGABYTE)];
}

/** The whole report of a size at which something went wrong. */
function faultsOf(result: ScenarioResult): readonly string[] {
  const wrong = summarize(result).some(({ faults, examples }) => faults > 0 || examples.length > 0);
  return wrong ? [`${result.scenario.title}\n\n${scenarioReport(result, judge([result]))}`] : [];
}
