import * as fc from 'fast-check';
import type { OpenProperty } from './property.ts';

/** Lines of a stack that are shown. */
const MOST_FRAMES = 6;

/** How much of what is tried. */
export interface Trial {
  readonly cases: number;
  readonly seed: number;
  /** Of the shrunk case of an earlier failure: tries that one first. */
  readonly path?: string;
  /** Milliseconds, after which no further case is begun. */
  readonly time?: number;
}

export interface Verdict {
  /** Cases that were tried, the failing one included; those of shrinking are not counted. */
  readonly cases: number;
  /** The failure, if there was one: how to have it again, and the shrunk case. */
  readonly failure?: { readonly seed: number; readonly path: string; readonly text: string };
}

/** Tries a property's cases, up to the first one that fails, which is shrunk. */
export async function check({ cases }: OpenProperty, { cases: numRuns, seed, path, time }: Trial): Promise<Verdict> {
  const details = await fc.check(cases, {
    numRuns,
    seed,
    ...(path !== undefined && { path }),
    ...(time !== undefined && { plugins: [fc.interruptAfterTimeLimit(time)] }),
  });
  if (!details.failed) return { cases: details.numRuns };
  const error = details.errorInstance;
  const reason = error instanceof Error ? (error.stack?.split('\n    at ', MOST_FRAMES).join('\n    at ') ?? error.message) : String(error);
  const text = `${fc.defaultReportMessage(details) ?? 'It failed.'}\n${reason}`;
  return { cases: details.numRuns, failure: { seed: details.seed, path: details.counterexamplePath ?? '', text } };
}
