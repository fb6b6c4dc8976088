import type { AttributeName } from './attributes.ts';
import type { Instrument } from './instrument.ts';

export type Attributes = Readonly<Partial<Record<AttributeName, string>>>;

/** One time series: an instrument with attributes. Kept by whoever adds to it, so that nothing is looked up for each message. */
export interface Series {
  /** Counts that many, or takes that value into a histogram. */
  add(amount: number): void;
}

/** A series that can be read: its sum, or what a gauge shows. */
export interface ReadableSeries {
  readonly value: number;
}

/** Counts up, and down where its instrument does. */
export class Count implements Series, ReadableSeries {
  value = 0;

  add(amount: number): void {
    this.value += amount;
  }
}

/** A histogram's values, in its buckets. */
export class Distribution implements Series {
  readonly bounds: readonly number[];
  /** How many values are in each bucket, not counting those in lower ones; the last bucket has no bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor({ buckets = [] }: Instrument) {
    this.bounds = buckets;
    this.counts = new Float64Array(buckets.length + 1);
  }

  add(value: number): void {
    let bucket = 0;
    // Most values are small, and there are few buckets: no search is faster.
    while (bucket < this.bounds.length && value > (this.bounds[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
  }
}

/** Makes the histograms of an exporter. */
export type NewHistogram<Histogram extends Series> = (instrument: Instrument, attributes: Attributes) => Histogram;

/** A series and what tells it apart. */
export interface Labelled<Value> {
  readonly attributes: Attributes;
  readonly series: Value;
}

/** All series, by instrument. What is counted is kept here and read when it is asked for; a histogram is the exporter's. */
export class Metrics<Histogram extends Series = Series> {
  readonly #newHistogram: NewHistogram<Histogram>;
  readonly #sums = new Map<Instrument, Labelled<ReadableSeries>[]>();
  readonly #histograms = new Map<Instrument, Labelled<Histogram>[]>();
  readonly #gathered = new Map<Instrument, () => readonly Labelled<ReadableSeries>[]>();

  constructor(newHistogram: NewHistogram<Histogram>) {
    this.#newHistogram = newHistogram;
  }

  /** A new series of a counter. */
  count(instrument: Instrument, attributes: Attributes): Count {
    const count = new Count();
    this.show(instrument, attributes, count);
    return count;
  }

  /** A new series of a histogram. */
  histogram(instrument: Instrument, attributes: Attributes): Histogram {
    const series = this.#newHistogram(instrument, attributes);
    listOf(this.#histograms, instrument).push({ attributes, series });
    return series;
  }

  /** A new series of a gauge, which is read when it is asked for. */
  show(instrument: Instrument, attributes: Attributes, series: ReadableSeries): void {
    listOf(this.#sums, instrument).push({ attributes, series });
  }

  /** Has the series of a counter or gauge made when they are asked for, for what others count. */
  gather(instrument: Instrument, series: () => readonly Labelled<ReadableSeries>[]): void {
    this.#gathered.set(instrument, series);
  }

  /** The series of a counter or gauge. */
  sums(instrument: Instrument): readonly Labelled<ReadableSeries>[] {
    return this.#gathered.get(instrument)?.() ?? this.#sums.get(instrument) ?? [];
  }

  /** The series of a histogram. */
  histograms(instrument: Instrument): readonly Labelled<Histogram>[] {
    return this.#histograms.get(instrument) ?? [];
  }
}

function listOf<Value>(lists: Map<Instrument, Value[]>, instrument: Instrument): Value[] {
  const list = lists.get(instrument) ?? [];
  lists.set(instrument, list);
  return list;
}
