import type { Backplane } from '../backplane/backplane.ts';
import type { BackplaneFigures } from '../backplane/figures.ts';
import type { Instrument } from './instrument.ts';
import { instruments } from './instruments.ts';
import type { Attributes, Metrics } from './metrics.ts';

/** What is looked at of a backplane. */
export type WatchedBackplane = Pick<Backplane, 'state' | 'figures'>;

/** A figure that is added up over backplanes, and lasts beyond them. */
type Counted = 'lost' | 'cuts' | 'gaps';

const MILLISECONDS = 1_000;

const counted: Readonly<Record<Counted, Instrument>> = {
  lost: instruments.backplaneLost,
  cuts: instruments.backplaneCuts,
  gaps: instruments.backplaneGaps,
};

/** The backplanes of one hub: as many as there are hosts that share the telemetry. They are looked at when somebody asks. */
export class BackplaneRecord {
  readonly #watched = new Set<WatchedBackplane>();
  readonly #past: Record<Counted, number> = { lost: 0, cuts: 0, gaps: 0 };

  constructor(metrics: Metrics, service: string) {
    const tags: Attributes = { 'rpc.service': service };
    const show = (instrument: Instrument, value: () => number): void =>
      metrics.show(instrument, tags, {
        get value() {
          return value();
        },
      });
    show(instruments.backplaneConnected, () => [...this.#watched].filter(({ state }) => state === 'connected').length);
    show(instruments.outboxMessages, () => this.#sum('outboxMessages'));
    show(instruments.outboxBytes, () => this.#sum('outboxBytes'));
    show(instruments.backplaneLag, () => this.#most('lag') / MILLISECONDS);
    show(instruments.backplaneRoundTrip, () => this.#most('roundTrip') / MILLISECONDS);
    for (const [figure, instrument] of Object.entries(counted) as [Counted, Instrument][])
      show(instrument, () => this.#past[figure] + this.#sum(figure));
  }

  /** Returns what ends it. */
  watch(backplane: WatchedBackplane): () => void {
    this.#watched.add(backplane);
    return () => {
      if (!this.#watched.delete(backplane)) return;
      for (const figure of Object.keys(counted) as Counted[]) this.#past[figure] += backplane.figures?.[figure] ?? 0;
    };
  }

  #sum(figure: Counted | 'outboxMessages' | 'outboxBytes'): number {
    let sum = 0;
    for (const { figures } of this.#watched) sum += figures?.[figure] ?? 0;
    return sum;
  }

  #most(figure: Extract<keyof BackplaneFigures, 'lag' | 'roundTrip'>): number {
    let most = 0;
    for (const { figures } of this.#watched) most = Math.max(most, figures?.[figure] ?? 0);
    return most;
  }
}
