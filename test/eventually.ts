import { vi } from 'vitest';

/** Tries until it holds, for what tells nobody when it does. The time is for slow machines. */
export function eventually<Result>(check: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(check, { timeout: 12_000, interval: 10 });
}
