// The tests on other Node versions: the fast ones, or with --all every one.
import { nodeVersions, obtainNode } from './node-versions.mjs';
import { conclude } from './summary.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @param {{ all?: boolean }} [options]
 * @returns {Promise<readonly import('./summary.mjs').Row[]>}
 */
export async function runMatrix({ all = false } = {}) {
  const rows = [];
  for (const version of nodeVersions) {
    const what = `${all ? 'all' : 'fast'} tests on Node ${version}`;
    const node = await obtainNode(version);
    if (typeof node === 'string') {
      rows.push({ what, passed: 0, failed: 0, skipped: [`${what}: ${node}`] });
      continue;
    }
    console.log(`\n${what}`);
    rows.push(await runVitest(what, all ? [] : ['--project=fast'], { node: node.path, env: node.env }));
  }
  return rows;
}

if (import.meta.filename === process.argv[1]) conclude(await runMatrix({ all: process.argv.includes('--all') }));
