import type { Chunk } from './plan.ts';
import type { Left, Tried } from './worker.ts';

interface Sum {
  cases: number;
  failures: number;
  milliseconds: number;
  chunks: number;
}

/** Sums up what workers tell, and says what there is to say when a property is through. */
export class Progress {
  failures = 0;
  readonly #seed: number;
  readonly #say: (text: string) => void;
  readonly #sums = new Map<string, Sum>();
  readonly #started = performance.now();
  readonly #width: number;

  constructor(chunks: readonly Chunk[], seed: number, say: (text: string) => void) {
    this.#seed = seed;
    this.#say = say;
    for (const { property } of chunks) {
      const sum = this.#sums.get(property) ?? { cases: 0, failures: 0, milliseconds: 0, chunks: 0 };
      sum.chunks++;
      this.#sums.set(property, sum);
    }
    this.#width = Math.max(...[...this.#sums.keys()].map(({ length }) => length));
  }

  tried(chunk: Chunk, { verdict: { cases, failure }, milliseconds }: Tried): void {
    const sum = this.#sumOf(chunk);
    sum.cases += cases;
    sum.milliseconds += milliseconds;
    if (failure !== undefined) {
      sum.failures++;
      this.#fail(`${chunk.property} failed\n${failure.text}\n${again(chunk, failure.seed, failure.path)}`);
    }
    this.#chunkEnded(chunk);
  }

  /** A worker died, of this chunk if it had one. */
  crashed(chunk: Chunk | undefined, reason: string): void {
    if (chunk === undefined) {
      this.#fail(`a worker failed: ${reason}`);
      return;
    }
    this.#sumOf(chunk).failures++;
    this.#fail(`${chunk.property} crashed: ${reason}\n${again(chunk, chunk.seed)}`);
    this.#chunkEnded(chunk);
  }

  /** A worker is through, and this is left in it. */
  finished({ residue, heap: [before, after] }: Left): void {
    this.#say(`heap of a worker: ${megabytes(before)} before, ${megabytes(after)} after (${percent(after / before - 1)})\n`);
    for (const found of residue) this.#fail(`left behind in a worker: ${found}`);
  }

  conclude(): void {
    let cases = 0;
    for (const sum of this.#sums.values()) cases += sum.cases;
    const seconds = Math.round((performance.now() - this.#started) / 1_000);
    this.#say(`seed ${this.#seed}, ${seconds} s\nfuzz: ${cases} cases, ${this.failures} failures\n`);
  }

  #sumOf({ property }: Chunk): Sum {
    const sum = this.#sums.get(property);
    if (sum === undefined) throw new Error(`nobody planned ${property}`);
    return sum;
  }

  #chunkEnded({ property }: Chunk): void {
    const sum = this.#sumOf({ property, cases: 0, seed: 0 });
    sum.chunks--;
    if (sum.chunks > 0) return;
    const figures = `${String(sum.cases).padStart(8)} cases  seed ${this.#seed}  ${(sum.milliseconds / 1_000).toFixed(1).padStart(7)} s`;
    this.#say(`${property.padEnd(this.#width)} ${figures}${sum.failures > 0 ? `  ${sum.failures} failures` : ''}\n`);
  }

  #fail(text: string): void {
    this.failures++;
    this.#say(`\n${text}\n\n`);
  }
}

/** The command that has a failure again; with its path, the shrunk case comes first. */
function again({ property, cases }: Chunk, seed: number, path?: string): string {
  const command = `npm run fuzz -- --only ${property} --cases ${cases} --seed ${seed}`;
  return path === undefined ? `Again: ${command}` : `Again: ${command}\nThe shrunk case alone: ${command} --path ${path}`;
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
const percent = (share: number): string => `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`;
