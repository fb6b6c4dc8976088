import { HubConnectionState } from '@microsoft/signalr';
import { expect } from 'vitest';
import { Client } from '../client.ts';
import { type CellTest, fresh } from '../fixtures.ts';
import type { Cell, InteropServer } from '../servers.ts';

const closedWithError = 'Server returned an error on close: Connection closed with an error.';

function beginning(test: CellTest, server: InteropServer, cell: Cell): void {
  test('the hub knows id and user of a connection from its first moment', async ({ connect }) => {
    const user = fresh('user');
    const [client, anonymous] = await Promise.all([connect({ query: { welcome: '', user } }), connect({ query: { welcome: '' } })]);
    expect(await client.event('welcome')).toEqual([client.id, user]);
    expect(await anonymous.event('welcome')).toEqual([anonymous.id, null]);
    expect(await client.invoke('Id')).toBe(client.id);
    expect(await client.invoke('UserId')).toBe(user);
    expect(client.id).not.toBe(anonymous.id);
  });

  test('items belong to their connection, and live as long', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    await client.invoke('SetItem', 'colour', 'green');
    await other.invoke('SetItem', 'colour', 'red');
    expect(await client.invoke('GetItem', 'colour')).toBe('green');
    expect(await client.invoke('GetItem', 'taste')).toBe(null);
    const id = client.id;
    await client.connection.stop();
    await client.connection.start();
    expect(client.id).not.toBe(id);
    expect(await client.invoke('GetItem', 'colour')).toBe(null);
  });

  test('an access token reaches the hub, from the header or the query', async ({ connect }) => {
    const [header, query] = await Promise.all([connect({ accessToken: 'abc' }), connect({ query: { access_token: 'def' } })]);
    // Under Node the official client sends a header, but for server-sent events as browsers must.
    const way = cell.transport === 'ServerSentEvents' ? 'query ' : 'header Bearer ';
    const ofService = expect.stringMatching(new RegExp(`^${way}eyJ`)) as string;
    expect(await Promise.all([header.invoke('Token'), query.invoke('Token')])).toEqual(
      server.differsAt('accessToken', { alone: [`${way}abc`, 'query def'], service: [ofService, ofService] }),
    );
  });

  test('a guarded endpoint lets in whoever brings the token', async ({ connect }) => {
    const client = await connect({ path: '/guarded', accessToken: 'open sesame' });
    expect(await client.invoke('Add', 1, 1)).toBe(2);
    const stranger = new Client(server.url, cell, { path: '/guarded', accessToken: 'open barley' });
    await expect(stranger.connection.start()).rejects.toThrow("Unauthorized: Status code '401'");
  });

  if (cell.transport !== 'WebSockets') return;
  test('a WebSocket needs no negotiation', async ({ connect }) => {
    const connecting = connect({ skipNegotiation: true, query: { user: 'direct', welcome: '' } });
    const isTaken = async (): Promise<void> => {
      const client = await connecting;
      const [id] = await client.event('welcome');
      expect(await client.invoke('Id')).toBe(id);
      expect(await client.invoke('UserId')).toBe('direct');
      expect(client.connection.connectionId).toBe(null);
    };
    const isRefused = (): Promise<void> => expect(connecting).rejects.toThrow('WebSocket failed to connect.');
    await server.differsAt('directWebSocket', { alone: isTaken, service: isRefused })();
  });
}

function ending(test: CellTest, server: InteropServer, cell: Cell): void {
  test('the hub hears without an error that a client stopped', async ({ connect }) => {
    const [client, watcher] = await Promise.all([connect(), connect()]);
    const id = client.id;
    await watcher.invoke('Watch', id);
    await client.connection.stop();
    expect(await watcher.event('left', id)).toEqual([id, false]);
    expect(await client.closed).toBe(undefined);
  });

  test('a method can end its connection, which does not come back', async ({ connect }) => {
    const [client, watcher] = await Promise.all([connect({ reconnect: 0 }), connect()]);
    const id = client.id;
    await watcher.invoke('Watch', id);
    await client.connection.send('Abort');
    expect(await client.closed).toBe(undefined);
    expect(await watcher.event('left', id)).toEqual([id, false]);
  });

  test('a client whose connection is cut reconnects, as a new connection', async ({ connect, cuttable }) => {
    const { origin, link } = await cuttable();
    const [client, watcher] = await Promise.all([connect({ origin, reconnect: 0 }), connect()]);
    const id = client.id;
    await watcher.invoke('Watch', id);
    link.cut();
    await client.reconnecting;
    expect(await client.reconnected).toBe(client.id);
    expect(client.id).not.toBe(id);
    expect(await client.invoke('Id')).toBe(client.id);
    // That a poll or an event stream ended says nothing about its client.
    if (cell.transport !== 'WebSockets') return;
    expect(await watcher.event('left', id)).toEqual([id, server.differs('lostSocket', { aspnetcore: false, signalbox: true })]);
  });

  test('a message over the limit ends the connection with an error', async ({ connect }) => {
    const client = await connect({ path: '/small' });
    const watcher = await connect({ path: '/small' });
    const id = client.id;
    await watcher.invoke('Watch', id);
    expect(await client.invoke('Text', 'x'.repeat(900))).toHaveLength(900);
    await expect(client.invoke('Text', 'x'.repeat(1100))).rejects.toThrow(closedWithError);
    expect((await client.closed)?.message).toBe(closedWithError);
    expect(await watcher.event('left', id)).toEqual([id, true]);
  });

  test('after a close that allows it, a client reconnects', async ({ connect }) => {
    const client = await connect({ path: '/small', reconnect: 0 });
    const id = client.id;
    await client.connection.send('Text', 'x'.repeat(1100));
    expect((await client.reconnecting)?.message).toBe(closedWithError);
    expect(await client.reconnected).not.toBe(id);
    expect(await client.invoke('Text', 'again')).toBe('again');
  });
}

function keepAlive(test: CellTest): void {
  test('a client that pings stays, one that stops pinging is dropped', async ({ connect }) => {
    const [pinging, silent] = await Promise.all([
      connect({ path: '/fast', keepAlive: 500 }),
      connect({ path: '/fast', keepAlive: 60_000 }),
    ]);
    // The server pings each second: a client that expects to hear something every 2.5 seconds must be content.
    pinging.connection.serverTimeoutInMilliseconds = 2_500;
    const id = silent.id;
    await pinging.invoke('Watch', id);
    expect((await silent.closed)?.message).toBe(closedWithError);
    expect(await pinging.event('left', id)).toEqual([id, true]);
    expect(pinging.connection.state).toBe(HubConnectionState.Connected);
    expect(await pinging.invoke('Add', 1, 1)).toBe(2);
  });
}

export function lifetime(test: CellTest, server: InteropServer, cell: Cell): void {
  beginning(test, server, cell);
  ending(test, server, cell);
  // The official client neither pings nor expects pings over long polling.
  if (cell.transport !== 'LongPolling') keepAlive(test);
}
