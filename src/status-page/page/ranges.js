import { element } from './dom.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * What the charts can show. Times are milliseconds: `span` is the whole, `step` lies between two points, `bar` is the width of one, and `ticks`
 * may lie between two times of the axis. `source` is the points' name in a history.
 */
export const ranges = [
  {
    id: 'live',
    label: 'Live',
    words: 'the last 5 minutes',
    latest: 'now',
    span: 5 * MINUTE,
    bar: 5 * SECOND,
    barWords: '5 seconds',
    ticks: [MINUTE, 2 * MINUTE, 5 * MINUTE],
    time: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  },
  {
    id: '24h',
    label: '24 hours',
    words: 'the last 24 hours',
    latest: 'last minute',
    span: DAY,
    step: MINUTE,
    bar: 15 * MINUTE,
    barWords: '15 minutes',
    ticks: [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR],
    time: { hour: '2-digit', minute: '2-digit' },
    source: 'minutes',
  },
  {
    id: '31d',
    label: '31 days',
    words: 'the last 31 days',
    latest: 'last hour',
    span: 31 * DAY,
    step: HOUR,
    bar: 6 * HOUR,
    barWords: '6 hours',
    ticks: [DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 10 * DAY],
    time: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
    source: 'hours',
  },
];

/** The choice between them, kept in the address, so that it can be linked to and outlasts a reload. */
export class RangeChoice {
  #parent;
  #inputs = new Map();
  #changed;

  /** @param parent an element to which the choice is added */
  constructor(parent, changed) {
    this.#parent = parent;
    this.#changed = changed;
    for (const { id, label } of ranges) {
      const input = element('input');
      Object.assign(input, { type: 'radio', name: 'range', value: id });
      input.addEventListener('change', () => {
        // Not a step of the browser's history, and nothing that it would scroll to.
        history.replaceState(null, '', `#${id}`);
        changed();
      });
      this.#inputs.set(id, input);
      parent.append(element('label', '', input, element('span', '', label)));
    }
    addEventListener('hashchange', () => this.#follow());
    this.#check(ranges[0].id);
    // Until it is known that there is a choice.
    parent.hidden = true;
  }

  get chosen() {
    return ranges.find(({ id }) => this.#inputs.get(id).checked) ?? ranges[0];
  }

  /** Offers what goes back further than the page, or does not. */
  offer(recorded) {
    if (this.#parent.hidden === !recorded) return;
    this.#parent.hidden = !recorded;
    this.#follow();
  }

  #follow() {
    const named = this.#inputs.get(location.hash.slice(1));
    const id = named === undefined || this.#parent.hidden ? ranges[0].id : named.value;
    if (this.chosen.id === id) return;
    this.#check(id);
    this.#changed();
  }

  #check(id) {
    this.#inputs.get(id).checked = true;
  }
}
