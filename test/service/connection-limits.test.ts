import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from '@microsoft/signalr';
import { afterEach, describe, expect, test } from 'vitest';
import { closeCategories, type MeteredEndpoint } from '../../src/metering/close-category.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from './app-server.ts';
import { Bystanders } from './bystanders.ts';
import { EchoServer } from './echo-server.ts';
import { NegotiatedClient, negotiateAt } from './negotiated-client.ts';
import { RawClient } from './raw-client.ts';
import { apart, ServiceRig, tokenFor } from './rig.ts';

let rig: ServiceRig;
const connections: HubConnection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.stop()));
  await rig.close();
});

type Limits = NonNullable<ServiceOptions['limits']>;
const start = async (limits: Limits, options: Partial<ServiceOptions> = {}): Promise<void> => {
  rig = await ServiceRig.start({ limits, ...options });
};
const ann = { 'asrs.s.uid': 'ann' };
const throttled = (endpoint: MeteredEndpoint, hub = 'chat'): number | undefined =>
  rig.service.meter.hubs.get(hub)?.closed[endpoint][closeCategories.indexOf('Throttled')];
const counted = (): readonly unknown[] => [rig.service.quotas?.connections, rig.service.quotas?.clients, rig.service.quotas?.names];

describe('a connection too many', () => {
  // With the bystanders, there are two clients and two server connections.
  test.each([
    ['in all', { service: { connections: 4 } }, /^The service has as many connections as it may have: 4 \(limits\.service\.connections\)/],
    ['in all, of clients', { service: { clients: 2 } }, /limits\.service\.clients/],
    ['of its hub', { hub: { connections: 2 } }, /^The hub 'chat' has .*: 2 \(limits\.hub\.connections\)/],
    ['of its hub, of clients', { hub: { clients: 1 } }, /limits\.hub\.clients/],
    ['of its user', { user: { connections: 1 } }, /^The user has .*: 1 \(limits\.user\.connections\)/],
    [
      'of a hub with a limit of its own',
      { hub: { clients: 100 }, hubs: { CHAT: { hub: { clients: 1 } } } },
      /'chat'.*: 1 \(limits\.hub\.clients\)/,
    ],
    ['of a user where its hub says so', { hubs: { chat: { user: { connections: 1 } } } }, /limits\.user\.connections/],
  ] as const)('%s is answered with 429, before it is one', async (_, limits, text) => {
    await start({ ...limits, retryAfter: 2_500 });
    const bystanders = await Bystanders.of(rig);
    const before = counted();
    const { operations = 0, userErrors = 0 } = rig.service.meter.hubs.get('chat') ?? {};
    const answer = await negotiateAt(rig, { claims: ann });
    expect([answer.status, answer.headers['retry-after'], answer.headers.connection]).toEqual([429, '3', 'close']);
    expect(answer.body).toMatch(text);
    await expect(RawClient.dial(rig, { claims: ann })).rejects.toThrow('429');
    expect(throttled('Client')).toBe(2);
    expect(rig.service.meter.hubs.get('chat')).toMatchObject({ operations: operations + 2, userErrors: userErrors + 2 });
    expect(counted()).toEqual(before);
    await bystanders.unharmed();
    expect(rig.logged.filter(({ id }) => id === 'service.connection-refused')).toHaveLength(1);
  });

  test('of another hub or user, or of nobody by name, is none', async () => {
    await start({ hub: { clients: 2 }, user: { connections: 1 }, hubs: { other: { hub: { clients: null } } } });
    await ScriptedServer.connect(rig);
    await ScriptedServer.connect(rig, { hub: 'other' });
    await RawClient.dial(rig, { claims: ann });
    await RawClient.dial(rig);
    await expect(RawClient.dial(rig)).rejects.toThrow('429');
    for (const claims of [ann, {}, {}, {}]) await RawClient.dial(rig, { hub: 'other', claims });
    await expect(RawClient.dial(rig, { hub: 'other', claims: ann })).rejects.toThrow('429');
  });

  test('of an app server is refused likewise; with a limit for clients there is room for it', async () => {
    await start({ service: { connections: 3, clients: 1 } });
    await ScriptedServer.connect(rig, { serverId: 'first' });
    await RawClient.dial(rig);
    await expect(RawClient.dial(rig)).rejects.toThrow('429');
    const second = await ScriptedServer.connect(rig, { serverId: 'second' });
    await expect(ScriptedServer.dial(rig, { serverId: 'third' })).rejects.toThrow('429');
    expect([throttled('Client'), throttled('Server')]).toEqual([1, 1]);
    await second.close();
    await eventually(() => expect(counted()[0]).toBe(2));
    await ScriptedServer.connect(rig, { serverId: 'third' });
  });
});

