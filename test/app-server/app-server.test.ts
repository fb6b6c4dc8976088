import { HubConnectionBuilder, LogLevel, HttpTransportType } from '@microsoft/signalr';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineHub, method, SignalR } from 'signalbox';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ServiceRig } from '../service/rig.ts';

it('works', async () => {
  await using rig = await ServiceRig.start();
  const said: unknown[] = [];
  const hub = defineHub()({ name: 'ChatHub', methods: { echo: method([z.string()], (context, text) => `${context.connectionId.length > 0} ${text}`),
    all: method([], async (context) => { await context.groups.join('g'); await context.clients.all.send('hi', 1); await context.clients.group('g').send('group', 2); return JSON.stringify([context.user, context.request.url.pathname]); }) } });
  const signalr = new SignalR({ log: (event, fields, error) => void said.push([event.id, fields, String(error)]) }).map('/chat', hub);
  const handle = signalr.connect(rig.connectionString);
  await handle.connected;
  const server = createServer();
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const connection = new HubConnectionBuilder().withUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`, { transport: HttpTransportType.WebSockets }).configureLogging(LogLevel.Warning).build();
  const heard: unknown[] = [];
  connection.on('hi', (n) => heard.push(['hi', n]));
  connection.on('group', (n) => heard.push(['group', n]));
  await connection.start();
  expect(await connection.invoke('echo', 'x')).toBe('true x');
  console.log(await connection.invoke('all'), heard);
  console.log(signalr.health(), said);
  await connection.stop();
  await signalr.close();
  server.close();
  server.closeAllConnections();
});
