import { closeCategories, type CloseCategory, type MeteredEndpoint } from './close-category.ts';
import type { HubRecord, RecordedNames } from './day-record.ts';
import { countNames, type Counts, type HubMeter } from './hub-meter.ts';
import type { HubNames, NameCounts } from './name-counts.ts';

/** Billed messages by name; undefined where they are not counted so. */
type Names = Readonly<Record<keyof HubNames, ReadonlyMap<string, number> | undefined>>;

/** What a hub had counted at one time. */
export interface HubCounts {
  /** The counts in the order of `countNames`, then the ends of clients and of server connections, in the order of `closeCategories`. */
  readonly values: Float64Array;
  readonly names: Names | undefined;
}

const CLOSES = closeCategories.length;
const CLIENT = countNames.length;
const SERVER = CLIENT + CLOSES;
const SIZE = SERVER + CLOSES;

export function countsNow(hub: HubMeter): HubCounts {
  const { names } = hub;
  const values = new Float64Array(SIZE);
  let at = 0;
  for (const name of countNames) values[at++] = hub[name];
  values.set(hub.closed.Client, CLIENT);
  values.set(hub.closed.Server, SERVER);
  return { values, names: names && { methods: copyOf(names.methods), users: copyOf(names.users), groups: copyOf(names.groups) } };
}

/** A number that grows with every count. */
export function sizeOf(hub: HubMeter): number {
  let sum = 0;
  for (const name of countNames) sum += hub[name];
  for (const count of hub.closed.Client) sum += count;
  for (const count of hub.closed.Server) sum += count;
  return sum;
}

/** What was counted between two times; undefined where that is nothing. */
export function countedBetween(before: HubCounts | undefined, after: HubCounts): HubRecord | undefined {
  const values = before === undefined ? after.values : after.values.map((value, at) => value - (before.values[at] as number));
  const names = after.names && namesBetween(before?.names, after.names);
  if (values.every((value) => value === 0) && names === undefined) return undefined;
  const counts = Object.fromEntries(countNames.map((name, at) => [name, values[at]])) as unknown as Counts;
  const closed: Record<MeteredEndpoint, Partial<Record<CloseCategory, number>>> = {
    Client: closesOf(values.subarray(CLIENT, SERVER)),
    Server: closesOf(values.subarray(SERVER)),
  };
  return names === undefined ? { ...counts, closed } : { ...counts, closed, names };
}

/** Without those of which there are none. */
export function closesOf(counts: Float64Array): Partial<Record<CloseCategory, number>> {
  return Object.fromEntries(closeCategories.flatMap((category, at) => (counts[at] === 0 ? [] : [[category, counts[at]]])));
}

function namesBetween(before: Names | undefined, after: Names): RecordedNames | undefined {
  const methods = sectionBetween(before?.methods, after.methods);
  const users = sectionBetween(before?.users, after.users);
  const groups = sectionBetween(before?.groups, after.groups);
  const isEmpty = [methods, users, groups].every((section) => Object.keys(section).length === 0);
  return isEmpty ? undefined : { methods, users, groups };
}

function sectionBetween(
  before: ReadonlyMap<string, number> | undefined,
  after: ReadonlyMap<string, number> = new Map(),
): Readonly<Record<string, number>> {
  const counted: (readonly [string, number])[] = [];
  for (const [name, count] of after) {
    const more = count - (before?.get(name) ?? 0);
    if (more > 0) counted.push([name, more]);
  }
  return Object.fromEntries(counted);
}

const copyOf = (names: NameCounts | undefined): ReadonlyMap<string, number> | undefined => names && new Map(names.counts);
