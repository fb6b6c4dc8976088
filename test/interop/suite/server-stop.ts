import { HubConnectionState } from '@microsoft/signalr';
import { expect, test } from 'vitest';
import { Client } from '../client.ts';
import type { InteropServer } from '../servers.ts';
import { WireSocket } from '../wire/socket.ts';

/** One server for all cells: what ends here is the whole process. */
export function serverStop(server: InteropServer): void {
  test('a server that stops lets its clients reconnect', async ({ onTestFinished }) => {
    const running = await server.another();
    const clients = server.cells.map((cell) => new Client(running.url, cell, { reconnect: 60_000 }));
    onTestFinished(async () => {
      await Promise.all(clients.map(({ connection }) => connection.stop()));
      await running.stop();
    });
    await Promise.all(clients.map(({ connection }) => connection.start()));
    const direct = server.differsAt('directWebSocket', { alone: [running.url], service: [] });
    const sockets = await Promise.all(direct.map((url) => WireSocket.open(`${url}/hub`)));
    for (const socket of sockets) await socket.handshake();
    const states = clients.map((client) => client.reconnecting.then(() => client.connection.state));
    const response = await fetch(`${running.url}/stop`, { method: 'POST' });
    expect(response.status).toBe(200);
    expect(await Promise.all(states)).toEqual(clients.map(() => HubConnectionState.Reconnecting));
    const goodbye = server.differs('goodbye', {
      aspnetcore: { messages: [], code: 1006 },
      signalbox: { messages: [{ type: 7, allowReconnect: true }], code: 1000 },
    });
    for (const socket of sockets) expect(await socket.rest()).toEqual(goodbye);
    await running.ended;
  });
}
