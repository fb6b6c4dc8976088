import { closeCategories } from './close-category.ts';
import { MOST_HUBS } from './folded-point.ts';
import type { HistoryPoint } from './history-point.ts';

/** A point, and an id by which it is known where it was written twice. */
export interface KeptPoint {
  readonly id: string;
  readonly point: HistoryPoint;
}

const numbers = [
  'at',
  'clients',
  'servers',
  'billed',
  'messagesFromClients',
  'messagesToClients',
  'bytesIn',
  'bytesOut',
  'serverLoad',
  'userErrors',
  'systemErrors',
] as const;

export const encodePoint = ({ id, point }: KeptPoint): string => `${JSON.stringify({ id, ...point })}\n`;

/** Undefined for what is no point, from outside. */
export function decodePoint(line: string): KeptPoint | undefined {
  const given = objectIn(line);
  if (given === undefined) return undefined;
  const { id, latency, closed, hubs } = given;
  if (typeof id !== 'string' || !numbers.every((name) => isNumber(given[name]))) return undefined;
  if (!isLatency(latency) || !isCounts(closed) || !isCounts(hubs)) return undefined;
  const counted = Object.fromEntries(numbers.map((name) => [name, given[name]])) as Record<(typeof numbers)[number], number>;
  const point: HistoryPoint = {
    ...counted,
    latency: latency === null ? null : { p50: latency.p50, p99: latency.p99 },
    closed: Object.fromEntries(closeCategories.flatMap((name) => (closed[name] === undefined ? [] : [[name, closed[name]]]))),
    hubs: Object.fromEntries(Object.entries(hubs).slice(0, MOST_HUBS)),
  };
  return { id, point };
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isCounts = (value: unknown): value is Readonly<Record<string, number>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isNumber);

function isLatency(value: unknown): value is HistoryPoint['latency'] {
  if (typeof value !== 'object') return false;
  const { p50, p99 } = (value ?? { p50: 0, p99: 0 }) as { readonly p50?: unknown; readonly p99?: unknown };
  return isNumber(p50) && isNumber(p99);
}
