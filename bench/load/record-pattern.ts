import { NUMBER_LENGTH, readNumber } from './sequence.ts';

/** One record in so many is not recognized, so that it is read in full. */
const FULL_READING = 64;

/**
 * Recognizes the records of one kind by their length and the place of their number, which it learns from one that was read in full.
 * Reading every record in full would cost more than the server's work.
 */
export class RecordPattern {
  #length = -1;
  #offset = 0;
  #before = 0;
  #after = 0;
  #count = 0;

  /** The number of a record that looks like the one learned; -1 for one that is to be read in full. */
  read(buffer: Buffer, start: number, end: number): number {
    if (end - start !== this.#length || ++this.#count % FULL_READING === 0) return -1;
    const at = start + this.#offset;
    if (buffer[at - 1] !== this.#before || buffer[at + NUMBER_LENGTH] !== this.#after) return -1;
    return readNumber(buffer, at);
  }

  /** Learns from a record that was found right and has this number. One with more than one place for it teaches nothing. */
  learn(record: Buffer, value: number): void {
    if (record.length === this.#length) return;
    const digits = String(value);
    const at = record.indexOf(digits);
    if (at <= 0 || at + NUMBER_LENGTH >= record.length || record.includes(digits, at + 1)) return;
    this.#length = record.length;
    this.#offset = at;
    this.#before = record[at - 1] ?? 0;
    this.#after = record[at + NUMBER_LENGTH] ?? 0;
  }
}
