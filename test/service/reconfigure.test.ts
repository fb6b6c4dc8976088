import { HubConnectionBuilder, HttpTransportType } from '@microsoft/signalr';
import { describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ACCESS_KEY, ServiceRig, tokenFor } from './rig.ts';

const NEW_KEY = 'n'.repeat(44);

describe('a service whose options are replaced', () => {
  it('holds new clients to the new ones, and leaves those that there are', async () => {
    await using rig = await ServiceRig.start();
    const server = await ScriptedServer.connect(rig);
    const client = await RawClient.connect(rig);
    await server.accept();
    await client.hears(1);
    rig.service.configure({ maximumHandshakeSize: 10 });
    const late = await RawClient.connect(rig);
    await late.ended();
    expect(late.text).toContain('error');
    client.say({ type: 6 });
    await server.settle();
    expect(client.closed).toBeUndefined();
    rig.service.configure({});
    await RawClient.connect(rig);
    await server.accept();
  });

  it('takes new limits of hubs that there are', async () => {
    await using rig = await ServiceRig.start({ maximumUserGroups: 1, maximumGroupsPerConnection: 100 });
    const hub = rig.service.hub('chat');
    expect(hub.userGroups.add('ann', 'a', 60)).toBe(true);
    expect(hub.userGroups.add('ann', 'b', 60)).toBe(false);
    rig.service.configure({ maximumUserGroups: 2 });
    expect(hub.userGroups.add('ann', 'b', 60)).toBe(true);
    expect(hub.userGroups.add('ann', 'c', 60)).toBe(false);
    expect(hub.settings.maximumGroupsPerConnection).toBe(10_000);
  });

  it("takes new options of clients' connections", async () => {
    await using rig = await ServiceRig.start({ clients: { enableAuthenticationRefresh: true } });
    await ScriptedServer.connect(rig);
    const token = await tokenFor('client', 'chat');
    const negotiate = async (): Promise<readonly string[]> => {
      const headers = { Authorization: `Bearer ${token}`, Origin: 'https://page.example' };
      const response = await fetch(`${rig.url}/client/negotiate?hub=chat&negotiateVersion=1`, { method: 'POST', headers });
      const { availableTransports = [] } = (await response.json().catch(() => ({}))) as { availableTransports?: { transport: string }[] };
      return [String(response.status), ...availableTransports.map(({ transport }) => transport)];
    };
    expect(await negotiate()).toEqual(['200', 'WebSockets', 'ServerSentEvents', 'LongPolling']);
    rig.service.configure({ clients: { transports: ['longPolling'] } });
    expect(await negotiate()).toEqual(['200', 'LongPolling']);
    rig.service.configure({ clients: { allowedOrigins: ['https://other.example'] } });
    expect(await negotiate()).toEqual(['403']);
  });

  it('keeps what it was made with, and what is refused changes nothing', async () => {
    await using rig = await ServiceRig.start({ maximumServerMessageSize: 70_000 });
    rig.service.configure({ maximumServerMessageSize: 1_000, nodes: { joinTime: 7 }, maximumHeldBytes: 5 });
    expect(rig.service.settings).toMatchObject({ maximumServerMessageSize: 70_000, nodes: { joinTime: 20 }, maximumHeldBytes: 5 });
    expect(() => rig.service.configure({ maximumHeldBytes: 6, clients: { disconnectTimeout: -1 } })).toThrow('disconnectTimeout');
    expect(() => rig.service.configure({ maximumHeldBytes: -1 })).toThrow('maximumHeldBytes');
    expect(rig.service.settings.maximumHeldBytes).toBe(5);
  });
});

describe('a service whose access keys are replaced', () => {
  it('takes tokens of the new ones at once, and none of those that are gone; connections stay', async () => {
    await using rig = await ServiceRig.start();
    const server = await ScriptedServer.connect(rig);
    const client = new HubConnectionBuilder()
      .withUrl(`${rig.url}/client/?hub=chat`, {
        accessTokenFactory: () => tokenFor('client', 'chat'),
        skipNegotiation: true,
        transport: HttpTransportType.WebSockets,
      })
      .configureLogging('none')
      .build();
    const closings: unknown[] = [];
    client.onclose((error) => closings.push(error));
    const started = client.start();
    const { connectionId } = await server.accept();
    await started;

    rig.service.replaceAccessKeys([ACCESS_KEY, NEW_KEY]);
    const newToken = await tokenFor('client', 'chat', {}, { key: NEW_KEY });
    for (const token of [newToken, await tokenFor('client', 'chat')]) (await RawClient.dial(rig, { token })).close();
    rig.service.replaceAccessKeys([NEW_KEY]);
    (await RawClient.dial(rig, { token: newToken })).close();
    await expect(RawClient.dial(rig)).rejects.toThrow('401');
    await expect(ScriptedServer.dial(rig)).rejects.toThrow('401');

    expect(() => rig.service.replaceAccessKeys(['short'])).toThrow('accessKeys');
    expect(() => rig.service.replaceAccessKeys([])).toThrow('accessKeys');
    (await RawClient.dial(rig, { token: newToken })).close();

    const heard = new Promise((resolve) => client.on('still', resolve));
    server.tell(connectionId, { type: 1, target: 'still', arguments: ['here'] });
    expect(await heard).toBe('here');
    expect([closings, server.closed]).toEqual([[], undefined]);
    await client.stop();
    await eventually(() => expect(closings).toHaveLength(1));
  });
});
