import type { HubFilter } from 'signalbox';

const MOST = 1_000;

/** Answers calls of some methods from memory, where the arguments are the same. */
export const caching = (methods: readonly string[], milliseconds: number): HubFilter<unknown> => {
  const kept = new Map<string, { readonly result: unknown; readonly until: number }>();
  return {
    invoke: async ({ method, args, streaming, uploads }, next) => {
      // A stream can be read once, and is not to be kept.
      if (!methods.includes(method) || streaming || uploads > 0) return next();
      const key = JSON.stringify([method, args]);
      const known = kept.get(key);
      if (known !== undefined && known.until > performance.now()) return known.result;
      const result = await next();
      if (kept.size >= MOST) kept.clear();
      kept.set(key, { result, until: performance.now() + milliseconds });
      return result;
    },
  };
};
