import type { DayRecord } from './day-record.ts';

/** What was used on a day, by all nodes together. */
export interface DayUsage {
  readonly day: string;
  /** Billed messages. */
  readonly messages: number;
  /** The most connections at a time, of clients and app servers. */
  readonly connections: number;
  /** Billed messages by hub, the most first. */
  readonly hubs: Readonly<Record<string, number>>;
}

export interface UsageOptions {
  /** Whether app servers are of classic ASP.NET SignalR: they have a hub of their own beside those that they define. Default false. */
  readonly aspNetSignalR?: boolean;
}

/** Server connections of an app server for one hub, as it begins. */
const CONNECTIONS_OF_A_HUB = 5;

/** What records say was used, by day, the first one first. */
export function usageOf(records: Iterable<DayRecord>, { aspNetSignalR = false }: UsageOptions = {}): readonly DayUsage[] {
  const days = new Map<string, DayRecord[]>();
  for (const record of records) {
    const known = days.get(record.day);
    if (known === undefined) days.set(record.day, [record]);
    else known.push(record);
  }
  const more = aspNetSignalR ? CONNECTIONS_OF_A_HUB : 0;
  return [...days]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, ofDay]) => {
      const hubs = billedByHub(ofDay);
      const messages = [...hubs.values()].reduce((sum, billed) => sum + billed, 0);
      return { day, messages, connections: mostAtATime(ofDay, more), hubs: Object.fromEntries(ranked(hubs)) };
    });
}

/** The most first; of equal ones the first by name. */
export function ranked(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

function billedByHub(records: readonly DayRecord[]): ReadonlyMap<string, number> {
  const hubs = new Map<string, number>();
  for (const record of records) {
    for (const [name, { billedToClients, billedToServers }] of Object.entries(record.hubs)) {
      hubs.set(name, (hubs.get(name) ?? 0) + billedToClients + billedToServers);
    }
  }
  return hubs;
}

/** The highest sum of the peaks of runs that were at the same time: no fewer than there were, as their peaks may have been at different times. */
function mostAtATime(records: readonly DayRecord[], perAppServer: number): number {
  const steps = records.flatMap(({ from, to, peaks }) => {
    const connections = peaks.connections + perAppServer * peaks.appServers;
    // A run that ends as another begins is not beside it; one without a length is there all the same.
    return [
      { at: from, by: connections },
      { at: Math.max(to, from + 1), by: -connections },
    ];
  });
  let now = 0;
  let most = 0;
  for (const { by } of steps.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
