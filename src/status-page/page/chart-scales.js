import { bytes, compact, count, milliseconds, percent } from './figures.js';

/** What numbers mean: how they are written in a legend and at an axis, where an axis of them ends at the least, and where at the most. */
export const units = {
  count: { format: count, tick: compact, least: 5, whole: true },
  bytes: { format: (value) => `${bytes(value)}/s`, tick: (value) => `${bytes(value)}/s`, least: 1000 },
  milliseconds: { format: milliseconds, tick: milliseconds, least: 1 },
  percent: { format: percent, tick: percent, least: 1, most: 100 },
  load: { format: percent, tick: percent, least: 100, most: 100 },
};

/** Where an axis may end, by the parts that it has then: each is a round number. */
const ENDS = [
  [1, 5],
  [1.2, 4],
  [1.6, 4],
  [2, 4],
  [2.5, 5],
  [4, 4],
  [5, 5],
  [8, 4],
  [10, 5],
];
const PARTS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The end of an axis from zero up that has room for a value, and into how many parts it is divided. */
export function axisFor(highest, { least, most = Infinity }) {
  const wanted = Math.min(most, Math.max(least, highest * 1.05));
  const magnitude = magnitudeOf(wanted);
  const [end, parts] = ENDS.find(([at]) => at * magnitude >= wanted * 0.9999);
  return { end: end * magnitude, parts };
}

/** The same for an axis beside another one, which has this many parts. */
export function axisBeside({ parts }, highest, { least, most = Infinity, whole = false }) {
  if (highest <= least && least === most) return { end: most, parts };
  const wanted = Math.max(least, highest * 1.05) / parts;
  const magnitude = magnitudeOf(wanted);
  const part = PARTS.find((at) => at * magnitude >= wanted && (!whole || Number.isInteger(at * magnitude))) ?? 10;
  return { end: part * magnitude * parts, parts };
}

const magnitudeOf = (value) => 10 ** Math.floor(Math.log10(value));

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The texts of a time axis: times of the day, and the date where one begins. */
export function timeTicks(times) {
  return times.map((time) => {
    const at = new Date(time);
    return at.getHours() === 0 && at.getMinutes() === 0 ? date.format(at) : clock.format(at);
  });
}

/** A point's time in words, or a bar's, of which it is the middle. */
export function timeIn(range, at, width = 0) {
  const format = new Intl.DateTimeFormat('en-GB', range.time);
  return width === 0 ? format.format(at) : format.formatRange(at - width / 2, at + width / 2);
}
