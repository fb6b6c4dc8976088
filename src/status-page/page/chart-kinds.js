import { binsOf, withGaps } from './bins.js';
import { units } from './chart-scales.js';
import { SLOTS } from './slots.js';

/*
 * The charts there are. `modelOf(points, range, to, slots)` makes what one of them shows: `times` in milliseconds, and `columns` with a value, or
 * null, for each of them. A column's `slot` is its colour. Where columns are stacked as bars, `width` is that of a bar, and times are their middles.
 */

const perSecond = (value, { seconds }) => (value === undefined || !(seconds > 0) ? null : value / seconds);

/** What hubs past the limit of the meter are counted under. */
const OTHER = '(other)';

export const kinds = [
  lines('connections', 'Connections', [
    { label: 'clients', unit: units.count, read: (point) => point.clients },
    { label: 'server connections', unit: units.count, read: (point) => point.servers, side: 'right' },
  ]),
  stack('messages', 'Billed messages by hub', {
    rest: 'other hubs',
    entries: (point) => Object.entries(point.hubs ?? {}).filter(([name]) => name !== OTHER),
    whole: (point) => point.billed ?? 0,
    note: ({ source, barWords }) =>
      `To clients and app servers; a bar is ${barWords}.` +
      (source === undefined
        ? ' A hub’s count moves in steps of 100, as on the managed service’s chart; the figures of each hub below are exact.'
        : ''),
  }),
  lines('traffic', 'Traffic', [
    { label: 'in', unit: units.bytes, read: (point) => perSecond(point.bytesIn, point) },
    { label: 'out', unit: units.bytes, read: (point) => perSecond(point.bytesOut, point) },
  ]),
  lines('latency', 'Latency through the service', [
    { label: 'median', unit: units.milliseconds, read: (point) => point.latency?.p50 },
    { label: '99th percentile', unit: units.milliseconds, read: (point) => point.latency?.p99 },
  ]),
  lines('errors', 'Errors and load', [
    { label: 'user errors', unit: units.percent, read: (point) => point.userErrors },
    { label: 'system errors', unit: units.percent, read: (point) => point.systemErrors },
    { label: 'server load', unit: units.load, read: (point) => point.serverLoad, side: 'right', slot: SLOTS + 1, filled: true },
  ]),
  stack('closed', 'Closed client connections', {
    rest: 'other reasons',
    entries: (point) => Object.entries(point.closed ?? {}),
    note: ({ barWords }) => `A bar is ${barWords}.`,
    whole: (point) => Object.values(point.closed ?? {}).reduce((sum, count) => sum + count, 0),
  }),
];

function lines(id, title, series) {
  return {
    id,
    title,
    stacked: false,
    series,
    modelOf(points, { step }) {
      const all = withGaps(points, step);
      return {
        times: all.map(({ at }) => at),
        columns: series.map(({ read, ...column }, index) => ({
          slot: index + 1,
          ...column,
          values: all.map((point) => (point.gap === true ? null : (read(point) ?? null))),
        })),
      };
    },
  };
}

function stack(id, title, { rest, entries, whole, note }) {
  return {
    id,
    title,
    stacked: true,
    note,
    series: Array.from({ length: SLOTS + 1 }, () => ({ unit: units.count })),
    modelOf(points, range, to, slots) {
      const bins = binsOf(points, { from: to - range.span, to, step: range.bar });
      const sums = bins.map((bin) => sumOf(bin.points.flatMap(entries)));
      const names = slots.assign(sumOf(sums.flatMap((sum) => [...sum])));
      const columns = names.map((label, index) => countsOf(label, index + 1, bins, (_, bin) => sums[bin].get(label) ?? 0));
      const others = (at, bin) => {
        const all = bins[bin].points.reduce((sum, point) => sum + whole(point), 0);
        return Math.max(
          0,
          columns.reduce((left, { values }) => left - values[bin], all),
        );
      };
      columns.push(countsOf(rest, SLOTS + 1, bins, others));
      return { times: bins.map(({ at }) => at + range.bar / 2), width: range.bar, columns };
    },
  };
}

/** A column that counts; null where nothing is known. */
function countsOf(label, slot, bins, valueOf) {
  const values = bins.map(({ at, points }, index) => (points.length === 0 ? null : valueOf(at, index)));
  const total = values.reduce((sum, value) => sum + value, 0);
  return { label, slot, unit: units.count, values, total, hidden: total === 0 };
}

function sumOf(pairs) {
  const sums = new Map();
  for (const [name, count] of pairs) sums.set(name, (sums.get(name) ?? 0) + count);
  return sums;
}
