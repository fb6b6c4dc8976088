import process from 'node:process';

/** What must be undone however the program ends, SIGINT included. All of it is synchronous: an ending process waits for nothing. */
export class Leftovers {
  readonly #ends = new Set<() => void>();

  constructor() {
    process.once('exit', () => this.clear());
    for (const [signal, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
      ['SIGHUP', 1],
    ] as const)
      process.once(signal, () => process.exit(128 + number));
  }

  add(end: () => void): void {
    this.#ends.add(end);
  }

  /** Undoes everything, the last first. */
  clear(): void {
    for (const end of [...this.#ends].toReversed()) end();
    this.#ends.clear();
  }
}
