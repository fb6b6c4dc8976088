import { posix } from 'node:path';
import type { Rule } from './tree.ts';

/** Every folder of the source has tests in the folder of the same name. */
export const foldersAreTested: Rule = (tree) => {
  const tests = [...tree.keys()].filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'));
  const sources = [...tree.keys()].filter((file) => file.startsWith('src/') && file.endsWith('.ts'));
  const first = new Map(sources.toReversed().map((file) => [posix.dirname(file), file]));
  first.delete('src');
  return [...first]
    .map(([folder, file]) => ({ file, mirrored: `test/${folder.slice('src/'.length)}/` }))
    .filter(({ mirrored }) => !tests.some((test) => test.startsWith(mirrored)))
    .map(({ file, mirrored }) => ({ file, line: 1, message: `has no test below ${mirrored}` }));
};
