import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { linesOf, matches, type Finding, type Rule, type Tree } from './tree.ts';

export interface Package {
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export const MANIFEST = 'package.json';
const LOCK = 'package-lock.json';
const DEPENDENCIES = 'docs/dependencies.md';

export const manifestOf = (tree: Tree): Package => JSON.parse(tree.get(MANIFEST) ?? '{}') as Package;

/** The line of the first `"name"` in the manifest. */
const manifestLine = (tree: Tree, name: string): number => {
  const text = tree.get(MANIFEST) ?? '';
  return linesOf(text)(Math.max(text.indexOf(`"${name}"`), 0));
};

/** What the package exports is built from a file that exists, and each file that lies directly in `src` is exported. */
export const exportsExist: Rule = (tree) => {
  const findings: Finding[] = [];
  const exported = new Set<string>();
  for (const [name, targets] of Object.entries(manifestOf(tree).exports ?? {})) {
    for (const target of typeof targets === 'string' ? [targets] : Object.values(targets)) {
      const built = /^\.\/dist\/(.+?)(\.d\.ts|\.js)$/.exec(target);
      const source = built ? `src/${built[1]}.ts` : posix.normalize(target);
      exported.add(source);
      if (!tree.has(source)) {
        findings.push({ file: MANIFEST, line: manifestLine(tree, name), message: `exports ${target}, but there is no ${source}` });
      }
    }
  }
  for (const file of tree.keys()) {
    const entry = /^src\/[^/]+\.ts$/.test(file);
    if (entry && !exported.has(file))
      findings.push({ file, line: 1, message: `lies where entries lie, but ${MANIFEST} does not export it` });
  }
  return findings;
};

/** The page on dependencies lists each of them, in a table row of its own, at the version that is installed. */
export const dependenciesAreExplained: Rule = (tree) => {
  const page = tree.get(DEPENDENCIES);
  if (page === undefined) return [{ file: DEPENDENCIES, line: 1, message: 'is missing' }];
  const { dependencies, devDependencies, peerDependencies } = manifestOf(tree);
  const exact = { ...dependencies, ...devDependencies };
  const rows = matches(page, /^\| `([^`]+)` +\| ([^ |]+) +\|/gm).map(({ line, match }) => ({
    line,
    name: match[1] ?? '',
    version: match[2],
  }));
  const findings: Finding[] = [];
  for (const [name, version] of Object.entries({ ...peerDependencies, ...exact })) {
    const line = manifestLine(tree, name);
    if (name in exact && !/^(npm:.+@)?\d/.test(version))
      findings.push({ file: MANIFEST, line, message: `has ${name} ${version}: pin one version` });
    if (!rows.some((row) => row.name === name))
      findings.push({ file: MANIFEST, line, message: `has ${name}: ${DEPENDENCIES} does not say why` });
  }
  for (const { line, name, version } of rows) {
    const wanted = exact[name] ?? peerDependencies?.[name];
    if (wanted === version) continue;
    findings.push({ file: DEPENDENCIES, line, message: `says ${name} ${version}; ${MANIFEST} says ${wanted ?? 'nothing of it'}` });
  }
  return findings;
};

/**
 * `npm ci` refuses a lock file that has other ranges than the manifest, or lacks a package of another platform, as one that was written
 * with only a part of the registry in reach.
 */
export const lockIsWhole: Rule = (tree) => {
  const text = tree.get(LOCK);
  if (text === undefined) return [{ file: LOCK, line: 1, message: 'is missing' }];
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Package>> };
  const line = linesOf(text);
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !Object.keys(packages).some((at) => at.endsWith(`node_modules/${name}`)))
      .map((name) => ({ file: LOCK, line: line(text.indexOf(`"${path}"`)), message: `lacks ${name}, which ${path} may need` })),
  );
  const manifest = manifestOf(tree);
  const stale = (['dependencies', 'devDependencies', 'peerDependencies'] as const)
    .filter((kind) => !isDeepStrictEqual(manifest[kind], packages['']?.[kind]))
    .map((kind) => ({ file: LOCK, line: 1, message: `has other ${kind} than ${MANIFEST}` }));
  return [...missing, ...stale];
};
