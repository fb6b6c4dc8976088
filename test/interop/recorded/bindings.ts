const placeholder = /\{([a-z]\w*)\}/gi;
const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');

/** What the server chose, by the names that a session gives it. */
export class Bindings {
  readonly #values: Map<string, string>;

  constructor(known: Readonly<Record<string, string>>) {
    this.#values = new Map(Object.entries(known));
  }

  /** The text with all that is known filled in. */
  fillKnown(text: string): string {
    return text.replaceAll(placeholder, (whole, name: string) => this.#values.get(name) ?? whole);
  }

  /** @throws Error for what the server should have chosen by now */
  fill(text: string): string {
    return text.replaceAll(placeholder, (_, name: string) => {
      const value = this.#values.get(name);
      if (value === undefined) throw new Error(`The session uses {${name}} before the server has sent it.`);
      return value;
    });
  }

  /** Learns from `actual` what stands where `expected` has names, and returns `expected` with all names filled in. */
  learn(expected: unknown, actual: unknown): unknown {
    if (typeof expected === 'string') return typeof actual === 'string' ? this.#learnText(expected, actual) : expected;
    if (typeof expected !== 'object' || expected === null) return expected;
    const other = (typeof actual === 'object' ? actual : null) as Readonly<Record<string, unknown>> | null;
    if (Array.isArray(expected)) return expected.map((item, i) => this.learn(item, other?.[i]));
    if (Object.getPrototypeOf(expected) !== Object.prototype) return expected;
    return Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, this.learn(value, other?.[name])]));
  }

  #learnText(expected: string, actual: string): string {
    const names = [...expected.matchAll(placeholder)].map(([, name = '']) => name).filter((name) => !this.#values.has(name));
    if (names.length > 0) {
      const pattern = this.fillKnown(expected).split(placeholder);
      const found = new RegExp(`^${pattern.map((part, i) => (i % 2 === 0 ? escaped(part) : '(.+?)')).join('')}$`, 's').exec(actual);
      names.forEach((name, i) => found?.[i + 1] !== undefined && this.#values.set(name, found[i + 1] ?? ''));
    }
    return this.fillKnown(expected);
  }
}
