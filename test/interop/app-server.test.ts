import { HubConnectionState } from '@microsoft/signalr';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startAppServer } from './app-server.ts';
import { Client } from './client.ts';
import { cellTest, fresh, type CellTest } from './fixtures.ts';
import { InteropServer } from './servers.ts';
import { clientResults } from './suite/client-results.ts';
import { invocations } from './suite/invocations.ts';
import { streaming } from './suite/streams.ts';
import { targets } from './suite/targets.ts';

/** What the official client sees of a hub in process, it sees of one behind the service. */
const server = new InteropServer({
  name: 'signalbox',
  protocols: ['json', 'messagepack'],
  missing: undefined,
  launch: () => startAppServer(),
});

const closedWithError = 'Server returned an error on close: Connection closed with an error.';

vi.setConfig({ maxConcurrency: 12 });

function lifetime(inCell: CellTest, inText: boolean): void {
  inCell('the hub knows id and user of a connection from its first moment', async ({ connect }) => {
    const user = fresh('user');
    const [client, anonymous] = await Promise.all([connect({ query: { welcome: '', user } }), connect({ query: { welcome: '' } })]);
    expect(await client.event('welcome')).toEqual([client.id, user]);
    expect(await anonymous.event('welcome')).toEqual([anonymous.id, null]);
    expect(await client.invoke('UserId')).toBe(user);
  });

  inCell('items belong to their connection, and live as long', async ({ connect }) => {
    const client = await connect();
    await client.invoke('SetItem', 'colour', 'green');
    expect(await client.invoke('GetItem', 'colour')).toBe('green');
    await client.connection.stop();
    await client.connection.start();
    expect(await client.invoke('GetItem', 'colour')).toBe(null);
  });

  inCell('a guarded endpoint lets in whoever brings the token', async ({ connect }) => {
    const client = await connect({ path: '/guarded', accessToken: 'open sesame' });
    expect(await client.invoke('Add', 1, 1)).toBe(2);
    await expect(connect({ path: '/guarded', accessToken: 'open barley' })).rejects.toThrow("Unauthorized: Status code '401'");
  });

  inCell('the hub hears without an error that a client stopped', async ({ connect }) => {
    const [client, watcher] = await Promise.all([connect(), connect()]);
    const id = client.id;
    await watcher.invoke('Watch', id);
    await client.connection.stop();
    expect(await watcher.event('left', id)).toEqual([id, false]);
    expect(await client.closed).toBe(undefined);
  });

  inCell('a method can end its connection, which does not come back', async ({ connect }) => {
    const [client, watcher] = await Promise.all([connect({ reconnect: 0 }), connect()]);
    const id = client.id;
    await watcher.invoke('Watch', id);
    await client.connection.send('Abort');
    expect(await client.closed).toBe(undefined);
    expect(await watcher.event('left', id)).toEqual([id, false]);
  });

  inCell('a message over the limit ends the connection with an error, and the client may come back', async ({ connect }) => {
    const client = await connect({ path: '/small', reconnect: 0 });
    const id = client.id;
    expect(await client.invoke('Text', 'x'.repeat(900))).toHaveLength(900);
    await client.connection.send('Text', 'x'.repeat(1100));
    expect((await client.reconnecting)?.message).toBe(closedWithError);
    expect(await client.reconnected).not.toBe(id);
    expect(await client.invoke('Text', 'again')).toBe('again');
  });

  if (!inText) return;
  inCell('a client that pings stays, one that stops pinging is dropped', async ({ connect }) => {
    const [pinging, silent] = await Promise.all([
      connect({ path: '/fast', keepAlive: 500 }),
      connect({ path: '/fast', keepAlive: 60_000 }),
    ]);
    const id = silent.id;
    await pinging.invoke('Watch', id);
    expect((await silent.closed)?.message).toBe(closedWithError);
    expect(await pinging.event('left', id)).toEqual([id, true]);
    expect(await pinging.invoke('Add', 1, 1)).toBe(2);
  });
}

describe('a hub behind the service', () => {
  beforeAll(() => server.start());
  afterAll(() => server.stop());

  for (const cell of server.cells) {
    describe.concurrent(`${cell.transport}, ${cell.protocol}`, { timeout: 20_000 }, () => {
      const inCell = cellTest(server, cell);
      describe('invocations', () => invocations(inCell, cell));
      describe('targets', () => targets(inCell, server));
      describe('streams', () => streaming(inCell, cell));
      describe('client results', () => clientResults(inCell, server));
      describe('lifetime', () => lifetime(inCell, cell.transport !== 'LongPolling'));
    });
  }

  test('that stops lets its clients reconnect', async ({ onTestFinished }) => {
    const running = await server.another();
    const clients = server.cells.map((cell) => new Client(running.url, cell, { reconnect: 60_000 }));
    onTestFinished(async () => {
      await Promise.all(clients.map(({ connection }) => connection.stop()));
      await running.stop();
    });
    await Promise.all(clients.map(({ connection }) => connection.start()));
    const states = clients.map((client) => client.reconnecting.then(() => client.connection.state));
    expect((await fetch(`${running.url}/stop`, { method: 'POST' })).status).toBe(200);
    expect(await Promise.all(states)).toEqual(clients.map(() => HubConnectionState.Reconnecting));
    await running.ended;
  });
});
