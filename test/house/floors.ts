import { modulesOf, type Import, type Module } from './modules.ts';
import type { Finding, Rule } from './tree.ts';

interface Folder {
  readonly path: string;
  /** A file imports from lower floors and its own folder only. */
  readonly floor: number;
  /** Packages that may be imported here; `types`: by `import type` only. */
  readonly packages?: Readonly<Record<string, 'any' | 'types'>>;
  /** Node's modules that may be imported here; all where it is left out. */
  readonly builtins?: readonly string[];
}

const pure = ['node:buffer', 'node:util'];

/** The house, bottom up. ARCHITECTURE.md says what each folder is for. */
export const folders: readonly Folder[] = [
  { path: 'src/base', floor: 1 },
  // What every protocol in MessagePack needs; beside the rest of the base, of which it needs nothing.
  { path: 'src/base/messagepack', floor: 1, builtins: pure },
  { path: 'src/protocol', floor: 2, builtins: pure },
  { path: 'src/protocol/hub', floor: 2, builtins: pure, packages: { '@msgpack/msgpack': 'any' } },
  { path: 'src/protocol/service', floor: 2, builtins: pure },
  { path: 'src/transport', floor: 2, packages: { ws: 'any' } },
  { path: 'src/authentication', floor: 3, packages: { jose: 'any' } },
  { path: 'src/backplane', floor: 3 },
  { path: 'src/metering', floor: 3 },
  { path: 'src/reconnect', floor: 3 },
  // Not in its face: the service's own /metrics needs the exporter, too.
  { path: 'src/telemetry', floor: 4, packages: { 'prom-client': 'any' } },
  { path: 'src/bus', floor: 4 },
  { path: 'src/app-server', floor: 4, packages: { ws: 'any' } },
  // Beside the bus, of which it has the envelope's machinery only: that is the backplane's.
  { path: 'src/cluster', floor: 4 },
  { path: 'src/redis', floor: 4, packages: { ioredis: 'any' } },
  { path: 'src/status-page', floor: 4 },
  { path: 'src/hub', floor: 5, packages: { '@standard-schema/spec': 'types' } },
  { path: 'src/conformance', floor: 5 },
  { path: 'src/service', floor: 5 },
  { path: 'src/cli', floor: 6, packages: { 'prom-client': 'any' } },
  { path: 'src', floor: 6 },
];

/** Runs in browsers, over the official client: it loads nothing. */
const CLIENT = 'src/client.ts';

/** Faces that are about a package of the user's, who has it: nobody else is to load it. */
const facePackages: Readonly<Record<string, Folder['packages']>> = {
  [CLIENT]: { '@microsoft/signalr': 'types' },
  'src/opentelemetry.ts': { '@opentelemetry/api': 'any' },
};
/** Modules that the status page's handler serves out of a package, beside the page's own. */
const served = new Set(['src/status-page/page/uPlot.esm.js']);
const serverOnly = new Set(['Buffer', 'process', 'global', 'require', 'setImmediate']);

/** What a pure function of bytes has no use for. */
const impure = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'process',
  'fetch',
  'Date.now',
  'Math.random',
]);

/** The folder a source file belongs to: the deepest one, and only files that lie directly in `src` belong to that. */
export function folderOf(file: string): Folder | undefined {
  const around = folders.filter(({ path }) => file.startsWith(`${path}/`) && (path !== 'src' || !file.slice(4).includes('/')));
  return around.toSorted((a, b) => b.path.length - a.path.length)[0];
}

const sources = (modules: readonly Module[]): readonly Module[] => modules.filter(({ file }) => file.startsWith('src/'));

/** Imports inside `src` go down, or stay in their folder. */
export const importsGoDown: Rule = (tree) => {
  const findings: Finding[] = [];
  for (const { file, imports } of sources(modulesOf(tree))) {
    const folder = folderOf(file);
    if (!folder) findings.push({ file, line: 1, message: 'lies on no floor' });
    for (const { target, specifier, line } of imports) {
      if (target === undefined || served.has(target) || !folder) continue;
      const message = tree.has(target) ? wrongWay(folder, folderOf(target), target) : `imports ${specifier}, which does not exist`;
      if (message !== undefined) findings.push({ file, line, message });
    }
  }
  return findings;
};

function wrongWay(from: Folder, to: Folder | undefined, target: string): string | undefined {
  if (!to) return `imports ${target}, which lies on no floor`;
  if (to === from || to.floor < from.floor) return undefined;
  const relation = to.floor === from.floor ? 'which is beside it' : 'which is above it';
  return `${from.path} (floor ${from.floor}) imports ${target} (floor ${to.floor}), ${relation}`;
}

/** Each package is known to the one folder that needs it. */
export const packagesStayInPlace: Rule = (tree) => {
  const findings: Finding[] = [];
  for (const { file, imports } of sources(modulesOf(tree))) {
    for (const entry of imports) {
      const message = entry.target === undefined ? wrongPackage(file, entry) : undefined;
      if (message !== undefined) findings.push({ file, line: entry.line, message });
    }
  }
  return findings;
};

function wrongPackage(file: string, { specifier, erased }: Import): string | undefined {
  const folder = folderOf(file);
  if (specifier.startsWith('node:')) {
    const allowed = folder?.builtins?.includes(specifier) ?? true;
    return allowed ? undefined : `imports ${specifier}: ${folder?.path} is pure`;
  }
  const packages = facePackages[file] ?? folder?.packages;
  const allowed = packages?.[specifier];
  if (allowed === undefined) return `imports the package ${specifier}, which is not for ${folder?.path ?? file}`;
  return allowed === 'types' && !erased ? `imports ${specifier} at runtime; only its types are for use here` : undefined;
}

const codecs = ['src/protocol/', 'src/base/messagepack/'];

/** Codecs are pure: no clock, no timers, no I/O. */
export const protocolsArePure: Rule = (tree) =>
  sources(modulesOf(tree))
    .filter(({ file }) => codecs.some((folder) => file.startsWith(folder)))
    .flatMap(({ file, references }) =>
      references
        .filter(({ name }) => impure.has(name))
        .map(({ name, line }) => ({ file, line, message: `uses ${name}: a protocol is pure` })),
    );

/** The client's module loads nothing and needs nothing of Node. */
export const clientLoadsNothing: Rule = (tree) => {
  const client = modulesOf(tree).find(({ file }) => file === CLIENT);
  if (!client) return [{ file: CLIENT, line: 1, message: 'is missing' }];
  return [
    ...client.imports
      .filter(({ erased }) => !erased)
      .map(({ specifier, line }) => ({ file: CLIENT, line, message: `loads ${specifier}: only \`import type\` here` })),
    ...client.references
      .filter(({ name }) => serverOnly.has(name))
      .map(({ name, line }) => ({ file: CLIENT, line, message: `uses ${name}, which browsers lack` })),
  ];
};

/** No module imports itself over others; imports of types count. */
export const noCycles: Rule = (tree) => {
  const modules = new Map(modulesOf(tree).map((module) => [module.file, module]));
  const done = new Set<string>();
  const path: string[] = [];
  const findings: Finding[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { target, line } of modules.get(file)?.imports ?? []) {
      if (target === undefined || !modules.has(target)) continue;
      const start = path.indexOf(target);
      if (start !== -1) findings.push({ file, line, message: `closes a cycle: ${[...path.slice(start), target].join(' -> ')}` });
      else if (!done.has(target)) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of modules.keys()) if (!done.has(file)) visit(file);
  return findings;
};
