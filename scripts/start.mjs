// Builds, and then runs a program of the build in this very process, so that a signal sent to it reaches the program.
import { spawnSync } from 'node:child_process';
import process, { argv, execPath, exit } from 'node:process';
import { fileURLToPath } from 'node:url';

const PARENT_CHECK = 250;

const [program] = argv.splice(2, 1);
if (program === undefined) throw new Error('Which program? For example: node scripts/start.mjs examples/chat/server.js');

// npm passes a signal on to the shell that it started, which dies of it and leaves this process behind: so we look for the shell.
const parent = process.ppid;
if (process.env['npm_lifecycle_event'] !== undefined) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK);
  watch.unref();
}

const compiler = fileURLToPath(import.meta.resolve('typescript/package.json').replace('package.json', 'bin/tsc'));
for (const project of ['tsconfig.build.json', 'tsconfig.apps.json']) {
  const { status } = spawnSync(execPath, [compiler, '-p', project], { stdio: 'inherit' });
  if (status !== 0) exit(1);
}
await import(new URL(`../build/${program}`, import.meta.url).href);
