import { posix } from 'node:path';
import { folderOf, folders } from './floors.ts';
import { MANIFEST, manifestOf } from './manifest.ts';
import { matches, type Finding, type Rule, type Tree } from './tree.ts';

const ARCHITECTURE = 'ARCHITECTURE.md';
const SECURITY = 'SECURITY.md';

/** A documented optional property: its comment and its name. */
const OPTION = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s+(?:readonly )?(\w+)\??:/g;

/** The map has a table row, `| floor | folder | …`, for each folder right below `src`, one for the files in `src`, and no other. */
export const mapShowsFloors: Rule = (tree) => {
  const map = tree.get(ARCHITECTURE);
  if (map === undefined) return [{ file: ARCHITECTURE, line: 1, message: 'is missing' }];
  const present = new Set([...tree.keys()].filter((file) => file.startsWith('src/')).map(folderOf));
  const wanted = new Set(
    folders.filter((folder) => present.has(folder)).map(({ path, floor }) => `| ${floor} | \`${shownFolder(path)}\` |`),
  );
  const rows = matches(map, /^\| \d \| `src[^`]*` \|/gm).map(({ line, match }) => ({ line, row: match[0] }));
  return [
    ...[...wanted]
      .filter((row) => !rows.some((shown) => shown.row === row))
      .map((row) => ({ file: ARCHITECTURE, line: 1, message: `has no row ${row}` })),
    ...rows
      .filter(({ row }) => !wanted.has(row))
      .map(({ line, row }) => ({ file: ARCHITECTURE, line, message: `has ${row}, which is not so` })),
  ];
};

const shownFolder = (path: string): string => (path === 'src' ? 'src/*.ts' : path.split('/', 2).join('/'));

/** Pages name scripts that exist and link to files that exist. */
export const pagesAreTrue: Rule = (tree) => {
  const { scripts = {} } = manifestOf(tree);
  const findings: Finding[] = [];
  for (const [file, text] of tree) {
    if (!file.endsWith('.md')) continue;
    for (const { line, match } of matches(text, /npm run (?:-\S+ )*([\w:-]+)/g)) {
      if (!(match[1] !== undefined && match[1] in scripts))
        findings.push({ file, line, message: `names "${match[0]}", which ${MANIFEST} lacks` });
    }
    for (const { line, match } of matches(text, /\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)) {
      const target = posix.join(posix.dirname(file), match[1] ?? '');
      const there = tree.has(target) || [...tree.keys()].some((path) => path.startsWith(`${target.replace(/\/$/, '')}/`));
      if (!there) findings.push({ file, line, message: `links to ${target}, which does not exist` });
    }
  }
  return findings;
};

/** The limits on the security page are options, with the defaults that their own comments give. */
export const limitsAreTrue: Rule = (tree) => {
  const page = tree.get(SECURITY);
  if (page === undefined) return [{ file: SECURITY, line: 1, message: 'is missing' }];
  const options = [...tree].filter(([file]) => /^src\/(hub|transport|redis|service)\/.*options\.ts$/.test(file)).map(([, text]) => text);
  // An option of hubs may have the name of one of the service.
  const described = new Map<string | undefined, string[]>();
  for (const { match } of options.flatMap((text) => matches(text, OPTION))) {
    described.set(match[2], [...(described.get(match[2]) ?? []), match[1] ?? '']);
  }
  return matches(page, /^\| `(?:\w+\.)?(\w+)` \| ([\d,]+|null) \|/gm)
    .filter(({ match }) => {
      const byDefault = new RegExp(`Default\\b[^]*\\b${match[2]}\\b`);
      return !(described.get(match[1]) ?? []).some((comment) => byDefault.test(comment));
    })
    .map(({ line, match }) => ({ file: SECURITY, line, message: `says ${match[1]} is ${match[2]}, but no option's comment does` }));
};

const COMPATIBILITY = ['docs/compatibility.md', 'docs/service-compatibility.md'];

/** What a row of a compatibility page may say: `same`, which may be qualified behind a comma, `better: how` or `absent: why`. */
const VERDICT = /^(?:same(?:, .+)?|better: .+|absent: .+)$/;

/**
 * In the tables of the compatibility pages that end in the column `tested by`, each row says `same`, `better: how` or `absent: why`, and links to
 * tests by their titles, `[title](../test/file.test.ts)`. What is absent needs none. A title is a whole string of the file: that of a test, the
 * name of a row of a table of cases, what a recorded session is about, or behind `@ts-expect-error` what must not compile.
 */
export const compatibilityIsTested: Rule = (tree) => COMPATIBILITY.flatMap((file) => untestedRows(tree, file));

function untestedRows(tree: Tree, file: string): readonly Finding[] {
  const findings: Finding[] = [];
  let columns = 0;
  for (const [at, row] of (tree.get(file) ?? '').split('\n').entries()) {
    if (!row.startsWith('|')) columns = 0;
    else if (row.endsWith('| tested by |')) columns = cellsOf(row).length;
    else if (columns > 0 && !/^\|[ |-]+$/.test(row)) {
      findings.push(...rowFaults(tree, row, columns).map((message) => ({ file, line: at + 1, message })));
    }
  }
  return findings;
}

const cellsOf = (row: string): readonly string[] => row.split(/(?<!\\)\|/).map((cell) => cell.trim());

function rowFaults(tree: Tree, row: string, columns: number): readonly string[] {
  const cells = cellsOf(row);
  const [subject = '', verdict = '', tests = ''] = [cells[1], cells.at(-3), cells.at(-2)];
  if (cells.length !== columns) return [`has other columns for '${subject}' than its table`];
  if (!VERDICT.test(verdict)) return [`does not say whether '${subject}' is the same, better or absent`];
  const links = [...tests.matchAll(/\[((?:\\.|[^\]\\])+)\]\(\.\.\/(test\/[^)]+)\)/g)];
  if (links.length === 0) return verdict.startsWith('absent') ? [] : [`links '${subject}' to no test`];
  return links.flatMap(([, title = '', path = '']) => {
    const text = tree.get(path)?.replaceAll('\\', '');
    if (text === undefined) return [`links '${subject}' to ${path}, which does not exist`];
    const plain = title.replaceAll('\\', '');
    const there = ["'", '"', '`'].some((quote) => text.includes(quote + plain + quote)) || text.includes(`@ts-expect-error ${plain}\n`);
    return there ? [] : [`links '${subject}' to '${title}', which ${path} does not have`];
  });
}
