import { modulesOf } from './modules.ts';
import type { Rule } from './tree.ts';

const FILE_LINES = 400;
const FUNCTION_LINES = 60;

/** Modules, tests and scripts included, stay short. */
export const filesAreShort: Rule = (tree) =>
  modulesOf(tree).flatMap(({ file }) => {
    const lines = (tree.get(file) ?? '').trimEnd().split('\n').length;
    return lines > FILE_LINES ? [{ file, line: FILE_LINES + 1, message: `has ${lines} lines; ${FILE_LINES} are allowed` }] : [];
  });

/** Functions of the library stay short. */
export const functionsAreShort: Rule = (tree) =>
  modulesOf(tree)
    .filter(({ file }) => file.startsWith('src/'))
    .flatMap(({ file, functions }) =>
      functions
        .filter(({ lines }) => lines > FUNCTION_LINES)
        .map(({ line, lines }) => ({ file, line, message: `begins a function of ${lines} lines; ${FUNCTION_LINES} are allowed` })),
    );
