// Says how large the package is and how much comes with it, and fails if something that it exports, runs or reads is not in it. Wants a build.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { npm } from './command.mjs';

const PAGE = 'src/status-page/page';

/**
 * @typedef {object} Packed What `npm pack --json` says.
 * @property {number} size
 * @property {number} unpackedSize
 * @property {readonly { path: string }[]} files
 */

/** @type {{ name: string, version: string, bin: Record<string, string>, exports: Record<string, string | Record<string, string>> }} */
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const pack = await npm(['pack', '--dry-run', '--ignore-scripts', '--json', '--loglevel=error'], { quiet: true });
const tree = await npm(['ls', '--omit=dev', '--omit=peer', '--all', '--parseable', '--loglevel=error'], { quiet: true });

if (pack.ok && tree.ok) {
  /** @type {[Packed]} */
  const [{ size, unpackedSize, files }] = JSON.parse(pack.output);
  // The first line is the package itself.
  const dependencies = tree.output.trim().split('\n').length - 1;
  const [packed, unpacked] = [size, unpackedSize].map((bytes) => `${(bytes / 1000).toFixed(1)} kB`);
  console.log(
    `${manifest.name} ${manifest.version}: ${packed} packed, ${unpacked} in ${files.length} files; ${dependencies} packages come with it`,
  );
  const exported = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  // What is read while it runs, and no compiler looks for.
  const pages = readdirSync(PAGE).map((name) => `${PAGE}/${name}`);
  const wanted = [...exported, ...Object.values(manifest.bin), ...pages];
  const missing = wanted.filter((target) => !files.some(({ path }) => path === posix.normalize(target)));
  for (const target of missing) console.error(`${target} is needed, and not in the package`);
  if (missing.length > 0) process.exitCode = 1;
} else {
  console.error(pack.output, tree.output);
  process.exitCode = 1;
}
