/**
 * Points side by side with what breaks a line: where points are missing, one that is a gap at either end.
 *
 * @param step milliseconds from one point to the next; undefined where points bring their gaps
 */
export function withGaps(points, step) {
  if (step === undefined) return points;
  const result = [];
  for (const point of points) {
    const before = result.at(-1);
    if (before !== undefined && point.at - before.at > 1.5 * step) {
      result.push({ at: before.at + step, gap: true });
      if (point.at - before.at > 2.5 * step) result.push({ at: point.at - step, gap: true });
    }
    result.push(point);
  }
  return result;
}

/** Stretches of time, side by side from one time to another, each with its points. They begin at round times on the clock of the reader. */
export function binsOf(points, { from, to, step }) {
  const offset = new Date(to).getTimezoneOffset() * 60_000;
  const first = Math.floor((from - offset) / step) * step + offset;
  const bins = Array.from({ length: Math.max(0, Math.ceil((to - first) / step)) }, (_, index) => ({
    at: first + index * step,
    points: [],
  }));
  for (const point of points) {
    if (point.gap !== true) bins[Math.floor((point.at - first) / step)]?.points.push(point);
  }
  return bins;
}
