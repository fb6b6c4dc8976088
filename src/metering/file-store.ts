import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HOUR } from './day.ts';

/** A folder of text files. What fails, fails with an error of `node:fs`. */
export interface FileStore {
  /** For what is said of it. */
  readonly path: string;
  /** Of its files; none where there is no folder. */
  names(): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  read(name: string): Promise<string | undefined>;
  /** The whole file: whoever reads it, whenever, has what was in it before or the new text. */
  write(name: string, text: string): Promise<void>;
  append(name: string, text: string): Promise<void>;
  /** False where there is no such file. */
  rename(from: string, to: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Removes what writes left behind that were cut off. */
  removeDrafts(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const OWNER_FOLDER = 0o700;
/** Far more than this package writes: a larger file is somebody else's. */
const MOST_BYTES = 0x1000_0000;
const DRAFT = '.draft';

/** A folder of a data directory. Both are made where they are missing, by the first write. */
export class DirectoryStore implements FileStore {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string, folder: string) {
    this.#directory = resolve(directory);
    this.path = join(this.#directory, folder);
  }

  async names(): Promise<readonly string[]> {
    const found = await unlessMissing(readdir(this.path));
    return found?.filter((name) => !name.endsWith(DRAFT)) ?? [];
  }

  async read(name: string): Promise<string | undefined> {
    const handle = await unlessMissing(open(join(this.path, name), 'r'));
    if (handle === undefined) return undefined;
    try {
      const stats = await handle.stat();
      // A device or a pipe may have no end.
      if (!stats.isFile()) throw new Error('it is no file');
      const { size } = stats;
      if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, and ${MOST_BYTES} are the most`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  }

  async write(name: string, text: string): Promise<void> {
    const draft = join(this.path, `${name}.${randomBytes(8).toString('hex')}${DRAFT}`);
    try {
      await this.#inFolder(() => writeFile(draft, text, { flag: 'wx', mode: OWNER_ONLY, flush: true }));
      await rename(draft, join(this.path, name));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  append(name: string, text: string): Promise<void> {
    return this.#inFolder(() => appendFile(join(this.path, name), text, { mode: OWNER_ONLY }));
  }

  async rename(from: string, to: string): Promise<boolean> {
    const renamed = rename(join(this.path, from), join(this.path, to)).then(() => true);
    return (await unlessMissing(renamed)) ?? false;
  }

  remove(name: string): Promise<void> {
    return rm(join(this.path, name), { force: true });
  }

  async removeDrafts(): Promise<void> {
    for (const name of (await unlessMissing(readdir(this.path))) ?? []) {
      if (!name.endsWith(DRAFT)) continue;
      const file = join(this.path, name);
      const stats = await unlessMissing(stat(file));
      // A young one may be somebody's who is still writing.
      if (stats !== undefined && Date.now() - stats.mtimeMs > HOUR) await rm(file, { force: true });
    }
  }

  /** What is missing is made only then: nothing is looked at that is there already. */
  async #inFolder(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const made = await mkdir(this.#directory, { recursive: true, mode: OWNER_FOLDER });
      // It may lie in a project: what is in it is not for the project's history.
      if (made !== undefined) await writeFile(join(this.#directory, '.gitignore'), '*\n');
      await mkdir(this.path, { recursive: true, mode: OWNER_FOLDER });
      await write();
    }
  }
}

async function unlessMissing<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
