const COUNTERS = ['messagesIn', 'messagesOut', 'bytesIn', 'bytesOut'];
const STILL = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };

/** Makes rates of counters. */
export class Rates {
  #last;

  /** Takes the counters at a time, in milliseconds. Returns what they grew by, per second; zeros where nothing is known yet. */
  add(at, traffic) {
    const rates = this.#last === undefined ? undefined : ratesBetween(this.#last, { at, traffic });
    this.#last = { at, traffic };
    return rates ?? STILL;
  }
}

/** Undefined where no time has passed: a clock may be set back. */
function ratesBetween(before, { at, traffic }) {
  const seconds = (at - before.at) / 1000;
  if (seconds <= 0) return undefined;
  return Object.fromEntries(COUNTERS.map((name) => [name, Math.max(0, (traffic[name] - before.traffic[name]) / seconds)]));
}
