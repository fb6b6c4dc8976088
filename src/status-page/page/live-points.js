/** Milliseconds that are kept: what the live charts show, and a bar's width more. */
const KEPT = 310_000;

/** Without an answer for longer than this, nothing is known of the time between. */
const SILENCE = 15_000;

/** Billed messages that a hub's count moves by, as on the managed service's chart. */
const STEP = 100;

/**
 * Makes points of answers, of the shape of a history's with `seconds`, the time that they are about. One without is about a moment: it has no
 * counts, because nothing came before. One with neither is a gap.
 */
export class LivePoints {
  #points = [];
  #last;
  #billed = new Map();
  #service = '';

  get points() {
    return this.#points;
  }

  /** What comes next does not continue this. */
  interrupt() {
    if (this.#last === undefined) return;
    this.#points.push({ at: this.#last.at + 1, gap: true });
    this.#last = undefined;
    this.#billed.clear();
  }

  /** Takes how the service stands at a time, in milliseconds. */
  add(at, status) {
    const service = `${status.node} ${status.startedAt}`;
    // After a restart the counters begin anew.
    if (service !== this.#service || at - (this.#last?.at ?? at) > SILENCE) this.interrupt();
    this.#service = service;
    // A clock may be set back.
    while (this.#points.at(-1)?.at >= at) this.#points.pop();
    const hubs = this.#grownHubs(status);
    const { clients, serverConnections: servers, load } = status;
    const counts = this.#last === undefined || this.#last.at >= at ? undefined : countsBetween(this.#last, at, status, hubs);
    this.#points.push({ at, clients, servers, ...load, ...counts });
    this.#last = { at, status };
    while (this.#points[0].at < at - KEPT) this.#points.shift();
  }

  /** What each hub was billed since the last look, in whole steps. */
  #grownHubs({ hubs, billed }) {
    const inAll = billed - (this.#last?.status.billed ?? billed);
    return hubs.map(({ name, billed: now }) => {
      const stepped = stepsOf(now);
      // A hub may have come after the last look, or come back.
      const before = this.#billed.get(name) ?? Math.max(0, stepped - stepsOf(inAll));
      this.#billed.set(name, stepped);
      return [name, Math.max(0, stepped - before)];
    });
  }
}

const stepsOf = (count) => Math.floor(count / STEP) * STEP;

function countsBetween({ at: before, status: last }, at, status, hubs) {
  const grown = (read) => Math.max(0, read(status) - read(last));
  const closed = Object.entries(status.closed).map(([category, count]) => [category, Math.max(0, count - (last.closed[category] ?? 0))]);
  return {
    seconds: (at - before) / 1000,
    billed: hubs.reduce((sum, [, count]) => sum + count, 0),
    bytesIn: grown(({ traffic, serverTraffic }) => traffic.bytesIn + serverTraffic.bytesIn),
    bytesOut: grown(({ traffic, serverTraffic }) => traffic.bytesOut + serverTraffic.bytesOut),
    closed: Object.fromEntries(closed.filter(([, count]) => count > 0)),
    hubs: Object.fromEntries(hubs.filter(([, count]) => count > 0)),
  };
}
