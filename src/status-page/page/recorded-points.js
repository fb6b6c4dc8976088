/** Milliseconds until a request that is not answered has failed, between two requests, and until one that failed is tried again. */
const PATIENCE = 10_000;
const EVERY = 60_000;
const AGAIN = 5000;

/** What the service has recorded, read from it when it is wanted. */
export class RecordedPoints {
  /** `loading` until it was read once; `failed` where the last reading did. */
  state = 'loading';
  minutes = [];
  hours = [];
  /** The service's time of the last answer. */
  at = 0;
  #next = 0;
  #reading = false;
  #whole = true;

  /** Everything is read anew: the service was started again. */
  forget() {
    this.#whole = true;
    this.#next = 0;
  }

  /** Reads what is new, if it is time to. Tells whether there is something to show that was not there before. */
  async refresh() {
    if (this.#reading || performance.now() < this.#next) return false;
    this.#reading = true;
    try {
      await this.#read();
      this.state = 'ready';
      this.#next = performance.now() + EVERY;
    } catch {
      this.state = 'failed';
      this.#next = performance.now() + AGAIN;
    } finally {
      this.#reading = false;
    }
    return true;
  }

  async #read() {
    // The last hour may have been added to.
    const since = this.#whole ? 0 : Math.min(this.hours.at(-1)?.at ?? 0, this.minutes.at(-1)?.at ?? 0);
    const response = await fetch(`history.json?since=${since}`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`history.json was answered with ${response.status}`);
    const { at, minutes, hours } = await response.json();
    this.minutes = [...this.minutes.filter((point) => point.at < since), ...lasting(minutes, 60, at)];
    this.hours = [...this.hours.filter((point) => point.at < since), ...lasting(hours, 3600, at)];
    this.at = at;
    this.#whole = false;
  }
}

/** Points with the time that they are about: the last one may still go on. */
function lasting(points, most, now) {
  return points.map((point) => Object.assign(point, { seconds: Math.min(most, (now - point.at) / 1000) }));
}
