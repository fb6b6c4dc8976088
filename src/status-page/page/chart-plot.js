import { axisBeside, axisFor, timeTicks } from './chart-scales.js';
import uPlot from './uPlot.esm.js';

const LEFT = 54;
const RIGHT = 40;
const FONT = 11;

/** All charts are pointed at together. */
const SYNC = { key: 'status', setSeries: false, scales: ['x', null] };

/** A drawing of lines, or of stacked bars, over time. */
export class Plot {
  #host;
  #kind;
  #chart;
  #range;
  #ends = { left: { end: 1, parts: 1 }, right: { end: 1, parts: 1 } };
  #window = { from: 0, to: 1 };
  #looks;

  /**
   * @param host what it is drawn into, as wide as that is
   * @param looks tells the colours at the moment: `{ ink, grid, font, series }`
   * @param pointed called when something else is pointed at
   */
  constructor(host, kind, { looks, pointed }) {
    this.#host = host;
    this.#kind = kind;
    this.#looks = looks;
    const colours = looks();
    const options = {
      ...this.#size(),
      ms: 1,
      // Times lie below each other, whether there is an axis at the right or not.
      padding: [10, this.#unitOf('right') ? 0 : RIGHT, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { setScale: false, x: false, y: false },
        sync: SYNC,
        points: { show: !kind.stacked, size: 7, width: 1.5 },
      },
      scales: this.#scales(),
      axes: this.#axes(colours),
      series: [{}, ...this.#series()],
      hooks: { setCursor: [() => pointed(this.pointed)] },
    };
    this.#chart = new uPlot(options, [[], ...kind.series.map(() => [])], host);
    this.#followTouch();
    new ResizeObserver(() => this.#resize()).observe(host);
  }

  /** What is pointed at: a time, with the index of what lies there, or -1 where nothing does; null where nothing is pointed at. */
  get pointed() {
    const { cursor, data } = this.#chart;
    if (!(cursor.left >= 0)) return null;
    const at = this.#chart.posToVal(cursor.left, 'x');
    const time = data[0][cursor.idx];
    return Math.abs(time - at) <= this.#reach() ? { at: time, index: cursor.idx } : { at, index: -1 };
  }

  /** @param to the end of the time that is shown */
  show({ times, columns }, range, to) {
    this.#range = range;
    this.#window = { from: to - range.span, to };
    const values = columns.map((column) => column.values);
    const drawn = this.#kind.stacked ? stacked(values) : values;
    const highest = (side) =>
      Math.max(0, ...this.#kind.series.map((series, index) => (sideOf(series) === side ? highestOf(drawn[index]) : 0)));
    const left = axisFor(highest('left'), this.#unitOf('left'));
    const unit = this.#unitOf('right');
    this.#ends = { left, right: unit && axisBeside(left, highest('right'), unit) };
    this.#chart.setData([times, ...drawn]);
  }

  /** Draws anew, in the colours there are now. */
  recolour() {
    const { ink, grid } = this.#looks();
    for (const axis of this.#chart.axes) {
      axis.stroke = () => ink;
      axis.grid.stroke = () => grid;
      axis.ticks.stroke = () => grid;
    }
    this.#chart.redraw(false);
  }

  /** Points at nothing. */
  release() {
    if (this.pointed !== null) this.#chart.setCursor({ left: -10, top: -10 });
  }

  /** Milliseconds between a time that is pointed at and what is shown for it, at the most; and never less than a few pixels. */
  #reach() {
    const { step = 5000, span, bar } = this.#range;
    return Math.max(this.#kind.stacked ? bar / 2 : step, span / 100);
  }

  #size() {
    return { width: Math.max(this.#host.clientWidth, 120), height: Math.max(this.#host.clientHeight, 80) };
  }

  #resize() {
    if (this.#host.clientWidth === 0) return;
    const { width, height } = this.#size();
    if (width !== this.#chart.width || height !== this.#chart.height) this.#chart.setSize({ width, height });
  }

  #unitOf(side) {
    return this.#kind.series.find((series) => sideOf(series) === side)?.unit;
  }

  #scales() {
    const scale = (side) => ({ range: () => [0, this.#ends[side].end] });
    return {
      x: { time: true, range: () => [this.#window.from, this.#window.to] },
      left: scale('left'),
      ...(this.#unitOf('right') && { right: scale('right') }),
    };
  }

  #axes({ ink, grid, font }) {
    const common = { font: `${FONT}px ${font}`, stroke: ink, ticks: { stroke: grid, width: 1, size: 4 }, grid: { stroke: grid, width: 1 } };
    const vertical = (scale, size, unit) => ({
      ...common,
      scale,
      size,
      gap: 3,
      ticks: { ...common.ticks, show: false },
      splits: () => splitsOf(this.#ends[scale]),
      values: (_, splits) => splits.map(unit.tick),
    });
    const right = this.#unitOf('right');
    return [
      {
        ...common,
        size: 26,
        gap: 3,
        space: 50,
        grid: { show: false },
        incrs: () => this.#range.ticks,
        values: (_, splits) => timeTicks(splits),
      },
      vertical('left', LEFT, this.#unitOf('left')),
      ...(right ? [{ ...vertical('right', RIGHT, right), side: 1, grid: { show: false } }] : []),
    ];
  }

  #series() {
    return this.#kind.series.map(({ side = 'left', filled = false }, index) => {
      // Of bars, each covers the lower ones, and so the highest is drawn first.
      const row = this.#kind.stacked ? this.#kind.series.length - 1 - index : index;
      const colour = () => this.#looks().series[row];
      if (this.#kind.stacked) return { scale: side, width: 0, fill: colour, points: { show: false }, paths: bars };
      return {
        scale: side,
        width: 1.6,
        stroke: colour,
        ...(filled && { width: 1, fill: () => colour().replace(/^rgb\((.*)\)$/, 'rgba($1, 0.18)') }),
        points: { show: true, size: 4, fill: colour, stroke: colour, filter: lonely },
      };
    });
  }

  /** The library follows a mouse only. */
  #followTouch() {
    const { over } = this.#chart;
    const follow = ({ pointerType, clientX, clientY }) => {
      if (pointerType === 'mouse') return;
      const { left, top } = over.getBoundingClientRect();
      this.#chart.setCursor({ left: clientX - left, top: clientY - top }, true, true);
    };
    over.addEventListener('pointerdown', follow);
    over.addEventListener('pointermove', follow);
  }
}

const sideOf = ({ side = 'left' }) => side;

const highestOf = (values) => values.reduce((highest, value) => Math.max(highest, value ?? 0), 0);

const splitsOf = ({ end, parts }) => Array.from({ length: parts + 1 }, (_, index) => (end * index) / parts);

const bars = uPlot.paths.bars({ size: [0.84, Infinity] });

/** Every column on top of those before it, the topmost first. */
function stacked(columns) {
  const sums = (columns[0] ?? []).map((value) => (value === null ? null : 0));
  return columns.map((values) => values.map((value, index) => (value === null ? null : (sums[index] += value)))).toReversed();
}

/** The points that no line goes through. */
function lonely({ data }, series) {
  const values = data[series];
  return values.flatMap((value, index) =>
    value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? [index] : [],
  );
}
