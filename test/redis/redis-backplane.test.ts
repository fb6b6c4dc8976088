import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { backplaneCases } from '../../src/conformance/backplane-cases.ts';
import { Farm } from './farm.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';

describe.skipIf(!redisIsHere)('RedisBackplane', () => {
  let server: RedisServer;
  const farms: Farm[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    for (const farm of farms.splice(0)) await farm.close();
  });
  afterAll(() => server.stop());

  for (const { name, servers, run } of backplaneCases) {
    test(name, async () => {
      const farm = new Farm(server.url);
      farms.push(farm);
      await run({ servers: await farm.servers(servers) });
    });
  }
});
