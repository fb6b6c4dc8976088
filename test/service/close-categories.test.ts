import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeCategories, type MeteredEndpoint } from '../../src/metering/close-category.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { OTHER } from '../../src/metering/name-counts.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { calling, ScriptedServer } from './app-server.ts';
import { negotiateAt } from './negotiated-client.ts';
import { RawClient, type RawClientTraits } from './raw-client.ts';
import { ServiceRig, tokenFor } from './rig.ts';

let rig: ServiceRig;
let server: ScriptedServer;

async function start(options: Partial<ServiceOptions> = {}): Promise<void> {
  rig = await ServiceRig.start(options);
  server = await ScriptedServer.connect(rig);
}

beforeEach(() => start());
afterEach(() => rig.close());

/** How many ended, by category. */
function ended(endpoint: MeteredEndpoint, hub = 'chat'): Readonly<Record<string, number>> {
  const counts = rig.service.meter.hub(hub).closed[endpoint];
  return Object.fromEntries(closeCategories.map((category, at) => [category, counts[at] ?? 0]).filter(([, count]) => count !== 0));
}

/** A client that its app server has let in. */
async function admitted(traits: RawClientTraits = {}): Promise<{ client: RawClient; connectionId: string }> {
  const client = await RawClient.connect(rig, traits);
  const { connectionId } = await server.accept();
  await client.hears(1);
  return { client, connectionId };
}

async function endsAs(category: string): Promise<void> {
  await eventually(() => expect(ended('Client')).toEqual({ [category]: 1 }));
  expect(rig.service.meter.hub('chat').clients).toBe(0);
}

describe('a client', () => {
  test('that leaves, or whose network does, ends as Normal', async () => {
    (await admitted()).client.close();
    await endsAs('Normal');
    (await admitted()).client.cut();
    await eventually(() => expect(ended('Client')).toEqual({ Normal: 2 }));
  });

  test('that its app server dismisses ends as ClosedByAppServer, whoever closes first', async () => {
    const { connectionId } = await admitted();
    server.send({ type: 'closeConnection', connectionId, error: 'go' });
    await endsAs('ClosedByAppServer');
    const other = await admitted();
    server.send({ type: 'closeConnectionWithAck', connectionId: other.connectionId, reason: 'go', ackId: 1 });
    await eventually(() => expect(ended('Client')).toEqual({ ClosedByAppServer: 2 }));
  });

  test('that took leave of its app server ends as Normal, though that is faster to close', async () => {
    const { client, connectionId } = await admitted();
    client.say({ type: 7 });
    await server.heard(connectionId);
    server.send({ type: 'closeConnection', connectionId, error: '' });
    await endsAs('Normal');
  });

  test('whose app server is gone ends as ServerConnectionClosed', async () => {
    await admitted();
    server.cut();
    await endsAs('ServerConnectionClosed');
  });

  test('that finds no app server ends as NoAvailableServerConnection, or is turned away as that', async () => {
    await server.close();
    await eventually(() => expect(rig.service.meter.hub('chat').servers).toBe(0));
    const client = await RawClient.connect(rig);
    await client.ended();
    await endsAs('NoAvailableServerConnection');
    await negotiateAt(rig);
    await eventually(() => expect(ended('Client')).toEqual({ NoAvailableServerConnection: 2 }));
  });

  test('that has to have an app server which is not there ends as ServerConnectionNotFound', async () => {
    const client = await RawClient.connect(rig, { claims: { 'asrs.s.sn': 'another', 'asrs.s.ssticky': 'Required' } });
    await client.ended();
    await endsAs('ServerConnectionNotFound');
  });

  test.each([
    ['speaks no hub protocol', (client: RawClient) => client.send('hello\u001e')],
    ['says too much before it says what it speaks', (client: RawClient) => client.send('x'.repeat(5_000))],
    ['leaves before it says what it speaks', (client: RawClient) => client.close()],
  ])('that %s ends as HandshakeError', async (_, misbehave) => {
    const client = await RawClient.dial(rig);
    misbehave(client);
    await endsAs('HandshakeError');
  });

  test('that breaks the WebSocket protocol ends as BadRequest', async () => {
    const { client } = await admitted();
    client.tcp?.write(Buffer.alloc(20, 0xff));
    await endsAs('BadRequest');
  });

  test('that reads too slowly ends as SlowClient', async () => {
    await rig.close();
    await start({ clients: { maximumQueuedBytes: 500_000, transportMaxBufferSize: 1_000 } });
    const { client, connectionId } = await admitted();
    client.socket.pause();
    const much = calling('x', 'x'.repeat(100_000));
    await eventually(() => {
      server.tell(connectionId, much);
      expect(ended('Client')).toEqual({ SlowClient: 1 });
    });
  });

  test('whose token has expired ends as Unauthorized', async () => {
    await admitted({
      claims: { 'asrs.s.coae': 'true' },
      token: await tokenFor('client', 'chat', { 'asrs.s.coae': 'true' }, { expires: 1 }),
    });
    await endsAs('Unauthorized');
  });

  test('of a service that stops ends as ServiceReload, as its app server does', async () => {
    await admitted();
    await rig.service.close();
    await endsAs('ServiceReload');
    expect(ended('Server')).toEqual({ ServiceReload: 1 });
  });
});

describe('who is turned away', () => {
  test('without a good token counts as Unauthorized, and leaves no hub behind', async () => {
    await expect(RawClient.dial(rig, { hub: 'unheard', token: 'x.y.z' })).rejects.toThrow('401');
    await expect(ScriptedServer.dial(rig, { hub: 'unheard' }, 'x.y.z')).rejects.toThrow('401');
    await expect(RawClient.dial(rig, { token: 'x.y.z' })).rejects.toThrow('401');
    expect(rig.service.meter.hubs.has('unheard')).toBe(false);
    expect(ended('Client', OTHER)).toEqual({ Unauthorized: 1 });
    expect(ended('Server', OTHER)).toEqual({ Unauthorized: 1 });
    await endsAs('Unauthorized');
    expect(rig.service.meter.connections.clients).toBe(0);
  });

  test('without the name of a hub counts as BadRequest', async () => {
    await expect(RawClient.dial(rig, { hub: '1<>' })).rejects.toThrow('400');
    expect(ended('Client', OTHER)).toEqual({ BadRequest: 1 });
  });
});

describe('a server connection', () => {
  test('that leaves ends as Normal', async () => {
    await server.close();
    await eventually(() => expect(ended('Server')).toEqual({ Normal: 1 }));
    expect(rig.service.meter.connections).toMatchObject({ servers: 0, appServers: 0 });
  });

  test('that does not shake hands ends as HandshakeError', async () => {
    const dialled = await ScriptedServer.dial(rig);
    dialled.send({ type: 'ping', entries: [] });
    await eventually(() => expect(ended('Server')).toEqual({ HandshakeError: 1 }));
  });

  test('that breaks the service protocol ends as BadRequest', async () => {
    server.sendBytes(Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff));
    await eventually(() => expect(ended('Server')).toEqual({ BadRequest: 1 }));
  });

  test('that falls silent ends as PingTimeout', async () => {
    await rig.close();
    const clock = new FakeClock();
    await start({ clock });
    clock.advance(60_000);
    await eventually(() => {
      clock.advance(5_000);
      expect(ended('Server')).toEqual({ PingTimeout: 1 });
    });
    await rig.closeAt(clock);
    await start();
  });
});
