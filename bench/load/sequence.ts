/**
 * Every message of a run carries a number of ten digits, so that all messages of a kind have one length, and the number is always at
 * the same place. Ids and texts count from here.
 */
export const FIRST_NUMBER = 1_000_000_000;

/** Stream items count from here: an item's number is never taken for the id beside it. Both fit a 32-bit integer. */
export const FIRST_ITEM = 2_000_000_000;

export const NUMBER_LENGTH = 10;

/** Stands in a message for the number that each sending of it gets. */
export const PLACEHOLDER = '##########';

const ZERO = 0x30;

/** XORed with a decimal digit gives its character. */
export const PLAIN_DIGITS: Uint8Array = new Uint8Array(NUMBER_LENGTH).fill(ZERO);

/**
 * Writes a number of ten digits.
 *
 * @param mask - what each digit is XORed with: `PLAIN_DIGITS`, or that combined with the mask of a WebSocket frame
 */
export function writeNumber(target: Uint8Array, at: number, value: number, mask: Uint8Array): void {
  let rest = value;
  for (let i = NUMBER_LENGTH - 1; i >= 0; i--) {
    const shorter = Math.trunc(rest / 10);
    target[at + i] = (rest - shorter * 10) ^ (mask[i] ?? ZERO);
    rest = shorter;
  }
}

/** Reads a number of ten digits; -1 where there is something else. */
export function readNumber(source: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + NUMBER_LENGTH; i++) {
    const digit = (source[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
