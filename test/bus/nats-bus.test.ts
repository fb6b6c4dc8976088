import { backplaneCases, busCases } from 'signalbox/conformance';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { NatsBus } from '../../examples/nats/nats-bus.ts';
import { BusFarm } from './farm.ts';
import { NatsServer, natsIsHere } from './nats-server.ts';

describe.skipIf(!natsIsHere)('NATS', () => {
  let nats: NatsServer;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    nats = await NatsServer.start();
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(() => nats.stop());

  async function connect(): Promise<NatsBus> {
    const bus = await NatsBus.connect(nats.url);
    ends.push(() => bus.close());
    return bus;
  }

  for (const { name, run } of busCases) {
    test(`is a bus: ${name}`, async () => run({ nodes: [await connect(), await connect()] }));
  }

  for (const { name, servers, run } of backplaneCases) {
    test(`carries a backplane: ${name}`, async () => {
      const farm = new BusFarm(connect);
      ends.unshift(() => farm.close());
      await run({ servers: await farm.servers(servers) });
    });
  }
});
