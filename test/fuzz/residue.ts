import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much the heap may have grown: the share, beside bytes that engines need for themselves. */
const MOST_GROWTH = 0.05;
/** Collections until nothing more is found: what is finalized is freed by the next one. */
const COLLECTIONS = 4;

/** What is left in a process between two runs: memory, once all that can be collected was, and whatever keeps it alive. */
export class Residue {
  readonly #heap: number;
  readonly #external: number;
  readonly #resources: readonly string[];

  private constructor(heap: number, external: number, resources: readonly string[]) {
    this.#heap = heap;
    this.#external = external;
    this.#resources = resources;
  }

  static async measure(): Promise<Residue> {
    const collect = collector();
    for (let i = 0; i < COLLECTIONS; i++) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    return new Residue(heapUsed, external, process.getActiveResourcesInfo().toSorted());
  }

  get heap(): number {
    return this.#heap;
  }

  /** What there is more than before, in words; nothing where all is as it was. */
  since(before: Residue): readonly string[] {
    const found: string[] = [];
    const memory = this.#heap + this.#external;
    const then = before.#heap + before.#external;
    if (memory > then * (1 + MOST_GROWTH)) found.push(`${memory} bytes of memory are in use; there were ${then}`);
    const [now, earlier] = [this.#resources.join(', '), before.#resources.join(', ')];
    if (now !== earlier) found.push(`active resources are [${now}]; there were [${earlier}]`);
    return found;
  }
}

/** The engine's own collector, also in a process that was not started with `--expose-gc`. */
function collector(): () => void {
  if (globalThis.gc !== undefined) return globalThis.gc as () => void;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
