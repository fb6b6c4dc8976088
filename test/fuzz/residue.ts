import process from 'node:process';
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much memory may have grown, as a share. */
const MOST_GROWTH = 0.05;
/** Collections until nothing more is found: what is finalized is freed by the next one. */
const COLLECTIONS = 4;

/** What is left in a process between two runs: memory, once all that can be collected was, and whatever keeps it alive. */
export class Residue {
  /** Bytes, without those of the code that the engine has compiled. */
  readonly heap: number;
  /** Bytes of buffers. */
  readonly #buffers: number;
  readonly #resources: readonly string[];

  private constructor(heap: number, buffers: number, resources: readonly string[]) {
    this.heap = heap;
    this.#buffers = buffers;
    this.#resources = resources;
  }

  static async measure(): Promise<Residue> {
    const collect = collector();
    for (let i = 0; i < COLLECTIONS; i++) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      collect();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    // The engine goes on to compile what becomes hot, for as long as new cases come.
    const { code_and_metadata_size: code, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics();
    return new Residue(heapUsed - code - bytecode, arrayBuffers, process.getActiveResourcesInfo().toSorted());
  }

  /**
   * What there is more than before, in words; nothing where all is as it was.
   *
   * @param others - kinds of resources that somebody else in the process makes, too
   */
  since(before: Residue, others: readonly string[] = []): readonly string[] {
    const found: string[] = [];
    const memory = this.heap + this.#buffers;
    const then = before.heap + before.#buffers;
    if (memory > then * (1 + MOST_GROWTH)) found.push(`${memory} bytes of memory are in use; there were ${then}`);
    const more = beyond(this.#resources, before.#resources).filter((name) => !others.includes(name));
    if (more.length > 0) found.push(`active resources that were not there: ${more.join(', ')}`);
    return found;
  }
}

/** What `now` has more of. */
function beyond(now: readonly string[], before: readonly string[]): readonly string[] {
  const left = [...before];
  return now.filter((name) => {
    const place = left.indexOf(name);
    if (place !== -1) left.splice(place, 1);
    return place === -1;
  });
}

/** The engine's own collector, also in a process that was not started with `--expose-gc`. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
