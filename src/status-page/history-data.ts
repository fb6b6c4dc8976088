import type { HistoryPoint } from '../metering/history-point.ts';

/** What the page's charts show of the time before it was opened: oldest first. */
export interface StatusHistory {
  /** The last 24 hours. */
  readonly minutes: readonly HistoryPoint[];
  /** The last 31 days. */
  readonly hours: readonly HistoryPoint[];
}

/** A history as it goes over the wire: points from a time on, with as many digits as a chart can show. */
export function historyData({ minutes, hours }: StatusHistory, since: number): StatusHistory {
  return { minutes: pointsFrom(minutes, since), hours: pointsFrom(hours, since) };
}

function pointsFrom(points: readonly HistoryPoint[], since: number): readonly HistoryPoint[] {
  return points.filter(({ at }) => at >= since).map(short);
}

function short(point: HistoryPoint): HistoryPoint {
  const { latency, serverLoad, userErrors, systemErrors } = point;
  return {
    ...point,
    latency: latency && { p50: hundredths(latency.p50), p99: hundredths(latency.p99) },
    serverLoad: hundredths(serverLoad),
    userErrors: hundredths(userErrors),
    systemErrors: hundredths(systemErrors),
  };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
