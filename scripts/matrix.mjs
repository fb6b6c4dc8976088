// The tests on other Node versions: the fast ones, or with --all every one.
import { availableParallelism } from 'node:os';
import { nodeVersions, obtainNode } from './node-versions.mjs';
import { conclude } from './summary.mjs';
import { runVitest } from './vitest.mjs';

/** These tests wait more than they work: on a machine of two cores three at a time are done a third sooner. */
const WORKERS = Math.max(3, availableParallelism() - 1);

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
    const more = all ? {} : { TEST_WORKERS: String(WORKERS) };
    rows.push(await runVitest(what, all ? [] : ['--project=fast'], { node: node.path, env: { ...node.env, ...more } }));
  }
  return rows;
}

if (import.meta.filename === process.argv[1]) conclude(await runMatrix({ all: process.argv.includes('--all') }));
