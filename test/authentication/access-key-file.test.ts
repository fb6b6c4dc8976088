import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptAccessKey } from '../../src/authentication/access-key-file.ts';
import { parseAccessKeys } from '../../src/authentication/access-key-list.ts';

const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789+/=';

describe('parseAccessKeys', () => {
  it('takes keys between commas, spaces and lines', () => {
    const other = 'x'.repeat(32);
    expect(parseAccessKeys(` ${KEY},${other}\n${KEY}\r\n`, 'here')).toEqual([KEY, other, KEY]);
  });

  it.each([
    ['', 'is missing'],
    [' ,\n', 'is missing'],
    ['x'.repeat(31), 'has 31 characters, and 32 are the least'],
    [`${KEY} short`, 'has 5 characters'],
    ['x'.repeat(1025), 'has 1025 characters, and 1024 are the most'],
    [`${KEY};`, 'has characters that no key can have'],
    ['ü'.repeat(32), 'has characters that no key can have'],
    [`${KEY}\u0000`, 'has characters that no key can have'],
  ])('refuses %j and does not show it', (text, problem) => {
    const parse = (): unknown => parseAccessKeys(text, 'in SIGNALBOX_ACCESS_KEY');
    expect(parse).toThrow(expect.objectContaining({ code: 'SIGNALBOX_ACCESS_KEY' }));
    expect(parse).toThrow(`The access key in SIGNALBOX_ACCESS_KEY ${problem}`);
    expect(parse).not.toThrow(/xxxxx|short\b|abcdef|ü/);
  });
});

describe('keptAccessKey', () => {
  let root: string;
  let directory: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'signalbox-key-'));
    directory = join(root, 'data');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  const refusal = (problem: string): unknown =>
    expect.objectContaining({ code: 'SIGNALBOX_ACCESS_KEY', message: expect.stringContaining(problem) });

  it("makes a key that is the owner's alone, and reads it again", async () => {
    const { key, file } = await keptAccessKey(directory);
    expect(key).toMatch(/^[A-Za-z0-9+/]{64}$/);
    expect(file).toBe(join(directory, 'access-key'));
    expect(await readFile(file, 'utf8')).toBe(`${key}\n`);
    expect([await modeOf(directory), await modeOf(file)]).toEqual([0o700, 0o600]);
    expect(await keptAccessKey(directory)).toEqual({ key, file });
    expect((await readdir(directory)).toSorted()).toEqual(['.gitignore', 'access-key']);
    expect(await readFile(join(directory, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('makes another key for another directory', async () => {
    const keys = await Promise.all(['a', 'b'].map((name) => keptAccessKey(join(root, name))));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(2);
  });

  it('gives all who ask at once the same key, and leaves no draft', async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => keptAccessKey(directory)));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
    expect((await readdir(directory)).toSorted()).toEqual(['.gitignore', 'access-key']);
  });

  it('takes a directory that is there as it is', async () => {
    await mkdir(directory, { mode: 0o755 });
    await keptAccessKey(directory);
    expect([await modeOf(directory), await readdir(directory)]).toEqual([0o755, ['access-key']]);
  });

  it.each([0o640, 0o604, 0o660, 0o622])('refuses a key file with mode %o', async (mode) => {
    const { file } = await keptAccessKey(directory);
    await chmod(file, mode);
    await expect(keptAccessKey(directory)).rejects.toEqual(refusal(`in the file ${file} can be read by others`));
  });

  it.each([0o770, 0o707, 0o777])('refuses a directory with mode %o, where others could put their own key', async (mode) => {
    await keptAccessKey(directory);
    await chmod(directory, mode);
    await expect(keptAccessKey(directory)).rejects.toEqual(refusal(`in ${directory} can be replaced by others`));
  });

  it.each([
    ['', 'is missing'],
    ['short\n', 'has 5 characters'],
    [`${KEY}\n${KEY}\n`, 'is one of several'],
    ['x'.repeat(5000), 'is no key'],
  ])('refuses a file that holds %j', async (content, problem) => {
    await mkdir(directory, { mode: 0o700 });
    await writeFile(join(directory, 'access-key'), content, { mode: 0o600 });
    await expect(keptAccessKey(directory)).rejects.toEqual(refusal(problem));
  });

  it('refuses a link, and what is no file', async () => {
    await mkdir(directory, { mode: 0o700 });
    const elsewhere = join(root, 'elsewhere');
    await writeFile(elsewhere, KEY, { mode: 0o600 });
    await symlink(elsewhere, join(directory, 'access-key'));
    await expect(keptAccessKey(directory)).rejects.toEqual(refusal('is behind a symbolic link'));
    await rm(join(directory, 'access-key'));
    await mkdir(join(directory, 'access-key'));
    await expect(keptAccessKey(directory)).rejects.toEqual(refusal('is no key'));
  });

  it("says why a directory can't be used", async () => {
    await writeFile(directory, '');
    await expect(keptAccessKey(join(directory, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
