import type { HistoryPoint } from '../../src/metering/history-point.ts';
import type { StatusHistory } from '../../src/status-page/history-data.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A point of a service with as much to do as the time of the day suggests. */
export function samplePoint(at: number, step: number, changes: Partial<HistoryPoint> = {}): HistoryPoint {
  const day = 0.6 - 0.4 * Math.cos((at / (24 * HOUR)) * 2 * Math.PI);
  const busy = day * (1 + 0.12 * Math.sin(at / 7e5) + 0.06 * Math.sin(at / 1.3e5));
  const billed = Math.round((busy * 9000 * step) / MINUTE);
  return {
    at,
    clients: Math.round(1400 * busy),
    servers: 10,
    billed,
    messagesFromClients: Math.round(billed / 12),
    messagesToClients: billed,
    bytesIn: Math.round(billed * 48),
    bytesOut: Math.round(billed * 430),
    latency: { p50: 0.411_234 + busy / 9, p99: 2.123_456 + busy * 2 },
    serverLoad: 31.234_56 * busy,
    userErrors: 0.4 * busy,
    systemErrors: at % (3 * HOUR) < step ? 0.25 : 0,
    closed: { Normal: Math.round((busy * 30 * step) / MINUTE), PingTimeout: Math.round((busy * 2 * step) / MINUTE) },
    hubs: { chathub: Math.round(billed * 0.6), myapp_notifications: Math.round(billed * 0.25) },
    ...changes,
  };
}

/** A day in minutes and a month in hours, to now. The service was down for two hours of the day, and for three days of the month. */
export function sampleHistory(now: number, change: (point: HistoryPoint) => HistoryPoint = (point) => point): StatusHistory {
  const pointsOf = (count: number, step: number, down: readonly [from: number, to: number]): readonly HistoryPoint[] => {
    const last = Math.floor(now / step) * step;
    const times = Array.from({ length: count }, (_, index) => last - (count - index) * step);
    return times.filter((_, index) => index < down[0] || index >= down[1]).map((at) => change(samplePoint(at, step)));
  };
  return { minutes: pointsOf(24 * 60, MINUTE, [600, 720]), hours: pointsOf(31 * 24, HOUR, [200, 272]) };
}
