import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from './command.mjs';

/**
 * @typedef {object} Suite One test file, as vitest's JSON report has it.
 * @property {string} name Its path.
 * @property {'passed' | 'failed' | 'skipped' | 'pending'} status
 * @property {readonly { status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo' }[]} assertionResults
 */

/**
 * Runs vitest and counts what it ran.
 *
 * @param {string} what A title for the row.
 * @param {readonly string[]} args For vitest.
 * @param {import('./command.mjs').CommandOptions & { node?: string }} [options] `node`: the Node to run it on, by default this one.
 * @returns {Promise<import('./summary.mjs').Row>}
 */
export async function runVitest(what, args, { node = process.execPath, ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const ending = await run(node, [vitest, 'run', '--allowOnly=false', ...reporters, ...args], options);
    return count(what, readSuites(report), ending);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} report
 * @returns {readonly Suite[] | undefined}
 */
function readSuites(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} what
 * @param {readonly Suite[] | undefined} suites
 * @param {import('./command.mjs').Ending} ending
 * @returns {import('./summary.mjs').Row}
 */
function count(what, suites, { ok, reason }) {
  if (!suites) return { what, passed: 0, failed: 1, note: `vitest left no report: ${reason}` };
  const tests = suites.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  // A file that can't be loaded has no failed test, and an error outside any test has not even a failed file.
  const unloaded = suites.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = tests.filter(({ status }) => status === 'failed').length + unloaded.length;
  const skipped = suites.flatMap(({ name, assertionResults }) => {
    const left = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed').length;
    return left > 0 ? [`${what}: ${relative('.', name)}, ${left} of ${assertionResults.length} tests`] : [];
  });
  if (ok || failed > 0) return { what, passed, failed, skipped };
  return { what, passed, failed: 1, skipped, note: `no test failed, but vitest ${reason}: an error outside the tests` };
}
