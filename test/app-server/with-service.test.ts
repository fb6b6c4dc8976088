import { HubConnectionBuilder, JsonHubProtocol, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { SignalR, type ConnectOptions, type HubEndpointOptions, type ServiceHandle } from 'signalbox';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';
import { CuttableLink } from '../interop/cuttable-link.ts';
import { ServiceRig } from '../service/rig.ts';
import { chatHub, served, type Journal } from './connected-host.ts';

interface Server {
  readonly origin: string;
  readonly signalr: SignalR;
  readonly handle: ServiceHandle;
  readonly hub: ReturnType<typeof chatHub>;
  readonly journal: Journal;
}

async function appServer(
  rig: Pick<ServiceRig, 'connectionString'>,
  options: ConnectOptions = {},
  endpoint: HubEndpointOptions = {},
): Promise<Server> {
  const journal: Journal = [];
  const hub = chatHub(journal);
  const signalr = new SignalR({ log: () => {} }).map('/chat', hub, endpoint);
  const handle = signalr.connect(rig.connectionString, options);
  onTestFinished(() => signalr.close({ timeout: 1_000 }));
  await handle.connected;
  return { origin: await served(signalr), signalr, handle, hub, journal };
}

async function service(): Promise<ServiceRig> {
  const rig = await ServiceRig.start();
  onTestFinished(() => rig.close());
  return rig;
}

async function client(origin: string, protocol: 'json' | 'messagepack' = 'json'): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(`${origin}/chat`)
    .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
    .withStatefulReconnect()
    .configureLogging(LogLevel.None)
    .build();
  onTestFinished(() => connection.stop());
  await connection.start();
  return connection;
}

describe('two app servers of one service', () => {
  it('share their clients: groups, users and client results reach across', async () => {
    const rig = await service();
    const [one, other] = [await appServer(rig), await appServer(rig)];
    const clients = [await client(one.origin), await client(other.origin, 'messagepack'), await client(one.origin)];
    const heard: string[] = [];
    for (const [place, connection] of clients.entries()) {
      connection.on('m', (text: string) => void heard.push(`${place} ${text}`));
      connection.on('ask', (question: string) => question.length + place);
    }
    await clients[1]?.invoke('join', 'g');
    await one.signalr.hub(one.hub).clients.group('g').send('m', 'group');
    await other.signalr.hub(other.hub).clients.all.send('m', 'all');
    await eventually(() => expect(heard.toSorted()).toEqual(['0 all', '1 all', '1 group', '2 all']));
    for (const server of [one, other]) {
      for (const [place, connection] of clients.entries()) {
        expect(
          await server.signalr
            .hub(server.hub)
            .clients.client(connection.connectionId ?? '')
            .invoke.ask('four'),
        ).toBe(4 + place);
      }
      await expect(server.signalr.hub(server.hub).clients.client('nobody').invoke.ask('?')).rejects.toMatchObject({
        code: 'SIGNALBOX_UNKNOWN_CONNECTION',
      });
    }
  });

  it('leave each other their clients to reconnect when one of them is gone', async () => {
    const rig = await service();
    const one = await appServer(rig);
    const connection = await client(one.origin);
    const gone = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await one.handle.close();
    await gone;
    expect(one.signalr.health()).toMatchObject({ closing: false, service: 'down' });
  });

  it('pass their clients on when one leaves: they keep their connection, and calls go on', async () => {
    const rig = await service();
    const migrate = { gracefulShutdown: { mode: 'migrateClients', timeout: 10_000 } } as const;
    const [one, other] = [await appServer(rig, migrate), await appServer(rig, migrate)];
    const clients = await Promise.all(Array.from({ length: 6 }, () => client(one.origin)));
    const ids = clients.map(({ connectionId }) => connectionId);
    let closed = 0;
    for (const connection of clients) connection.onclose(() => closed++);
    const calls = Promise.all(
      clients.map(async (connection) => {
        for (let i = 0; i < 100; i++) expect(await connection.invoke('echo', i)).toBe(i);
      }),
    );
    await one.signalr.close();
    await calls;
    expect(closed).toBe(0);
    expect(clients.map(({ connectionId }) => connectionId)).toEqual(ids);
    const came = (journal: Journal): number => journal.filter((line) => line.endsWith(' came')).length;
    const left = (journal: Journal): number => journal.filter((line) => line.endsWith(' left')).length;
    expect(came(one.journal)).toBe(left(one.journal));
    expect(came(one.journal) + came(other.journal) - left(one.journal)).toBe(6);
    expect(other.signalr.health().hubs[0]?.connections).toBe(6);
  });
});

describe('stateful reconnect', () => {
  it("is the service's: a client negotiates it where the endpoint allows it", async () => {
    const rig = await service();
    const one = await appServer(rig, {}, { allowStatefulReconnects: true });
    const connection = await client(one.origin);
    for (let i = 0; i < 50; i++) expect(await connection.invoke('echo', i)).toBe(i);
  });

  it('outlives cuts while the app server leaves and its clients are passed on', async () => {
    const rig = await service();
    const link = await CuttableLink.open(rig.url);
    onTestFinished(() => link.close());
    const through = { connectionString: `${rig.connectionString}ClientEndpoint=${link.url};` };
    const options = { gracefulShutdown: { mode: 'migrateClients', timeout: 10_000 }, serverStickyMode: 'preferred' } as const;
    const [one, other] = [
      await appServer(through, options, { allowStatefulReconnects: true }),
      await appServer(through, options, { allowStatefulReconnects: true }),
    ];
    const clients = await Promise.all(Array.from({ length: 4 }, () => client(one.origin)));
    const ids = clients.map(({ connectionId }) => connectionId);
    let interrupted = 0;
    for (const connection of clients) {
      connection.onclose(() => interrupted++);
      connection.onreconnecting(() => interrupted++);
    }
    const first = { left: false };
    let calls = 0;
    let cuts = 0;
    const calling = clients.map(async (connection) => {
      for (let i = 0; !first.left || i % 10 !== 0; i++, calls++) expect(await connection.invoke('echo', i)).toBe(i);
    });
    const allAreBack = (): Promise<unknown> => Promise.all(clients.map((connection) => connection.invoke('echo', 'back')));
    const cutting = (async () => {
      for (; !first.left; cuts++) {
        await link.cutAfter(3_000);
        // The official client gives up where its way back is cut.
        await allAreBack();
      }
    })();
    await eventually(() => expect(cuts).toBeGreaterThan(3));
    await one.signalr.close();
    first.left = true;
    await Promise.all(calling);
    link.cut();
    await cutting;
    await allAreBack();
    expect(interrupted).toBe(0);
    expect(clients.map(({ connectionId }) => connectionId)).toEqual(ids);
    expect(calls).toBeGreaterThan(cuts);
    expect(other.signalr.health().hubs[0]?.connections).toBe(4);
  });
});

describe('a service that restarts', () => {
  it('is connected again', async () => {
    const first = await ServiceRig.start();
    const one = await appServer(first, { initialHubServerConnectionCount: 2 });
    for (const link of first.service.hub('chat').links) expect(link.traits.kind).toBe('default');
    await first.close();
    await eventually(() => expect(one.handle.state).toBe('down'));
    await expect(one.signalr.hub(one.hub).clients.all.send('m')).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_UNAVAILABLE' });
  });
});
