import { closeCategories, type CloseCategory, type MeteredEndpoint } from './close-category.ts';
import { startOf } from './day.ts';
import { countNames, type Counts } from './hub-meter.ts';
import type { ConnectionCounts } from './meter.ts';

/** Billed messages by the names of what they were for; none of what is not counted by name. */
export type RecordedNames = Readonly<Record<'methods' | 'users' | 'groups', Readonly<Record<string, number>>>>;

/** What was counted of a hub. */
export interface HubRecord extends Counts {
  /** Connections that ended, by why; without those of which there were none. */
  readonly closed: Readonly<Record<MeteredEndpoint, Readonly<Partial<Record<CloseCategory, number>>>>>;
  readonly names?: RecordedNames;
}

/** What one run of a service counted on one day, or on a part of it. */
export interface DayRecord {
  /** Unlike that of any other. Of two records with the same id only the one with the higher `sequence` counts: it has all that the other has. */
  readonly id: string;
  readonly sequence: number;
  /** In UTC: `2026-11-21`. */
  readonly day: string;
  /** The time that it is about, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Of the node that counted: another one after a restart. */
  readonly node: string;
  /** Of this package. */
  readonly version: string;
  /** The most connections at a time. */
  readonly peaks: ConnectionCounts;
  /** By name; without those of which nothing was counted. */
  readonly hubs: Readonly<Record<string, HubRecord>>;
}

const nameSections = ['methods', 'users', 'groups'] as const;

/**
 * Reads what was a record, from outside.
 *
 * @throws Error that says what is wrong
 */
export function readDayRecord(value: unknown): DayRecord {
  const { id, sequence, day, from, to, node, version, peaks, hubs } = groupOf('a record', value);
  if (typeof day !== 'string' || startOf(day) === undefined) throw new Error('day is no day');
  const { clients, servers, connections, appServers } = groupOf('peaks', peaks);
  return {
    id: textOf('id', id),
    sequence: countOf('sequence', sequence),
    day,
    from: countOf('from', from),
    to: countOf('to', to),
    node: textOf('node', node),
    version: textOf('version', version),
    peaks: {
      clients: countOf('peaks.clients', clients),
      servers: countOf('peaks.servers', servers),
      connections: countOf('peaks.connections', connections),
      appServers: countOf('peaks.appServers', appServers),
    },
    hubs: mapped(groupOf('hubs', hubs), readHub),
  };
}

function readHub(value: unknown): HubRecord {
  const given = groupOf('a hub', value);
  const counts = Object.fromEntries(countNames.map((name) => [name, countOf(name, given[name] ?? 0)]));
  const { Client, Server } = groupOf('closed', given['closed'] ?? {});
  const closed = { Client: readCloses(Client ?? {}), Server: readCloses(Server ?? {}) };
  const record = { ...(counts as Record<(typeof countNames)[number], number>), closed };
  return given['names'] === undefined ? record : { ...record, names: readNames(given['names']) };
}

function readCloses(value: unknown): Partial<Record<CloseCategory, number>> {
  const given = groupOf('closed', value);
  return Object.fromEntries(closeCategories.flatMap((name) => (given[name] === undefined ? [] : [[name, countOf(name, given[name])]])));
}

function readNames(value: unknown): RecordedNames {
  const given = groupOf('names', value);
  return Object.fromEntries(
    nameSections.map((section) => [section, mapped(groupOf(section, given[section] ?? {}), (count) => countOf(section, count))]),
  ) as unknown as RecordedNames;
}

const mapped = <Value>(group: Readonly<Record<string, unknown>>, read: (value: unknown) => Value): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(group).map(([name, value]) => [name, read(value)]));

function groupOf(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

function countOf(what: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${what} is not a whole number from 0`);
  return value as number;
}

function textOf(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${what} is not a text`);
  return value;
}
