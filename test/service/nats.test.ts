import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NatsBus } from '../../examples/nats/nats-bus.ts';
import { NatsServer, natsIsHere } from '../bus/nats-server.ts';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { apart, ServiceRig } from './rig.ts';

describe.skipIf(!natsIsHere)('over NATS', () => {
  let nats: NatsServer;
  let rig: ServiceRig;
  let server: ScriptedServer;

  beforeAll(async () => {
    nats = await NatsServer.start();
    const buses = [await NatsBus.connect(nats.url), await NatsBus.connect(nats.url)];
    const options = { nodes: { joinTime: 100, heartbeatInterval: 300, nodeTimeout: 1_500 } };
    rig = await ServiceRig.start(options, apart, () => buses.shift() as NatsBus);
    server = await ScriptedServer.connect(rig);
  });
  afterAll(async () => {
    await rig.close();
    await nats.stop();
  });

  async function come(): Promise<readonly [client: RawClient, connectionId: string]> {
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    return [client, connectionId];
  }

  test('clients of one node are served by the app server of another, in order, and with messages that NATS itself would not take', async () => {
    const [client, connectionId] = await come();
    const big = 'x'.repeat(1_500_000);
    client.say(calling('up', big));
    let bytes = 0;
    while (bytes < big.length) bytes += (await server.heard(connectionId)).length;
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g', ackId: 1 });
    expect(await server.next('ack')).toMatchObject({ ackId: 1, status: 1 });
    server.tell(connectionId, calling('one'));
    server.send({ type: 'groupBroadcastData', group: 'g', excluded: [], payloads: payloadsOf(calling('two', big)) });
    server.tell(connectionId, calling('three'));
    expect((await client.hears(4)).slice(1)).toEqual([calling('one'), calling('two', big), calling('three')]);
  });

  test('an outage closes them, and they come back after it', async () => {
    const [client] = await come();
    await nats.stop();
    expect((await client.hears(2)).at(-1)).toEqual({ type: 7, allowReconnect: true });
    expect(await server.next('closeConnection')).toMatchObject({});
    await nats.start();
    await rig.whole();
    const again = await eventually(() => come());
    expect(await again[0].hears(1)).toEqual([{}]);
  });
});
