import { Legend } from './chart-legend.js';
import { Plot } from './chart-plot.js';
import { timeIn } from './chart-scales.js';
import { ChartTable } from './chart-table.js';
import { element, write } from './dom.js';
import { Slots } from './slots.js';

/** One chart with its title, its legend, and its figures as a table. */
export class Chart {
  node;
  #kind;
  #legend;
  #slots = new Slots();
  #when = element('span', 'when');
  #host = element('div', 'plot');
  #note = element('p', 'note');
  #toggle = element('button', 'toggle', 'Table');
  #plot;
  #table;
  #shown;

  constructor(kind) {
    this.#kind = kind;
    this.#legend = new Legend(kind.series.map(({ slot }, index) => slot ?? index + 1));
    this.#table = new ChartTable(kind.title);
    const title = element('h3', '', kind.title);
    title.id = `chart-${kind.id}`;
    this.#toggle.type = 'button';
    this.#toggle.setAttribute('aria-pressed', 'false');
    this.#toggle.setAttribute('aria-label', `Table of ${kind.title}`);
    this.#toggle.addEventListener('click', () => this.#turn());
    this.#host.setAttribute('role', 'img');
    this.#table.node.hidden = true;
    const head = element('header', '', title, this.#when, this.#toggle);
    this.node = element('figure', 'chart', head, this.#legend.node, this.#host, this.#table.node, this.#note);
    this.node.id = kind.id;
    this.node.setAttribute('aria-labelledby', title.id);
  }

  /** @param to the end of the time that is shown, in milliseconds since 1970 */
  show(points, range, to) {
    const model = this.#kind.modelOf(points, range, to, this.#slots);
    this.#shown = { model, range, to };
    this.#plot ??= new Plot(this.#host, this.#kind, { looks: () => this.#looks(), pointed: (pointed) => this.#point(pointed) });
    this.#plot.show(model, range, to);
    this.#point(this.#plot.pointed);
    if (!this.#table.node.hidden) this.#table.show(model, range);
    this.#describe();
    write(this.#note, this.#kind.note?.(range) ?? '');
  }

  /** Draws anew, in the colours there are now. */
  recolour() {
    this.#plot?.recolour();
  }

  /** Points at nothing. */
  release() {
    this.#plot?.release();
  }

  #looks() {
    const { color, borderTopColor, fontFamily } = getComputedStyle(this.#host);
    return { ink: color, grid: borderTopColor, font: fontFamily, series: this.#legend.colours };
  }

  /** Shows values: those that are pointed at, or where nothing is, the latest ones or the sums. */
  #point(pointed) {
    const { model, range } = this.#shown;
    const { columns, width } = model;
    if (pointed === null) write(this.#when, this.#kind.stacked ? `in ${range.words}` : range.latest);
    else write(this.#when, timeIn(range, pointed.at, pointed.index === -1 ? 0 : width));
    this.#legend.show(
      columns,
      columns.map((column) => textOf(column, pointed === null ? valueWithout(column) : column.values[pointed.index])),
    );
  }

  #turn() {
    const table = this.#table.node.hidden;
    this.#toggle.setAttribute('aria-pressed', String(table));
    this.#table.node.hidden = !table;
    this.#host.hidden = table;
    if (table) this.#table.show(this.#shown.model, this.#shown.range);
  }

  /** The drawing in words. */
  #describe() {
    const { model, range } = this.#shown;
    const columns = model.columns.filter(({ hidden }) => hidden !== true);
    const words = columns.map((column) => {
      const value = textOf(column, valueWithout(column));
      if (this.#kind.stacked) return `${column.label}: ${value}`;
      const highest = column.values.reduce((high, at) => (at !== null && !(high > at) ? at : high), null);
      return `${column.label}: ${value} ${range.latest}, ${textOf(column, highest)} at the most`;
    });
    const text = `${this.#kind.title} in ${range.words}. ${words.length === 0 ? 'None' : words.join('; ')}.`;
    if (this.#host.getAttribute('aria-label') !== text) this.#host.setAttribute('aria-label', text);
  }
}

const textOf = ({ unit }, value) => (value === null || value === undefined ? '–' : unit.format(value));

const valueWithout = ({ total, values }) => total ?? values.at(-1);
