import process from 'node:process';
import { readOptions, type Options } from './options.ts';
import { plan, type Chunk } from './plan.ts';
import { properties } from './properties.ts';
import { Progress } from './progress.ts';
import { WorkerProcess } from './worker-process.ts';
import type { Left, Tried } from './worker.ts';

const MOST_TIME = 600_000;
/** Chunks of each property before memory is looked at: the engine takes as long to have made what it makes once. */
const WARM_UP = 10;

const request = readOptions(process.argv.slice(2), properties);
if ('show' in request) {
  process.stdout.write(request.show);
} else if ('problem' in request) {
  process.stderr.write(`${request.problem}\nWhat there is: npm run fuzz -- --help\n`);
  process.exitCode = 2;
} else {
  await carryOut(request.run);
}

async function carryOut(options: Options): Promise<void> {
  const chunks = [...plan(options.properties, options.cases, options.seed)];
  const warmUp = options.properties.flatMap(({ name }) => chunks.filter(({ property }) => property === name).slice(-WARM_UP));
  const progress = new Progress(chunks, options.seed, (text) => void process.stdout.write(text));
  const workers = Array.from({ length: Math.min(options.workers, chunks.length) }, () => work(chunks, warmUp, options, progress));
  await Promise.all(workers);
  progress.conclude();
  if (progress.failures > 0) process.exitCode = 1;
}

/** One process that takes on one chunk after the other, and a new one in its place where it crashed. */
async function work(chunks: Chunk[], warmUp: readonly Chunk[], options: Options, progress: Progress): Promise<void> {
  while (chunks.length > 0) {
    const worker = new WorkerProcess();
    let chunk: Chunk | undefined;
    try {
      await worker.ask({ warmUp }, MOST_TIME);
      for (chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        const { path } = options;
        progress.tried(chunk, await worker.ask<Tried>({ chunk, ...(path !== undefined && { path }) }, MOST_TIME));
      }
      progress.finished(await worker.ask<Left>({ finish: true }, MOST_TIME));
    } catch (error) {
      progress.crashed(chunk, error instanceof Error ? error.message : String(error));
      // A process that never got as far as a case would not get further the next time.
      if (chunk === undefined) return;
    } finally {
      worker.stop();
    }
  }
}
