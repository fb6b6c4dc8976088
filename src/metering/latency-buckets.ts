/** Upper bounds of the buckets in which latencies through the service are counted, in seconds. */
export const latencyBounds = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** How many values are in each bucket, not counting those in lower ones; the last one has no bound. */
export type BucketCounts = Float64Array;

export const newBuckets = (): BucketCounts => new Float64Array(latencyBounds.length + 1);

/** The bucket that a latency belongs to. */
export function bucketOf(seconds: number): number {
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket++;
  return bucket;
}

/**
 * The latency in seconds that a part of the values between two readings of growing counts do not exceed, as `histogram_quantile` of Prometheus has it:
 * values are taken to be spread evenly over their bucket, and what is past the last bound to be that. Undefined where there were none.
 *
 * @param part - from 0 to 1
 */
export function quantile(part: number, before: BucketCounts, now: BucketCounts): number | undefined {
  const count = (bucket: number): number => (now[bucket] as number) - (before[bucket] as number);
  let total = 0;
  for (let bucket = 0; bucket < now.length; bucket++) total += count(bucket);
  if (total === 0) return undefined;
  const rank = part * total;
  let below = 0;
  for (const [bucket, bound] of latencyBounds.entries()) {
    const here = count(bucket);
    const lower = latencyBounds[bucket - 1] ?? 0;
    if (here > 0 && below + here >= rank) return lower + ((bound - lower) * (rank - below)) / here;
    below += here;
  }
  return latencyBounds[latencyBounds.length - 1];
}
