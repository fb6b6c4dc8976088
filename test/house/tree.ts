import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's text files: path from its root, with `/`, to content. */
export type Tree = ReadonlyMap<string, string>;

/** One place where a rule is broken. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Looks at files and says where they break it. Pure, so that it can be shown to fail on files that don't exist. */
export type Rule = (tree: Tree) => readonly Finding[];

export function shown({ file, line, message }: Finding): string {
  return `${file}:${line} ${message}`;
}

/** Tells the line, from 1, of an offset into `text`. */
export function linesOf(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) ends.push(end);
  return (offset) => {
    const line = ends.findIndex((end) => end >= offset);
    return (line === -1 ? ends.length : line) + 1;
  };
}

/** All matches of a global `pattern`, with the line each begins on. */
export function matches(text: string, pattern: RegExp): readonly { readonly line: number; readonly match: RegExpExecArray }[] {
  const line = linesOf(text);
  return [...text.matchAll(pattern)].map((match) => ({ line: line(match.index), match }));
}

/** Reads what lies below `root` and is not named in its `.gitignore`. Files with a NUL byte are not text and left out. */
export function readTree(root: string): Tree {
  const ignored = ignoredNames(readFileSync(join(root, '.gitignore'), 'utf8'));
  const tree = new Map<string, string>();
  const read = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name === '.git' || ignored(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) read(path);
      else if (entry.isFile()) {
        const text = readFileSync(join(root, path), 'utf8');
        if (!text.includes('\0')) tree.set(path, text);
      }
    }
  };
  read('');
  return tree;
}

/** The forms of pattern that the project's `.gitignore` uses: a name, a folder's name with `/` behind it, `*.ending`. */
function ignoredNames(gitignore: string): (name: string) => boolean {
  const patterns = gitignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const names = new Set(patterns.map((pattern) => pattern.replace(/\/$/, '')));
  const endings = patterns.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1));
  return (name) => names.has(name) || endings.some((ending) => name.endsWith(ending));
}
