import { kinds } from './chart-kinds.js';
import { Chart } from './chart.js';
import { byId, write } from './dom.js';
import { LivePoints } from './live-points.js';
import { RangeChoice } from './ranges.js';
import { RecordedPoints } from './recorded-points.js';

/** Who wants less to move sees the live charts move this seldom, in milliseconds. */
const CALM = 5000;

const STATES = {
  loading: 'Reading what was recorded …',
  failed: 'What was recorded can’t be read at the moment. It is tried again.',
  empty:
    'Nothing is recorded yet. Points are added as minutes and hours end. ' +
    'Connections, billed messages by hub, traffic, latency, errors and the reasons that connections were closed for will be seen here.',
};

/** All charts, with the choice of what they show. */
export class Charts {
  #charts = kinds.map((kind) => new Chart(kind));
  #live = new LivePoints();
  #recorded = new RecordedPoints();
  #choice;
  #at;
  #service;
  #drawn = -Infinity;
  #calm = matchMedia('(prefers-reduced-motion: reduce)');

  constructor() {
    this.#choice = new RangeChoice(byId('ranges'), () => this.#turn());
    byId('charts').append(...this.#charts.map(({ node }) => node));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#each((chart) => chart.recolour()));
    addEventListener('pointerdown', ({ target }) => {
      if (target.closest('.u-over') === null) this.#each((chart) => chart.release());
    });
  }

  /** Takes an answer of the service. */
  add({ at, history, status }) {
    this.#live.add(at, status);
    this.#at = at;
    const service = `${status.node} ${status.startedAt}`;
    if (service !== this.#service) this.#recorded.forget();
    this.#service = service;
    this.#choice.offer(history === true);
    if (this.#choice.chosen.source !== undefined) void this.#refresh();
    else if (!this.#calm.matches || performance.now() - this.#drawn >= CALM) this.#draw();
  }

  /** Nothing is known of the time until the next answer. */
  interrupt() {
    this.#live.interrupt();
  }

  #each(act) {
    for (const chart of this.#charts) act(chart);
  }

  /** Another range was chosen. */
  #turn() {
    if (this.#at === undefined) return;
    this.#draw();
    if (this.#choice.chosen.source !== undefined) void this.#refresh();
  }

  async #refresh() {
    if (await this.#recorded.refresh()) this.#draw();
  }

  #draw() {
    this.#drawn = performance.now();
    const range = this.#choice.chosen;
    const points = range.source === undefined ? this.#live.points : this.#recorded[range.source];
    const state = range.source === undefined || (this.#recorded.state === 'ready' && points.length > 0) ? undefined : this.#recorded.state;
    const words = STATES[state === 'ready' ? 'empty' : state];
    // What was read before stays, and is said to be old.
    byId('charts').hidden = words !== undefined && points.length === 0;
    byId('charts-state').hidden = words === undefined;
    write(byId('charts-state'), words ?? '');
    if (!byId('charts').hidden) this.#each((chart) => chart.show(points, range, range.source === undefined ? this.#at : this.#recorded.at));
  }
}
