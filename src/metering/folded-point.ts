import type { CloseCategory } from './close-category.ts';
import type { HistoryPoint } from './history-point.ts';

/** Hubs of a point: those with the most billed messages. */
export const MOST_HUBS = 20;

const sums = ['billed', 'messagesFromClients', 'messagesToClients', 'bytesIn', 'bytesOut'] as const;
const most = ['clients', 'servers'] as const;
const averages = ['serverLoad', 'userErrors', 'systemErrors'] as const;

type Numbers = Omit<HistoryPoint, 'at' | 'latency' | 'closed' | 'hubs'>;

/**
 * Several points as one: what is counted summed, connections the most of them, percentages averaged, latency the median of the medians and the
 * worst of the others, hubs the busiest of the sums.
 */
export function foldPoints(at: number, points: readonly HistoryPoint[]): HistoryPoint {
  const [only] = points;
  if (only !== undefined && points.length === 1) return only.at === at ? only : { ...only, at };
  const numbers = Object.fromEntries([
    ...sums.map((name) => [name, sumOf(points.map((point) => point[name]))]),
    ...most.map((name) => [name, Math.max(0, ...points.map((point) => point[name]))]),
    ...averages.map((name) => [name, sumOf(points.map((point) => point[name])) / Math.max(1, points.length)]),
  ]) as unknown as Numbers;
  return {
    at,
    ...numbers,
    latency: latencyOf(points),
    closed: Object.fromEntries(summed(points.map(({ closed }) => closed))) as Partial<Record<CloseCategory, number>>,
    hubs: busiest(summed(points.map(({ hubs }) => hubs))),
  };
}

/** Of those that have any messages, the ones with the most; of equal ones the first by name. */
export function busiest(hubs: Iterable<readonly [string, number]>): Readonly<Record<string, number>> {
  const busy = [...hubs].filter(([, billed]) => billed > 0);
  return Object.fromEntries(busy.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, MOST_HUBS));
}

function latencyOf(points: readonly HistoryPoint[]): HistoryPoint['latency'] {
  const measured = points.flatMap(({ latency }) => latency ?? []);
  if (measured.length === 0) return null;
  const medians = measured.map(({ p50 }) => p50).toSorted((a, b) => a - b);
  return { p50: medians[Math.floor(medians.length / 2)] as number, p99: Math.max(...measured.map(({ p99 }) => p99)) };
}

function summed(records: readonly Readonly<Partial<Record<string, number>>>[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const record of records) for (const [name, count] of Object.entries(record)) all.set(name, (all.get(name) ?? 0) + (count ?? 0));
  return all;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
