import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codedError } from '../base/errors.ts';
import { parseAccessKeys } from './access-key-list.ts';

/** An access key, and where it is kept. */
export interface KeptAccessKey {
  readonly key: string;
  readonly file: string;
}

const NAME = 'access-key';
/** Of random bytes: 64 characters of base64, without padding. */
const KEY_BYTES = 48;
/** Larger than any file with a key. */
const MOST_BYTES = 4096;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/**
 * The access key of a directory, in its file `access-key`: made at random the first time, read from then on. The directory is made, too, where
 * it is missing. Both are the owner's alone (modes 600 and 700). However many processes ask for the first time at once, all get the same key.
 *
 * @throws SignalboxError SIGNALBOX_ACCESS_KEY where others may read the key or change it, or the file holds no key
 * @throws Error of `node:fs`, with its `code`, where the directory can't be used
 */
export async function keptAccessKey(directory: string): Promise<KeptAccessKey> {
  const folder = resolve(directory);
  const file = join(folder, NAME);
  await makeDirectory(folder);
  const key = (await readKey(file)) ?? (await makeKey(folder, file));
  return { key, file };
}

/**
 * The same where it was made before; undefined where it was not. Nothing is made.
 *
 * @throws SignalboxError SIGNALBOX_ACCESS_KEY as `keptAccessKey` does
 * @throws Error of `node:fs`, with its `code`, where the file can't be read
 */
export async function readKeptAccessKey(directory: string): Promise<KeptAccessKey | undefined> {
  const file = join(resolve(directory), NAME);
  const key = await readKey(file);
  return key === undefined ? undefined : { key, file };
}

async function makeDirectory(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  // It may lie in a project: what is in it is not for the project's history.
  if (made !== undefined) await writeFile(join(folder, '.gitignore'), '*\n');
  if (isOpenTo(OTHERS_WRITE, await stat(folder))) {
    throw refused(`in ${folder}`, 'can be replaced by others, who may write to that directory (chmod go-w)');
  }
}

/** Undefined where there is no file. */
async function readKey(file: string): Promise<string | undefined> {
  const where = `in the file ${file}`;
  let handle;
  try {
    handle = await open(file, READ);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw refused(where, 'is behind a symbolic link');
    throw error;
  }
  try {
    // Of what was opened, not of what the name stands for by now.
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MOST_BYTES) throw refused(where, 'is no key: it is something else');
    if (isOpenTo(OTHERS, stats)) throw refused(where, 'can be read by others (chmod 600)');
    const [key, ...others] = parseAccessKeys(await handle.readFile('utf8'), where);
    if (key === undefined || others.length > 0) throw refused(where, 'is one of several');
    return key;
  } finally {
    await handle.close();
  }
}

/** The name appears with the whole content behind it, and only once: whoever comes second takes what the first one made. */
async function makeKey(folder: string, file: string): Promise<string> {
  const key = randomBytes(KEY_BYTES).toString('base64');
  const draft = join(folder, `${NAME}.${randomBytes(8).toString('hex')}`);
  await writeFile(draft, `${key}\n`, { flag: 'wx', mode: OWNER_ONLY, flush: true });
  try {
    await link(draft, file);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readKey(file)) ?? (await makeKey(folder, file));
  } finally {
    await rm(draft, { force: true });
  }
}

/** Windows has other rights than these. */
const isOpenTo = (bits: number, { mode }: Stats): boolean => process.platform !== 'win32' && (mode & bits) !== 0;

const refused = (where: string, problem: string): Error => codedError('SIGNALBOX_ACCESS_KEY', { where, problem });
