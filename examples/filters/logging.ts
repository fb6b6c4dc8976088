import type { HubFilter } from 'signalbox';

/** Tells who called what, how long it took, and how it came out. */
export const logging = (write: (line: string) => void): HubFilter<unknown> => ({
  invoke: async ({ hub, method, context }, next) => {
    const start = performance.now();
    const tell = (outcome: string): void =>
      write(`${context.connectionId} ${hub}.${method} ${outcome} ${(performance.now() - start).toFixed(1)} ms`);
    try {
      const result = await next();
      tell('done');
      return result;
    } catch (error) {
      tell(`failed: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  },
  disconnected: (context, error, next) => {
    write(`${context.connectionId} left${error === undefined ? '' : `: ${error.message}`}`);
    return next();
  },
});
