// Builds, and then runs a program of the build in this very process, so that a signal sent to it reaches the program.
import { spawnSync } from 'node:child_process';
import { argv, execPath, exit } from 'node:process';
import { fileURLToPath } from 'node:url';

const [program] = argv.splice(2, 1);
if (program === undefined) throw new Error('Which program? For example: node scripts/start.mjs examples/chat/server.js');

const compiler = fileURLToPath(import.meta.resolve('typescript/package.json').replace('package.json', 'bin/tsc'));
for (const project of ['tsconfig.build.json', 'tsconfig.apps.json']) {
  const { status } = spawnSync(execPath, [compiler, '-p', project], { stdio: 'inherit' });
  if (status !== 0) exit(1);
}
await import(new URL(`../build/${program}`, import.meta.url).href);
