import type { DayRecord, RecordedNames } from './day-record.ts';

/** Billed messages of a hub that were about a method, a user or a group. */
export interface NamedUsage {
  readonly hub: string;
  readonly name: string;
  readonly billed: number;
}

/** Each is empty where nobody counts it; the most first. */
export type UsageByName = Readonly<Record<keyof RecordedNames, readonly NamedUsage[]>>;

/** What records say of who made the traffic, where that was counted. */
export function usageByName(records: readonly DayRecord[]): UsageByName {
  return { methods: ranking(records, 'methods'), users: ranking(records, 'users'), groups: ranking(records, 'groups') };
}

function ranking(records: readonly DayRecord[], kind: keyof RecordedNames): readonly NamedUsage[] {
  const hubs = new Map<string, Map<string, number>>();
  for (const record of records) {
    for (const [hub, { names }] of Object.entries(record.hubs)) {
      const sums = hubs.get(hub) ?? new Map<string, number>();
      hubs.set(hub, sums);
      for (const [name, billed] of Object.entries(names?.[kind] ?? {})) sums.set(name, (sums.get(name) ?? 0) + billed);
    }
  }
  const all = [...hubs].flatMap(([hub, sums]) => [...sums].map(([name, billed]) => ({ hub, name, billed })));
  return all.toSorted((a, b) => b.billed - a.billed || (`${a.hub}\n${a.name}` < `${b.hub}\n${b.name}` ? -1 : 1));
}
