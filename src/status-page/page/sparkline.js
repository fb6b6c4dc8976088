import { drawing } from './dom.js';

const WIDTH = 200;
const HEIGHT = 40;
const EDGE = 2;

/** Small lines without axes, of one height: how something went in the last minute. */
export class Sparkline {
  #paths;

  /** @param classes the classes of its lines; each is drawn over the one before */
  constructor(svg, classes) {
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    this.#paths = classes.map((name) => ({
      area: drawing('path', { class: `area ${name}` }),
      line: drawing('path', { class: `line ${name}`, 'vector-effect': 'non-scaling-stroke' }),
    }));
    svg.replaceChildren(...this.#paths.flatMap(({ area, line }) => [area, line]));
  }

  /** Shows lines of points [x, y], x from 0 to 1, y from 0 up. The highest of all reaches the top. */
  show(lines) {
    const top = Math.max(1, ...lines.flat().map(([, y]) => y));
    for (const [index, { area, line }] of this.#paths.entries()) {
      const points = (lines[index] ?? []).map(([x, y]) => [x * WIDTH, HEIGHT - EDGE - (y / top) * (HEIGHT - 2 * EDGE)]);
      const way = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
      line.setAttribute('d', points.length > 1 ? `M${way}` : '');
      area.setAttribute('d', points.length > 1 ? `M${points[0][0].toFixed(1)} ${HEIGHT}L${way}V${HEIGHT}Z` : '');
    }
  }
}