describe('who has negotiated', () => {
  test('has its place until it stays away', async () => {
    await start({ hub: { clients: 1 } }, { clients: { disconnectTimeout: 300 } });
    await ScriptedServer.connect(rig);
    const first = await NegotiatedClient.negotiate(rig, ann);
    expect((await negotiateAt(rig)).status).toBe(429);
    await first.open();
    first.raw.cut();
    await eventually(() => expect(counted()).toEqual([1, 0, 1]));
    await NegotiatedClient.negotiate(rig);
    await eventually(async () => expect((await negotiateAt(rig)).status).toBe(200));
  });

  test('and comes back by another socket is the same one', async () => {
    await start({ user: { connections: 1 }, service: { connections: 2 } });
    const server = await ScriptedServer.connect(rig, { statefulReconnect: true });
    const client = await NegotiatedClient.negotiate(rig, ann);
    const raw = await client.shake();
    await server.accept();
    await raw.hears(1);
    for (let time = 0; time < 3; time++) {
      client.raw.cut();
      await client.open();
      await server.next('connectionReconnect');
      expect(counted()).toEqual([2, 1, 2]);
    }
    server.send({ type: 'closeConnection', connectionId: client.id, error: '' });
    await client.raw.ended();
    await server.close();
    await eventually(() => expect(counted()).toEqual([0, 0, 0]));
  });
});

test('a client that moves is counted once, and in whatever order all of them end, nothing is left', async () => {
  await start({ service: { connections: 20 }, hub: { clients: 10 }, user: { connections: 5 } });
  const old = await ScriptedServer.connect(rig, { serverId: 'old', migrationLevel: 1 });
  const clients = await Promise.all([ann, ann, {}].map((claims) => RawClient.connect(rig, { claims })));
  for (const client of clients) {
    await old.accept();
    await eventually(() => expect(client.received.length).toBeGreaterThanOrEqual(0));
  }
  const next = await ScriptedServer.connect(rig, { serverId: 'next', migrationLevel: 1 });
  old.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
  for (const _ of clients) await next.next('openConnection');
  expect(counted()).toEqual([5, 3, 2]);
  await old.close();
  await eventually(() => expect(counted()).toEqual([4, 3, 2]));
  clients[0]?.cut();
  next.cut();
  await eventually(() => expect(counted()).toEqual([0, 0, 0]));
});

test('each of several nodes counts its own', async () => {
  rig = await ServiceRig.start({ limits: { service: { connections: 1 } } }, apart);
  const server = await ScriptedServer.connect(rig);
  await RawClient.connect(rig);
  await server.accept();
  await expect(RawClient.dial(rig)).rejects.toThrow('429');
  await expect(ScriptedServer.dial(rig)).rejects.toThrow('429');
  expect(rig.nodes.map(({ service }) => [service.quotas?.connections, service.quotas?.clients])).toEqual([
    [1, 1],
    [1, 0],
  ]);
});

describe('the official client', () => {
  const official = (transport: HttpTransportType, skipNegotiation = false): HubConnection => {
    const connection = new HubConnectionBuilder()
      .withUrl(`${rig.url}/client/?hub=chat`, { transport, skipNegotiation, accessTokenFactory: () => tokenFor('client', 'chat') })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 50 })
      .configureLogging(LogLevel.None)
      .build();
    connections.push(connection);
    return connection;
  };
  const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

  test.each([
    ['WebSockets', WebSockets],
    ['server-sent events', ServerSentEvents],
    ['long polling', LongPolling],
  ] as const)('over %s is told why it can’t start, in words', async (_, transport) => {
    await start({ hub: { clients: 1 } });
    await EchoServer.start(rig);
    await RawClient.dial(rig);
    await expect(official(transport).start()).rejects.toThrow(/The hub 'chat' has as many connections as it may have: 1.*429/);
  });

  test('that reconnects keeps trying while there is no room, and is back when there is', async () => {
    await start({ hub: { clients: 1 } });
    let server = await EchoServer.start(rig);
    const connection = official(WebSockets);
    await connection.start();
    const again = new Promise<void>((resolve) => connection.onreconnected(() => resolve()));
    const lost = new Promise<void>((resolve) => connection.onreconnecting(() => resolve()));
    server.cut();
    await lost;
    // Somebody else has its place meanwhile.
    const other = await eventually(() => RawClient.dial(rig));
    server = await EchoServer.start(rig);
    const before = throttled('Client') ?? 0;
    await eventually(() => expect(throttled('Client')).toBeGreaterThan(before + 2));
    expect(connection.state).toBe(HubConnectionState.Reconnecting);
    other.cut();
    await again;
    expect(await connection.invoke('echo', 'back')).toBe('back');
  });

  test('without negotiation does the same', async () => {
    await start({ hub: { clients: 1 } });
    await EchoServer.start(rig);
    const other = await RawClient.dial(rig);
    const connection = official(WebSockets, true);
    await expect(connection.start()).rejects.toThrow();
    other.cut();
    await eventually(() => connection.start());
    expect(await connection.invoke('echo', 1)).toBe(1);
  });
});
