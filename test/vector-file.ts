import { existsSync, readFileSync } from 'node:fs';

/** Reads a file of `test/vectors`, also from programs that were built into another folder. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`test/vectors/${name}`, root()), 'utf8'));
}

function root(): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) {
    const parent = new URL('..', folder);
    if (parent.href === folder.href) throw new Error(`No package.json above ${import.meta.url}`);
    folder = parent;
  }
  return folder;
}
