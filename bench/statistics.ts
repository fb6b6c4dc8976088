/** The middle of several values, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const above = sorted[Math.trunc(sorted.length / 2)];
  const below = sorted[Math.trunc((sorted.length - 1) / 2)];
  if (lowest === undefined || highest === undefined || above === undefined || below === undefined) return undefined;
  return { median: (below + above) / 2, lowest, highest };
}

/** The median of values, of which some may be missing. Undefined when all are. */
export function medianOf(values: readonly (number | undefined)[]): number | undefined {
  return spreadOf(values.filter((value) => value !== undefined))?.median;
}

/**
 * The median of the ratios of values that were measured in the same round. Rounds drift: a ratio of two medians would compare rounds
 * that have nothing to do with each other.
 */
export function medianRatio(values: readonly (number | undefined)[], others: readonly (number | undefined)[]): number | undefined {
  return medianOf(
    values.map((value, round) => {
      const other = others[round];
      return value === undefined || other === undefined || other === 0 ? undefined : value / other;
    }),
  );
}
