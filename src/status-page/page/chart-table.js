import { timeIn } from './chart-scales.js';
import { element, keep, write } from './dom.js';

/** What a chart shows, in figures: the latest first. */
export class ChartTable {
  node = element('div', 'figures-table');
  #head = element('tr');
  #body = element('tbody');
  #rows = new Map();
  #size = 0;

  constructor(title) {
    this.node.append(element('table', '', element('caption', 'hidden', title), element('thead', '', this.#head), this.#body));
    // It scrolls.
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', `${title} as a table`);
  }

  show({ times, columns, width }, range) {
    const shown = columns.filter(({ hidden }) => hidden !== true);
    this.#showHead(['Time', ...shown.map(({ label }) => label)]);
    if (shown.length !== this.#size) this.#forget(shown.length);
    const items = times
      .map((at, index) => ({ at, time: timeIn(range, at, width), texts: textsAt(shown, index) }))
      .filter(({ texts }) => texts !== undefined);
    keep(
      this.#body,
      items.toReversed(),
      ({ at }) => `${range.id} ${at}`,
      () => new Row(shown.length),
      this.#rows,
    );
  }

  #showHead(labels) {
    while (this.#head.children.length > labels.length) this.#head.lastChild.remove();
    while (this.#head.children.length < labels.length)
      this.#head.append(Object.assign(element('th', '', element('bdi')), { scope: 'col' }));
    for (const [index, label] of labels.entries()) write(this.#head.children[index].firstChild, label);
  }

  #forget(size) {
    this.#size = size;
    this.#body.replaceChildren();
    this.#rows.clear();
  }
}

/** Undefined where there is nothing. */
function textsAt(columns, index) {
  if (columns.every(({ values }) => values[index] === null)) return undefined;
  return columns.map(({ values, unit }) => (values[index] === null ? '–' : unit.format(values[index])));
}

class Row {
  node;
  #cells;

  constructor(size) {
    this.#cells = Array.from({ length: size }, () => element('td'));
    this.node = element('tr', '', Object.assign(element('th'), { scope: 'row' }), ...this.#cells);
  }

  show({ time, texts }) {
    write(this.node.firstChild, time);
    for (const [index, cell] of this.#cells.entries()) write(cell, texts[index]);
  }
}
