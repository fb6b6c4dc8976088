import { countFaults, figureOf } from './measurement.ts';
import type { System } from './peers/peer.ts';
import type { Outcome, Watcher } from './rounds.ts';
import type { Scenario } from './scenario.ts';
import { shown } from './table.ts';

const CLEAR = '\r\x1b[K';
const MINUTE = 60_000;

/** Where the line goes, such as `process.stderr`. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A line that says what is being measured and how long it will take: in place on a terminal, else one for each measurement. */
export class Progress implements Watcher {
  readonly #out: ProgressOutput;
  readonly #total: number;
  readonly #rounds: number;
  readonly #begun = Date.now();
  #done = 0;
  #line = '';

  constructor(out: ProgressOutput, total: number, rounds: number) {
    this.#out = out;
    this.#total = total;
    this.#rounds = rounds;
  }

  begins(scenario: Scenario, round: number, { name }: System): void {
    this.#line = `[${this.#done + 1}/${this.#total}] ${scenario.name}, round ${round + 1}/${this.#rounds}, ${name}`;
    if (this.#out.isTTY === true) this.#out.write(`${CLEAR}${this.#line}${this.#left()}`);
  }

  ended(scenario: Scenario, _: System, outcome: Outcome): void {
    this.#done++;
    const text = `${this.#line}: ${found(scenario, outcome)}${this.#left()}`;
    this.#out.write(this.#out.isTTY === true ? CLEAR + text : `${text}\n`);
  }

  /** Makes room for something else. */
  clear(): void {
    if (this.#out.isTTY === true) this.#out.write(CLEAR);
  }

  #left(): string {
    if (this.#done === 0 || this.#done === this.#total) return '';
    const milliseconds = ((Date.now() - this.#begun) / this.#done) * (this.#total - this.#done);
    return milliseconds < MINUTE ? `, ${Math.ceil(milliseconds / 1000)} s left` : `, ${Math.ceil(milliseconds / MINUTE)} min left`;
  }
}

function found(scenario: Scenario, outcome: Outcome): string {
  if ('failed' in outcome) return `FAILED: ${outcome.failed}`;
  const faults = countFaults(outcome.faults);
  const figure = `${shown(figureOf(scenario, outcome))} ${scenario.figure === 'memory' ? 'KB a connection' : `µs per ${scenario.unit}`}`;
  return faults === 0 ? figure : `${figure}, ${faults} FAULTS`;
}
