import { titleOf } from './peers/systems.ts';
import type { SystemName } from './peers/peer.ts';
import type { ScenarioResult } from './rounds.ts';
import type { Scenario } from './scenario.ts';
import { medianFigure, ratioBetween } from './summary.ts';
import { shown, tableOf } from './table.ts';

/** Who stands in the first column. */
const ownOf = ({ service }: Scenario): SystemName => (service === true ? 'signalbox-service' : 'signalbox');
const references: readonly SystemName[] = ['ws', 'socket.io', 'kestrel'];

/** A row for each scenario: what it costs Signalbox, and how that relates to its peers. */
export function overviewTable(results: readonly ScenarioResult[]): string {
  const head = ['', 'Signalbox', ...references.map((name) => `× ${titleOf(name)}`)];
  const rows = results.map((result) => [
    result.scenario.title,
    costOf(result),
    ...references.map((name) => shown(ratioBetween(result, ownOf(result.scenario), name))),
  ]);
  return tableOf(head, rows);
}

function costOf(result: ScenarioResult): string {
  const { unit, figure } = result.scenario;
  return `${shown(medianFigure(result, ownOf(result.scenario)))} ${figure === 'memory' ? 'KB' : 'µs'} per ${unit}`;
}
