import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

/** Milliseconds of a clock that all processes of this machine share, and that nobody sets. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

export function pause(milliseconds: number): Promise<void> {
  return setTimeout(milliseconds);
}

/** Resolves with whether it came true in time. */
export async function within(milliseconds: number, isTrue: () => boolean): Promise<boolean> {
  const end = now() + milliseconds;
  while (!isTrue()) {
    if (now() > end) return false;
    await pause(50);
  }
  return true;
}
