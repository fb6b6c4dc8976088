import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/metering/file-store.ts';

describe('a folder of a data directory', () => {
  let root: string;
  let data: string;
  let store: DirectoryStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'signalbox-store-'));
    data = join(root, 'data');
    store = new DirectoryStore(data, 'meter');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test('is made by the first write, the owner alone may look into it, and it is not for a history of sources', async () => {
    expect(await store.names()).toEqual([]);
    expect(await store.read('a.json')).toBeUndefined();
    expect(await readdir(root)).toEqual([]);
    await store.write('a.json', 'a');
    await store.append('b.jsonl', 'b');
    const modes = await Promise.all(['', 'meter', 'meter/a.json', 'meter/b.jsonl'].map((path) => stat(join(data, path))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o600, 0o600]);
    expect(await readFile(join(data, '.gitignore'), 'utf8')).toBe('*\n');
    expect((await store.names()).toSorted()).toEqual(['a.json', 'b.jsonl']);
  });

  test('is made again where it is gone', async () => {
    await store.write('a.json', 'a');
    await rm(data, { recursive: true });
    await store.write('a.json', 'b');
    expect(await store.read('a.json')).toBe('b');
  });

  test('has a file with the old text or the new, and no other, while it is written', async () => {
    const texts = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
    await store.write('a.json', 'a'.repeat(1_000_000));
    const writing = (async () => {
      for (let at = 0; at < 20; at++) await store.write('a.json', texts[at % 2] ?? '');
    })();
    for (let at = 0; at < 20; at++) expect(texts).toContain(await store.read('a.json'));
    await writing;
    expect(await readdir(join(data, 'meter'))).toEqual(['a.json']);
  });

  test('leaves no draft behind where it can not write', async () => {
    await mkdir(join(data, 'meter/a.json/in-the-way'), { recursive: true });
    await expect(store.write('a.json', 'a')).rejects.toThrow('E');
    expect(await readdir(join(data, 'meter'))).toEqual(['a.json']);
  });

  test('removes drafts that were left behind long ago, and hides all of them', async () => {
    await mkdir(join(data, 'meter'), { recursive: true });
    const [old, young] = ['old.draft', 'young.draft'].map((name) => join(data, 'meter', name)) as [string, string];
    await Promise.all([writeFile(old, ''), writeFile(young, '')]);
    await utimes(old, 0, 0);
    expect(await store.names()).toEqual([]);
    await store.removeDrafts();
    expect(await readdir(join(data, 'meter'))).toEqual(['young.draft']);
  });

  test('says why it can not be used', async () => {
    await writeFile(data, 'a file');
    await expect(store.write('a.json', 'a')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(store.append('a.json', 'a')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(store.names()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  test.runIf(process.platform === 'linux')('does not read what has no end, and says that a disk is full', async () => {
    await store.write('a.json', 'a');
    await symlink('/dev/zero', join(data, 'meter/endless.json'));
    await expect(store.read('endless.json')).rejects.toThrow('it is no file');
    await symlink('/dev/full', join(data, 'meter/full.jsonl'));
    await expect(store.append('full.jsonl', 'text')).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  test('knows what is not there', async () => {
    await store.write('a.json', 'a');
    expect([await store.rename('b.json', 'c.json'), await store.rename('a.json', 'c.json')]).toEqual([false, true]);
    await store.remove('b.json');
    await store.remove('c.json');
    expect(await store.names()).toEqual([]);
  });
});
