import { describe, test } from 'vitest';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { busCases } from '../../src/conformance/bus-cases.ts';

describe('a bus in memory', () => {
  test.each(busCases)('$name', async ({ run }) => {
    const exchange = new MemoryExchange();
    await run({ nodes: [exchange.connect(), exchange.connect()] });
  });
});
