// `npm test`: every test there is. With --summary=<file> the sums are left there as JSON.
import { parseArgs } from 'node:util';
import { npm } from './command.mjs';
import { runMatrix } from './matrix.mjs';
import { provideRealParts } from './real-parts.mjs';
import { check, conclude } from './summary.mjs';
import { runVitest } from './vitest.mjs';

const { values } = parseArgs({ options: { summary: { type: 'string' } } });

const build = check('build', await npm(['run', '--silent', 'build']));
const missing = await provideRealParts();
const tests = await runVitest(`all tests on Node ${process.versions.node}`, []);
const types = check('types', await npm(['run', '--silent', 'types']));
const others = process.env['CI'] === 'true' ? await runMatrix() : [];

conclude([build, { ...tests, skipped: [...missing, ...(tests.skipped ?? [])] }, types, ...others], values.summary);
