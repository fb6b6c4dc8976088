import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { retryDelay } from '../../src/app-server/retry-delay.ts';
import { eventually } from '../eventually.ts';
import { chatHub, connectedHost } from './connected-host.ts';

const one = { initialHubServerConnectionCount: 1 };

describe('server connections are dialled', () => {
  it('five for each hub, with the ids, headers and token of the official SDK', async () => {
    const { service } = await connectedHost();
    expect(service.links).toHaveLength(5);
    expect(new Set(service.links.map(({ id }) => id)).size).toBe(5);
    const serverIds = new Set(service.links.map(({ request }) => request.headers['x-asrs-server-id']));
    expect(serverIds.size).toBe(1);
    const [serverId = ''] = serverIds;
    for (const [place, { request, id, query }] of service.links.entries()) {
      expect(request.url).toBe(`/server/?hub=chat&cid=${id}`);
      expect(query.get('target')).toBe(null);
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(request.headers['asrs-user-agent']).toMatch(/^Signalbox\/\d+\.\d+\.\d+ \(Node v/);
      expect(request.headers['x-requested-with']).toBe('XMLHttpRequest');
      expect(request.headers['sec-websocket-extensions']).toBe(undefined);
      expect(String(serverId)).toMatch(new RegExp(`^${hostname()}_[0-9a-f]{32}$`));
      expect(service.tokens[place]).toMatchObject({ nameid: serverId, iss: 'azure-signalr', aud: 'http://127.0.0.1/server/?hub=chat' });
    }
  });

  it('with the very first frame that the official SDK sends', async () => {
    const { link } = await connectedHost({ connect: one });
    expect(link.first?.toString('base64')).toBe('CJcBAQCgAIDC');
  });

  it('for hubs that are mapped before and after, under the name of the application', async () => {
    const { service, signalr, handle } = await connectedHost({ connect: { initialHubServerConnectionCount: 2, applicationName: 'MyApp' } });
    signalr.map('/other/place', chatHub([], '/other/place'));
    await handle.connected;
    await service.came(4);
    expect(service.links.map(({ query }) => query.get('hub'))).toEqual([
      'myapp_chat',
      'myapp_chat',
      'myapp_other_place',
      'myapp_other_place',
    ]);
    expect(() => signalr.map('/third', chatHub([], 'CHAT'))).toThrow(expect.objectContaining({ code: 'SIGNALBOX_CANT_CONNECT' }) as Error);
  });

  it('with what the service has to know: that clients may migrate, and come back', async () => {
    const connect = { ...one, gracefulShutdown: { mode: 'migrateClients' } } as const;
    const { link } = await connectedHost({ connect, endpoint: { allowStatefulReconnects: true } });
    expect(await link.next('handshakeRequest')).toMatchObject({
      version: 1,
      connectionType: 0,
      target: '',
      migrationLevel: 1,
      allowStatefulReconnects: true,
    });
  });
});

describe('a server connection that fails is dialled again', () => {
  it('at once, then after 1, 2, 4, 8, 16, 32 and 60 seconds, and up to one more', () => {
    const delays = Array.from({ length: 9 }, (_, failures) => retryDelay(failures, () => 0));
    expect(delays).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(retryDelay(3, () => 0.999)).toBe(4_999);
    expect(retryDelay(0, () => 0.999)).toBe(0);
  });

  it('by one alone while none stands; the others follow when it does', async () => {
    const host = await connectedHost({ waits: false, prepare: (service) => (service.status = 401) });
    const { service, clock, handle, logged } = host;
    await eventually(() => expect(service.refused).toBe(5));
    clock.advance(200);
    await eventually(() => expect(service.refused).toBe(10));
    clock.advance(2_200);
    await eventually(() => expect(service.refused).toBe(11));
    expect(handle.state).toBe('connecting');
    expect(logged.filter((line) => line.startsWith('app-server.connect-failed'))).toHaveLength(11);
    service.status = 101;
    await eventually(() => {
      clock.advance(5_000);
      expect(service.links.length).toBeGreaterThan(0);
    });
    await handle.connected;
    await service.came(5);
    expect(service.refused).toBeLessThan(13);
  });

  it('when the handshake is refused, answered by something else, or not at all', async () => {
    const host = await connectedHost({
      connect: one,
      waits: false,
      prepare: (service) => (service.handshake = { type: 'handshakeResponse', error: 'no' }),
    });
    const { service, clock, handle } = host;
    await eventually(() => expect(service.links[0]?.closed).not.toBe(undefined));
    service.handshake = { type: 'ping', entries: [] };
    clock.advance(200);
    await service.came(2);
    await eventually(() => expect(service.links[1]?.closed).not.toBe(undefined));
    service.handshake = undefined;
    await eventually(() => {
      clock.advance(500);
      expect(service.links).toHaveLength(3);
    });
    await eventually(() => expect(service.links[2]?.received).toHaveLength(1));
    service.handshake = { type: 'handshakeResponse', error: null };
    await eventually(() => {
      clock.advance(5_000);
      expect(service.links[2]?.closed).not.toBe(undefined);
    });
    await eventually(() => {
      clock.advance(1_000);
      expect(handle.state).toBe('connected');
    });
  });

  it('when it was lost, whatever the close code; its clients are gone, the others stay', async () => {
    const { service, clock, handle, journal, logged } = await connectedHost({ connect: { initialHubServerConnectionCount: 2 } });
    const [first, second] = service.links;
    await first?.open('a');
    await second?.open('b');
    first?.socket.close(1000);
    await eventually(() => expect(journal).toEqual(['a came', 'b came', 'a left: The service closed the connection with code 1000.']));
    expect(handle.state).toBe('connected');
    expect(logged.at(-1)).toBe(
      "app-server.connection-lost: A server connection of hub 'chat' is lost. Its 1 clients are gone. It is opened again in 0 ms.",
    );
    clock.advance(200);
    await service.came(3);
    second?.socket.terminate();
    await eventually(() => expect(journal.at(-1)).toMatch(/^b left: /));
  });

  it('when what comes is no stream of messages', async () => {
    const { service, clock, link } = await connectedHost({ connect: one });
    link.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    await eventually(() => expect(link.closed).not.toBe(undefined));
    clock.advance(200);
    await service.came(2);
  });
});

describe('signs of life', () => {
  it('are answered when none was sent for five seconds, and never sent unasked', async () => {
    const { link, clock } = await connectedHost({ connect: one });
    await link.open('a');
    clock.advance(4_000);
    link.ping();
    await link.settle();
    expect(link.all('ping')).toEqual([]);
    clock.advance(2_000);
    await link.settle();
    expect(link.all('ping')).toMatchObject([{ entries: ['#clientInHub', '1', '#client', '1'] }]);
    link.ping();
    await link.settle();
    expect(link.all('ping')).toHaveLength(1);
  });

  it('that do not come for 30 seconds end the connection', async () => {
    const { link, clock, service } = await connectedHost({ connect: one });
    for (let i = 0; i < 3; i++) {
      clock.advance(20_000);
      link.ping();
      await link.settle();
    }
    clock.advance(36_000);
    await eventually(() => expect(link.closed).not.toBe(undefined));
    clock.advance(200);
    await service.came(2);
  });

  it('an echo comes back as it is, and the status is asked for every ten seconds', async () => {
    const { link, clock } = await connectedHost({ connect: one });
    link.ping('echo', 'anything', 'more', 'x');
    expect((await link.next('ping')).entries).toEqual(['echo', 'anything', 'more', 'x']);
    clock.advance(10_200);
    expect(await link.next('ping', ({ entries }) => entries[0] === 'status')).toMatchObject({ entries: ['status', '1'] });
    link.ping('status', '0', 'clientcount', '0', 'servercount', '1', 'capacity', '1000');
    link.ping('unknown', 'x', 'odd');
    await link.settle();
    expect(link.closed).toBe(undefined);
  });
});

describe('a connection on demand', () => {
  it('is opened to the instance that asks, up to the maximum', async () => {
    const { service, link } = await connectedHost({ connect: { initialHubServerConnectionCount: 1, maxHubServerConnectionCount: 2 } });
    link.ping('target', 'instance 1/ä');
    await service.came(2);
    const demanded = service.links[1];
    expect(demanded?.query.get('target')).toBe('instance 1/ä');
    expect(await demanded?.next('handshakeRequest')).toMatchObject({ connectionType: 1, target: '' });
    link.ping('target', 'another');
    await link.settle();
    expect(service.links).toHaveLength(2);
    await demanded?.open('a');
    demanded?.call('a', 'echo', '1', 7);
    expect(await demanded?.told('a')).toEqual([{ type: 3, invocationId: '1', result: 7 }, 2]);
  });

  it('is not opened again when it is refused', async () => {
    const { service, link, clock, logged } = await connectedHost({ connect: one });
    service.handshake = { type: 'handshakeResponse', error: 'full' };
    link.ping('target', 'x');
    await service.came(2);
    await eventually(() => expect(logged.at(-1)).toMatch(/^app-server.on-demand-ended/));
    clock.advance(20_000);
    await link.settle();
    expect(service.links).toHaveLength(2);
  });
});

describe('what the service says of a server connection', () => {
  it('an error is logged, and nothing is sent on it any more', async () => {
    const { service, signalr, hub, logged } = await connectedHost({ connect: { initialHubServerConnectionCount: 2 } });
    const [first, second] = service.links;
    first?.send({ type: 'serviceError', message: 'over quota' });
    await first?.settle();
    expect(logged.at(-1)).toBe("app-server.service-error: The service reports an error on a server connection of hub 'chat': over quota");
    for (let i = 0; i < 20; i++) await signalr.hub(hub).clients.group(`g${i}`).send('m');
    await eventually(() => expect(second?.all('groupBroadcastData')).toHaveLength(20));
    expect(first?.all('groupBroadcastData')).toEqual([]);
  });

  it('that it goes offline: others are used; that another one does: nothing', async () => {
    const { service, signalr, hub } = await connectedHost({ connect: { initialHubServerConnectionCount: 2 } });
    const [first, second] = service.links;
    first?.send({ type: 'connectionFlowControl', connectionId: first.id, target: 2, operation: 4 });
    second?.send({ type: 'connectionFlowControl', connectionId: first?.id ?? '', target: 2, operation: 4 });
    await first?.settle();
    await second?.settle();
    for (let i = 0; i < 20; i++) await signalr.hub(hub).clients.group(`g${i}`).send('m');
    await eventually(() => expect(second?.all('groupBroadcastData')).toHaveLength(20));
    expect(first?.all('groupBroadcastData')).toEqual([]);
  });

  it('an event is logged with what it is about', async () => {
    const { link, logged } = await connectedHost({ connect: one });
    link.send({ type: 'serviceEvent', objectType: 3, objectId: 'g', kind: 1, message: 'bad group' });
    await link.settle();
    expect(logged.at(-1)).toBe("app-server.service-event: The service reports to hub 'chat': bad group");
  });

  it('a malformed or unknown message is left out, and costs nothing', async () => {
    const { link, logged } = await connectedHost({ connect: one });
    await link.open('a');
    link.sendBytes(Buffer.from([2, 0x91, 0x63, 2, 0x91, 0x04, 3, 0xc0, 0xc0, 0xc0]));
    link.say('nobody', 'x');
    link.call('a', 'echo', '1', 'still there');
    expect(await link.told('a')).toEqual([{ type: 3, invocationId: '1', result: 'still there' }, 2]);
    expect(logged.filter((line) => line.startsWith('app-server.malformed-message'))).toHaveLength(2);
  });
});
