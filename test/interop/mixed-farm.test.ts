import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { RedisServer, redisIsHere } from '../redis/redis-server.ts';
import { Player } from './mixed/player.ts';
import { readTranscript } from './mixed/transcript.ts';

const names = readdirSync(new URL('../vectors/sessions/', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

describe.skipIf(!redisIsHere)('in a farm with a server of ASP.NET Core, as it was recorded', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());

  describe.each(names)('%s', (name) => {
    const transcript = readTranscript(name);
    test(transcript.about, () => Player.play(transcript, redis.url));
  });
});
