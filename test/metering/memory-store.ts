import type { FileStore } from '../../src/metering/file-store.ts';

/** What happens to the next change of a store: it works, it fails, it works and says that it failed, or the process is gone for good. */
export type Fate = 'works' | 'fails' | 'works, and fails' | 'killed';

/** Files that outlive the processes that write them. */
export class MemoryDisk {
  readonly files = new Map<string, string>();
}

/** A folder in memory, as one process has it. */
export class MemoryStore implements FileStore {
  readonly path = '/data/meter';
  readonly disk: MemoryDisk;
  /** What comes next; `works` where there is nothing more. */
  readonly fates: Fate[] = [];
  /** Changes that were begun. */
  changes = 0;
  isKilled = false;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  async names(): Promise<readonly string[]> {
    await this.#alive();
    return [...this.disk.files.keys()];
  }

  async read(name: string): Promise<string | undefined> {
    await this.#alive();
    return this.disk.files.get(name);
  }

  write(name: string, text: string): Promise<void> {
    return this.#change(() => void this.disk.files.set(name, text));
  }

  append(name: string, text: string): Promise<void> {
    return this.#change(() => void this.disk.files.set(name, (this.disk.files.get(name) ?? '') + text));
  }

  async rename(from: string, to: string): Promise<boolean> {
    let isThere = false;
    await this.#change(() => {
      const text = this.disk.files.get(from);
      isThere = text !== undefined;
      if (text === undefined) return;
      this.disk.files.set(to, text);
      this.disk.files.delete(from);
    });
    return isThere;
  }

  remove(name: string): Promise<void> {
    return this.#change(() => void this.disk.files.delete(name));
  }

  removeDrafts(): Promise<void> {
    return this.#alive();
  }

  async #change(run: () => void): Promise<void> {
    this.changes++;
    await this.#alive();
    const fate = this.fates.shift() ?? 'works';
    if (fate === 'killed') this.isKilled = true;
    await this.#alive();
    if (fate === 'fails') throw new Error('ENOSPC: no space left on device');
    run();
    if (fate === 'works, and fails') throw new Error('EIO: i/o error');
  }

  /** A process that was killed never hears of anything again. */
  #alive(): Promise<void> {
    return this.isKilled ? new Promise(() => {}) : Promise.resolve();
  }
}
