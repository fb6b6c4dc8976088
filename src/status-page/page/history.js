/** What a line shows. */
const MINUTE = 60_000;

const COUNTERS = ['messagesIn', 'messagesOut', 'bytesIn', 'bytesOut'];
const STILL = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };

/** Makes rates of counters, and remembers them and what else is to be seen as a line. */
export class History {
  #points = [];
  #last;

  /** Takes the counters at a time, in milliseconds. Returns what they grew by, per second; zeros where nothing is known yet. */
  add(at, traffic, levels = {}) {
    const rates = this.#last === undefined ? undefined : ratesBetween(this.#last, { at, traffic });
    this.#last = { at, traffic };
    this.#points.push({ ...levels, ...rates, at });
    while (this.#points[0].at < at - MINUTE) this.#points.shift();
    return rates ?? STILL;
  }

  /** The last minute of one of the rates or levels: points with x from 0 to 1, now being 1, and y. */
  line(name) {
    const now = this.#last?.at ?? 0;
    return this.#points.filter((point) => point[name] !== undefined).map((point) => [1 - (now - point.at) / MINUTE, point[name]]);
  }
}

/** Undefined where no time has passed: a clock may be set back. */
function ratesBetween(before, { at, traffic }) {
  const seconds = (at - before.at) / 1000;
  if (seconds <= 0) return undefined;
  return Object.fromEntries(COUNTERS.map((name) => [name, Math.max(0, (traffic[name] - before.traffic[name]) / seconds)]));
}
