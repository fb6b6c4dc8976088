import { writeFileSync } from 'node:fs';

/**
 * @typedef {object} Row One thing that was run, or left out.
 * @property {string} what
 * @property {number} passed
 * @property {number} failed
 * @property {string} [note] Why it failed, where the output above does not say.
 * @property {readonly string[]} [skipped] What was left out, each with its reason, in one line.
 */

/**
 * One check that is not a test: it counts as one.
 *
 * @param {string} what
 * @param {import('./command.mjs').Ending} ending
 * @returns {Row}
 */
export function check(what, { ok, reason }) {
  return ok ? { what, passed: 1, failed: 0 } : { what, passed: 0, failed: 1, note: reason };
}

/** @param {readonly Row[]} rows */
export function sums(rows) {
  return {
    passed: rows.reduce((sum, { passed }) => sum + passed, 0),
    failed: rows.reduce((sum, { failed }) => sum + failed, 0),
    skipped: rows.reduce((sum, { skipped = [] }) => sum + skipped.length, 0),
  };
}

/**
 * Prints the rows and their sums, and makes the process end with 1 if anything failed or nothing was run.
 *
 * @param {readonly Row[]} rows
 * @param {string} [file] Where the sums are left as JSON.
 */
export function conclude(rows, file) {
  const total = sums(rows);
  const run = rows.filter(({ passed, failed }) => passed + failed > 0);
  const width = Math.max(...run.map(({ what }) => what.length));
  console.log('');
  for (const { what, passed, failed, note } of run) {
    const verdict = failed > 0 ? 'FAILED ' : 'passed ';
    console.log(`${verdict} ${what.padEnd(width)}  ${passed} passed, ${failed} failed${note === undefined ? '' : ` (${note})`}`);
  }
  for (const line of rows.flatMap(({ skipped = [] }) => skipped)) console.log(`skipped ${line}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(total)}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}
