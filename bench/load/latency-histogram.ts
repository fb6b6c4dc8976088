/** Counts by bucket, without the empty ones: index, count, index, count… */
export type PackedHistogram = readonly number[];

/** Values up to this many microseconds have a bucket each; above, a doubling has this many buckets, so that no value is off by more than 1.6 %. */
const FINE = 64;
const FINE_BITS = 6;
const BUCKETS = FINE * 27;

/** Latencies, in buckets that grow with them: adding one is a few instructions, whatever their range. */
export class LatencyHistogram {
  readonly #counts: Float64Array = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(milliseconds: number): void {
    const index = bucketOf(milliseconds * 1000);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The latency that `share` of all are not above, in milliseconds; undefined without any. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.#total * share));
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return middleOf(index) / 1000;
    }
    return undefined;
  }

  pack(): PackedHistogram {
    return [...this.#counts.entries()].filter(([, count]) => count > 0).flat();
  }

  merge(packed: PackedHistogram): void {
    for (let i = 0; i + 1 < packed.length; i += 2) {
      const index = packed[i] ?? 0;
      const count = packed[i + 1] ?? 0;
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
      this.#total += count;
    }
  }
}

function bucketOf(microseconds: number): number {
  // A clock that was set back, and half an hour, end here too.
  const value = Math.max(0, Math.min(0x7fff_ffff, Math.trunc(microseconds)));
  if (value < FINE) return value;
  const doubling = 31 - Math.clz32(value) - FINE_BITS;
  return Math.min(BUCKETS - 1, FINE * (doubling + 1) + ((value >> doubling) - FINE));
}

function middleOf(index: number): number {
  if (index < FINE) return index;
  const doubling = Math.trunc(index / FINE) - 1;
  return (FINE + (index % FINE) + 0.5) * 2 ** doubling;
}
