import { afterEach, describe, test } from 'vitest';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { backplaneCases } from '../../src/conformance/backplane-cases.ts';
import { BusFarm } from './farm.ts';

describe('a backplane over a bus in memory', () => {
  const farms: BusFarm[] = [];

  afterEach(async () => {
    for (const farm of farms.splice(0)) await farm.close();
  });

  test.each(backplaneCases)('$name', async ({ servers, run }) => {
    const exchange = new MemoryExchange();
    const farm = new BusFarm(() => exchange.connect());
    farms.push(farm);
    await run({ servers: await farm.servers(servers) });
  });
});
