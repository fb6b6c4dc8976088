import { endOfString } from './json-text.ts';
import { MAX_DEPTH, isDeeper } from './nesting.ts';

/** Shorter integers are exact as numbers. */
const MANY_DIGITS = /\d{16}/;
/** The longest integer of 64 bits. */
const LONGEST_INTEGER = 20;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;
const WHITE_SPACE: ReadonlySet<string> = new Set(' \n\r\t');
/** What ends a number or a literal. */
const SCALAR_ENDS: ReadonlySet<string> = new Set(',]} \n\r\t');
/** Where a message has values; everything else is the protocol's own. */
const VALUES = ['arguments', 'item', 'result'] as const;

/**
 * As `JSON.parse`, but integers of 64 bits that a number can't hold are bigints within a message's values. Costs more than
 * `JSON.parse` only where there is a long row of digits.
 *
 * @throws SyntaxError when the text is no JSON
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!MANY_DIGITS.test(text) || typeof value !== 'object' || value === null || isDeeper(value, MAX_DEPTH)) return value;
  const exact = new ExactReader(text).read() as Record<string, unknown>;
  const message = value as Record<string, unknown>;
  for (const name of VALUES) if (Object.hasOwn(exact, name)) message[name] = exact[name];
  return message;
}

/** Reads text that `JSON.parse` has read already: it is right, and not nested deeply. */
class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    switch (this.#visible()) {
      case '{':
        return this.#readObject();
      case '[':
        return this.#readArray();
      case '"':
        return this.#readString();
      default:
        return this.#readScalar();
    }
  }

  #readObject(): object {
    const entries: [string, unknown][] = [];
    for (this.#at++; this.#visible() !== '}';) {
      const name = this.#readString();
      this.#skip(':');
      entries.push([name, this.read()]);
      this.#skip(',');
    }
    this.#at++;
    return Object.fromEntries(entries);
  }

  #readArray(): unknown[] {
    const items: unknown[] = [];
    for (this.#at++; this.#visible() !== ']'; this.#skip(',')) items.push(this.read());
    this.#at++;
    return items;
  }

  #readString(): string {
    const start = this.#at;
    this.#at = endOfString(this.#text, start) + 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #readScalar(): unknown {
    const start = this.#at;
    while (this.#at < this.#text.length && !SCALAR_ENDS.has(this.#text.charAt(this.#at))) this.#at++;
    const text = this.#text.slice(start, this.#at);
    return wideInteger(text) ?? (JSON.parse(text) as unknown);
  }

  /** The next character that is not white space; the reader stands at it then. */
  #visible(): string {
    while (WHITE_SPACE.has(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  /** Moves behind `mark`, where it comes next. */
  #skip(mark: string): void {
    if (this.#visible() === mark) this.#at++;
    this.#visible();
  }
}

function wideInteger(text: string): bigint | undefined {
  if (text.length > LONGEST_INTEGER || !/^-?\d+$/.test(text) || Number.isSafeInteger(Number(text))) return undefined;
  const integer = BigInt(text);
  return integer >= MIN_INT64 && integer <= MAX_UINT64 ? integer : undefined;
}
