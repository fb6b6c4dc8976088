import { afterEach, describe, expect, test } from 'vitest';
import { closeCategories } from '../../src/metering/close-category.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, ScriptedServer } from './app-server.ts';
import { NegotiatedClient } from './negotiated-client.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
afterEach(() => rig.close());

const start = async (limits: NonNullable<ServiceOptions['limits']>, more: Partial<ServiceOptions> = {}): Promise<void> => {
  rig = await ServiceRig.start({ limits, ...more });
};

/** A client of a hub, with an app server of its own. */
async function admit(hub: string): Promise<{ server: ScriptedServer; client: RawClient; connectionId: string }> {
  const server = await ScriptedServer.connect(rig, { hub });
  const client = await RawClient.connect(rig, { hub });
  const { connectionId } = await server.accept();
  await client.hears(1);
  return { server, client, connectionId };
}

describe('groups of a connection', () => {
  test('are limited, in single hubs otherwise, and never beyond what always holds', async () => {
    await start(
      { groupsPerConnection: 3, hubs: { Small: { groupsPerConnection: 1 }, large: { groupsPerConnection: null } } },
      { maximumGroupsPerConnection: 5 },
    );
    for (const [hub, most] of [
      ['chat', 3],
      ['small', 1],
      ['large', 5],
    ] as const) {
      const { server, connectionId } = await admit(hub);
      const statuses: number[] = [];
      for (let at = 0; at < 7; at++) {
        server.send({ type: 'joinGroupWithAck', connectionId, group: `g${at}`, ackId: at + 1 });
        statuses.push((await server.next('ack')).status);
      }
      expect(statuses).toEqual(Array.from({ length: 7 }, (_, at) => (at < most ? 1 : 5)));
    }
  });
});

describe('bytes that wait for a client', () => {
  const much = calling('x', 'x'.repeat(100_000));
  const clients = { transportMaxBufferSize: 1_000 };

  /** Sends until a client is cut, and tells how much that took. */
  async function fill({ server, connectionId }: { server: ScriptedServer; connectionId: string }, hub: string): Promise<void> {
    await eventually(() => {
      server.tell(connectionId, much);
      const { Client } = rig.service.meter.hub(hub).closed;
      expect(Client[closeCategories.indexOf('SlowClient')]).toBe(1);
    });
  }

  test('past the limit of its hub cut it as too slow, and nobody else', async () => {
    await start({ hubs: { chat: { queuedBytes: 500_000 } } }, { clients });
    const slow = await admit('chat');
    const quick = await RawClient.connect(rig);
    await slow.server.accept();
    const other = await admit('other');
    slow.client.socket.pause();
    other.client.socket.pause();
    await fill(slow, 'chat');
    expect(rig.logged.filter(({ id }) => id === 'service.queue-exceeded')).toMatchObject([
      { fields: { hub: 'chat', connectionId: slow.connectionId, most: 500_000 } },
    ]);
    for (let at = 0; at < 20; at++) other.server.tell(other.connectionId, much);
    await other.server.settle();
    other.client.socket.resume();
    expect(await other.client.hears(21)).toHaveLength(21);
    expect(await quick.hears(1)).toHaveLength(1);
    expect(rig.service.meter.hub('chat').userErrors).toBe(1);
  });

  test('of one that may come back are what it has not acknowledged, too', async () => {
    await start({ queuedBytes: 500_000 }, { clients });
    const server = await ScriptedServer.connect(rig, { statefulReconnect: true });
    const client = await NegotiatedClient.negotiate(rig);
    const raw = await client.shake();
    await server.accept();
    await raw.hears(1);
    await fill({ server, connectionId: client.id }, 'chat');
    await raw.ended();
  });
});
