import process from 'node:process';
import { check, type Verdict } from './check.ts';
import type { Chunk } from './plan.ts';
import { properties } from './properties.ts';
import type { Property } from './property.ts';
import { Residue } from './residue.ts';

/** What a worker is told: what to warm up, a chunk to try, or that there is no more. */
export type ToWorker =
  { readonly warmUp: readonly Chunk[] } | { readonly chunk: Chunk; readonly path?: string } | { readonly finish: true };

/** How a chunk came out. */
export interface Tried {
  readonly verdict: Verdict;
  readonly milliseconds: number;
}

/** What is left at the end. */
export interface Left {
  readonly residue: readonly string[];
  readonly heap: readonly [before: number, after: number];
}

/** What it tells: at first, that it is ready. */
export type FromWorker = { readonly ready: true } | Tried | Left;

/** No chunk takes longer; what is not tried then is missing in the sum. */
const MOST_TIME = 240_000;

function propertyNamed(name: string): Property {
  const property = properties.find((one) => one.name === name);
  if (property === undefined) throw new Error(`There is no property '${name}'.`);
  return property;
}

async function tryCases(name: string, cases: number, seed: number, path?: string): Promise<Verdict> {
  const open = await propertyNamed(name).open();
  try {
    return await check(open, { cases, seed, time: MOST_TIME, ...(path !== undefined && { path }) });
  } finally {
    await open.close();
  }
}

let before: Residue | undefined;

/** Makes what is made once, and has the engine compile what it will: the rest is to stay as it is. */
async function warmUp(chunks: readonly Chunk[]): Promise<FromWorker> {
  for (const { property, cases, seed } of chunks) await tryCases(property, cases, seed);
  before = await Residue.measure();
  return { ready: true };
}

async function tryChunk({ property, cases, seed }: Chunk, path: string | undefined): Promise<FromWorker> {
  const start = performance.now();
  const verdict = await tryCases(property, cases, seed, path);
  return { verdict, milliseconds: performance.now() - start };
}

async function finish(): Promise<FromWorker> {
  const after = await Residue.measure();
  return { residue: before === undefined ? [] : after.since(before), heap: [before?.heap ?? 0, after.heap] };
}

async function carryOut(order: ToWorker): Promise<void> {
  if ('warmUp' in order) process.send?.(await warmUp(order.warmUp));
  else if ('chunk' in order) process.send?.(await tryChunk(order.chunk, order.path));
  else process.send?.(await finish());
}

process.on('message', (order: ToWorker) => void carryOut(order));
process.once('disconnect', () => process.exit());
