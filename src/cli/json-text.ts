/** A text is not what it should be. Nothing of it is shown: it may hold secrets. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`${problem} (line ${line})`);
    this.line = line;
  }
}

/** What is read of a text: its value, and the line of each member by its path, `service.nodes.joinTime`. */
export interface JsonTextContent {
  readonly value: unknown;
  readonly lines: ReadonlyMap<string, number>;
}

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const LITERAL = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const DEEPEST = 32;

/**
 * Reads JSON as people write it: with comments, and commas behind the last of several.
 *
 * @throws JsonTextError
 */
export function readJsonText(text: string): JsonTextContent {
  return new JsonText(text).read();
}

class JsonText {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    // A byte order mark, as some editors write it.
    this.#text = text.replace(/^\uFEFF/, '');
  }

  read(): JsonTextContent {
    const value = this.#value(undefined, 0);
    if (!this.#ends()) throw this.#wrong('has more behind its end');
    return { value, lines: this.#lines };
  }

  #value(path: string | undefined, depth: number): unknown {
    if (depth > DEEPEST) throw this.#wrong('is nested too deeply');
    if (this.#skips('{')) return this.#object(path, depth);
    if (this.#skips('[')) return this.#array(path, depth);
    const literal = this.#match(STRING) ?? this.#match(LITERAL);
    if (literal === undefined) throw this.#wrong('has something else where a value is expected');
    return this.#parsed(literal);
  }

  #object(path: string | undefined, depth: number): object {
    const members: [string, unknown][] = [];
    while (!this.#skips('}')) {
      this.#space();
      const line = this.#line();
      const literal = this.#match(STRING);
      if (literal === undefined) throw this.#wrong('has something else where a name in double quotes, or }, is expected');
      const name = String(this.#parsed(literal));
      const inner = path === undefined ? name : `${path}.${name}`;
      if (this.#lines.has(inner)) throw new JsonTextError(line, `has a name for the second time, first in line ${this.#lines.get(inner)}`);
      this.#lines.set(inner, line);
      if (!this.#skips(':')) throw this.#wrong('has no : behind a name');
      members.push([name, this.#value(inner, depth + 1)]);
      if (!this.#skips(',') && !this.#sees('}')) throw this.#wrong('has something else where , or } is expected');
    }
    return Object.fromEntries(members);
  }

  #array(path: string | undefined, depth: number): readonly unknown[] {
    const items: unknown[] = [];
    while (!this.#skips(']')) {
      items.push(this.#value(`${path ?? ''}[${items.length}]`, depth + 1));
      if (!this.#skips(',') && !this.#sees(']')) throw this.#wrong('has something else where , or ] is expected');
    }
    return items;
  }

  #parsed(literal: string): unknown {
    try {
      return JSON.parse(literal);
    } catch {
      throw this.#wrong('has a value that is none');
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #sees(character: string): boolean {
    this.#space();
    return this.#text[this.#at] === character;
  }

  #skips(character: string): boolean {
    const there = this.#sees(character);
    if (there) this.#at++;
    return there;
  }

  #ends(): boolean {
    this.#space();
    return this.#at >= this.#text.length;
  }

  #line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  #wrong(problem: string): JsonTextError {
    return new JsonTextError(this.#line(), this.#at >= this.#text.length ? 'ends too early' : problem);
  }
}
