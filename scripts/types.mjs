// Proves that the type tests can fail: that each @ts-expect-error stands for an error at its own line, that a difference of
// types is an error, and that what the compiler prints of a hub is what a reader was promised. Prints one line if so.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { run } from './command.mjs';

const TESTS = 'test/types';
const EXPECTATION = /\/\/ @ts-expect-error\b/;
/** What the declaration of test/types/chat.ts has to read like. */
const PROMISED = join(TESTS, 'chat.declaration.txt');
/** One mistake of each kind that a type test can make, and the line of each. */
const DELIBERATE = `import { is } from './is.ts';
is<number, string>();
// @ts-expect-error nothing is wrong here
is<number, number>();
`;
const DELIBERATE_LINES = [2, 3];

/**
 * @typedef {object} Compiler
 * @property {string} version
 * @property {string} path
 *
 * @typedef {Map<string, string>} Sources By file name.
 */

const sources = await readSources();
const wrongUses = [...sources].flatMap(([file, text]) => linesWith(text, EXPECTATION).map((line) => `${TESTS}/${file}:${line + 1}`));
const expected = [...wrongUses, ...DELIBERATE_LINES.map((line) => `${TESTS}/deliberate.ts:${line}`)];
const copy = new Map([...sources].map(([file, text]) => [file, text.replaceAll(new RegExp(EXPECTATION, 'g'), '// expected:')]));
copy.set('deliberate.ts', DELIBERATE);
const compilers = await findCompilers();

await mkdir('build', { recursive: true });
const folder = await mkdtemp(join('build', 'types-'));
try {
  const problems = (await Promise.all(compilers.map(prove))).flat();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`types: ${wrongUses.length} wrong uses fail, each at its own line, as do deliberate mistakes (${versions()})`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @returns {Promise<Sources>} */
async function readSources() {
  const files = (await readdir(TESTS)).filter((file) => file.endsWith('.ts'));
  return new Map(await Promise.all(files.map(async (file) => /** @type {const} */ ([file, await readFile(join(TESTS, file), 'utf8')]))));
}

/** The project's own compiler, and an older one where it is installed beside it. @returns {Promise<Compiler[]>} */
async function findCompilers() {
  const packages = ['node_modules/typescript', 'node_modules/typescript-5.9'].filter((path) => existsSync(path));
  return Promise.all(
    packages.map(async (path) => {
      const { version, bin } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
      return { version, path: join(path, bin.tsc) };
    }),
  );
}

function versions() {
  const known = compilers.map(({ version }) => version).join(' and ');
  return `TypeScript ${known}${compilers.length > 1 ? '' : '; 5.9 is not installed as typescript-5.9'}`;
}

/**
 * Compiles the copy, in which nothing is expected to be wrong any more.
 *
 * @param {Compiler} compiler
 * @returns {Promise<string[]>} How that is not as it should be.
 */
async function prove({ version, path }) {
  const root = join(folder, version);
  await mkdir(join(root, TESTS), { recursive: true });
  await Promise.all([...copy].map(([file, text]) => writeFile(join(root, TESTS, file), text)));
  const up = relative(root, '.');
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, noEmitOnError: false, rootDir: up, outDir: 'out' };
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ extends: `${up}/tsconfig.json`, compilerOptions, include: [TESTS] }));
  const { output } = await run(process.execPath, [path, '-p', root, '--pretty', 'false'], { quiet: true, timeout: 120_000 });

  const found = errorsIn(output, root);
  const printed = await readFile(join(root, 'out', root, TESTS, 'chat.d.ts'), 'utf8').catch(() => 'nothing');
  const problems = [
    ...expected.filter((place) => !found.has(place)).map((place) => `${place} should be an error, but compiles`),
    ...[...found].filter((place) => !expected.includes(place)).map((place) => `${place} is an error, but should compile`),
    ...(printed === (await readFile(PROMISED, 'utf8')) ? [] : [`${PROMISED} is not what the compiler prints:\n${printed}`]),
  ];
  return problems.map((problem) => `TypeScript ${version}: ${problem}`);
}

/**
 * @param {string} output
 * @param {string} root
 * @returns {Set<string>} Where there are errors: the file and the line; outside of the type tests also the text.
 */
function errorsIn(output, root) {
  const errors = output.matchAll(/^(\S.*?)\((\d+),\d+\): error (.*)$/gm);
  return new Set(
    Array.from(errors, ([, file = '', line, text]) => {
      const inside = relative(join(root, TESTS), resolve(file));
      return /[\\/]/.test(inside) ? `${file}:${line} (${text})` : `${TESTS}/${inside}:${line}`;
    }),
  );
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 * @returns {number[]} Counted from 1.
 */
function linesWith(text, pattern) {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}
