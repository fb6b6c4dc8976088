const SECONDS = 60;

/** Readings of growing figures, one for each of the last 60 seconds. Nothing is made anew once the minute is full. */
export class SlidingMinute<Reading> {
  readonly #readings: Reading[];
  /** Where the oldest one is. */
  #next = 0;
  readonly #make: () => Reading;
  readonly #fill: (reading: Reading) => void;

  /**
   * @param make - a reading to be filled
   * @param fill - reads the figures
   */
  constructor(make: () => Reading, fill: (reading: Reading) => void) {
    this.#make = make;
    this.#fill = fill;
    this.#readings = [this.#filled(make())];
  }

  /** From a minute ago; from the beginning, where that is less. */
  get oldest(): Reading {
    return this.#readings[this.#next] as Reading;
  }

  /** A second is over. */
  secondOver(): void {
    if (this.#readings.length < SECONDS) this.#readings.push(this.#filled(this.#make()));
    else {
      this.#fill(this.oldest);
      this.#next = (this.#next + 1) % SECONDS;
    }
  }

  #filled(reading: Reading): Reading {
    this.#fill(reading);
    return reading;
  }
}
