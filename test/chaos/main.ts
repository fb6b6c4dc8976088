import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { faults } from './faults.ts';
import { Leftovers } from './leftovers.ts';
import { readOptions, type Options } from './options.ts';
import { withTable } from './page.ts';
import { asJson, asLines, asPage, lostInCovered } from './report.ts';
import { runFault, type Result } from './run-fault.ts';

const request = readOptions(process.argv.slice(2), faults);
if ('show' in request) {
  process.stdout.write(request.show);
} else if ('problem' in request) {
  process.stderr.write(`${request.problem}\nWhat there is: npm run chaos:redis -- --help\n`);
  process.exitCode = 2;
} else {
  await carryOut(request.run);
}

async function carryOut(options: Options): Promise<void> {
  const leftovers = new Leftovers();
  // Read first: a page that can't be written is to be known before minutes are spent.
  const page = options.write === undefined ? '' : withTable(await readFile(options.write, 'utf8'), '');
  const results: Result[] = [];
  for (const fault of options.faults) {
    try {
      const result = await runFault(fault, options.quick, leftovers);
      results.push(result);
      process.stdout.write(asLines(result));
    } catch (error) {
      process.stdout.write(`${fault.name} could not be tried: ${error instanceof Error ? error.message : String(error)}\n\n`);
      process.exitCode = 1;
      leftovers.clear();
    }
  }
  if (options.json !== undefined) await writeFile(options.json, asJson(results));
  if (options.write !== undefined) await writeFile(options.write, withTable(page, asPage(results)));
  const lost = lostInCovered(results);
  process.stdout.write(`lost: ${lost}\n`);
  if (lost > 0 || results.some(({ crashes, whole }) => crashes.length > 0 || !whole)) process.exitCode = 1;
}
