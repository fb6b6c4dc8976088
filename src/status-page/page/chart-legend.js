import { element, write } from './dom.js';

/** The names, colours and values of what a chart shows. */
export class Legend {
  node = element('ul', 'series');
  #rows;
  #none = element('li', 'none', 'none');

  /** @param slots the colours, by their numbers */
  constructor(slots) {
    this.#rows = slots.map((slot) => {
      const marker = element('span', `marker slot-${slot}`);
      const label = element('bdi', 'label');
      const value = element('span', 'number', '–');
      const row = element('li', '', marker, label, value);
      this.node.append(row);
      return { row, marker, label, value };
    });
    this.node.append(this.#none);
  }

  /** The colours at the moment, in the order of the rows. */
  get colours() {
    return this.#rows.map(({ marker }) => getComputedStyle(marker).backgroundColor);
  }

  /** @param texts the value of each column */
  show(columns, texts) {
    for (const [index, { row, label, value }] of this.#rows.entries()) {
      const { hidden = false, label: name = '', side } = columns[index];
      row.hidden = hidden;
      write(label, side === 'right' ? `${name} (right)` : name);
      // Cut off where it is long.
      label.title = name;
      write(value, texts[index]);
    }
    this.#none.hidden = columns.some(({ hidden = false }) => !hidden);
  }
}
