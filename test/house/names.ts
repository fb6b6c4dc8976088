import { modulesOf } from './modules.ts';
import { matches, type Rule } from './tree.ts';

/** Words that name a drawer, not a thing. */
const drawers = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'common', 'misc', 'impl']);

/** The words of `FooBar-baz.test.ts`, in lower case. */
const words = (name: string): readonly string[] => (name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []).map((word) => word.toLowerCase());

/** Files, folders and what a source file declares are named by what they are. */
export const namesSayWhat: Rule = (tree) => [
  ...[...tree.keys()].flatMap((file) =>
    words(file)
      .filter((word) => drawers.has(word))
      .map((word) => ({ file, line: 1, message: `is named "${word}": say what it is` })),
  ),
  ...modulesOf(tree)
    .filter(({ file }) => file.startsWith('src/'))
    .flatMap(({ file, declarations }) =>
      declarations
        .filter(({ name }) => words(name).some((word) => drawers.has(word)) || /^I[A-Z][a-z]/.test(name))
        .map(({ name, line }) => ({ file, line, message: `declares ${name}: say what it is` })),
    ),
];

/** Written with a class of one character here and there, so that this file does not contain what it looks for. */
const foreign: readonly (readonly [RegExp, string])[] = [
  [/\/w[o]rk\/|\/r[o]ot\/|\/Us[e]rs\/\w|\/h[o]me\/\w/g, 'a path of one machine'],
  [/\.\.\/sha[r]ed\b/g, 'a path outside the project'],
  [/helper[ ]session|fac[t]s file|\bthe[ ]brief\b|\b[i]ssue \d/gi, 'how the project was made'],
];

/** The project speaks of itself alone, and of no machine it was made on. */
export const speaksOfItself: Rule = (tree) =>
  [...tree].flatMap(([file, text]) =>
    foreign.flatMap(([pattern, what]) =>
      matches(text, pattern).map(({ line, match }) => ({ file, line, message: `says "${match[0]}": ${what}` })),
    ),
  );
