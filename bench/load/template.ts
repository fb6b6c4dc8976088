import { NUMBER_LENGTH, PLACEHOLDER, PLAIN_DIGITS, writeNumber } from './sequence.ts';

/** A message of a hub protocol that is sent over and over, each time with another number at its places. */
export interface NumberedMessage {
  readonly bytes: Buffer;
  /** Offsets of the number. All of them get the same. */
  readonly places: readonly number[];
}

/** Finds the places of a message that was written with placeholders. */
export function numbered(bytes: Buffer): NumberedMessage {
  const places: number[] = [];
  for (let at = bytes.indexOf(PLACEHOLDER); at !== -1; at = bytes.indexOf(PLACEHOLDER, at + NUMBER_LENGTH)) places.push(at);
  return { bytes, places };
}

interface Place {
  readonly at: number;
  readonly mask: Uint8Array;
}

/** The bytes that go over a socket for a `NumberedMessage`, framing included. */
export class Template {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #places: readonly Place[];

  /**
   * @param bytes - framed, and masked where that is
   * @param offset - where the message begins in them
   * @param key - the key that the message is masked with, if it is
   */
  constructor(bytes: Buffer, { places }: NumberedMessage, offset: number, key?: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#places = places.map((place) => ({ at: offset + place, mask: key ? maskedDigits(key, place) : PLAIN_DIGITS }));
  }

  /** Copies the message with its number to `target`, which has to have room for `length` bytes there. */
  fill(target: Buffer, at: number, value: number): void {
    target.set(this.#bytes, at);
    for (const place of this.#places) writeNumber(target, at + place.at, value, place.mask);
  }
}

function maskedDigits(key: Uint8Array, place: number): Uint8Array {
  return PLAIN_DIGITS.map((digit, i) => digit ^ (key[(place + i) & 3] ?? 0));
}
