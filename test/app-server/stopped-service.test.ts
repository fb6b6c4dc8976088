import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from '@microsoft/signalr';
import { SignalR } from 'signalbox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Service } from '../../src/service.ts';
import { eventually } from '../eventually.ts';
import { ACCESS_KEY } from '../service/rig.ts';
import { chatHub, served, type Journal } from './connected-host.ts';

const silent = (): void => {};

let server: Server;
let service: Service;
let signalr: SignalR;
let journal: Journal;
let hub: ReturnType<typeof chatHub>;
let origin: string;
const connections: HubConnection[] = [];

const start = (): Service => new Service({ accessKeys: [ACCESS_KEY], log: silent }).attach(server);

beforeEach(async () => {
  server = createServer((_, response) => response.writeHead(404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service = start();
  journal = [];
  hub = chatHub(journal);
  signalr = new SignalR({ log: silent }).map('/chat', hub);
  const { port } = server.address() as AddressInfo;
  await signalr.connect(`Endpoint=http://127.0.0.1:${port};AccessKey=${ACCESS_KEY};Version=1.0;`).connected;
  origin = await served(signalr);
});
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.stop()));
  await signalr.close({ timeout: 1_000 });
  await service.close({ timeout: 1_000 });
  server.close();
  server.closeAllConnections();
});

async function client(): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(`${origin}/chat`)
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 50 })
    .configureLogging(LogLevel.None)
    .build();
  connections.push(connection);
  await connection.start();
  return connection;
}

test('official clients and a Node app server come back to the service that was started anew, and every call ends', async () => {
  const one = await client();
  const other = await client();
  const [left, waits] = [one.connectionId, other.connectionId];
  const questions: string[] = [];
  other.on('ask', (question: string) => {
    questions.push(question);
    return new Promise<number>(() => {});
  });
  const reasons: (Error | undefined)[] = [];
  one.onreconnecting((error) => reasons.push(error));
  const asked = one.invoke('ask', waits, 'will you answer?').catch((error: Error) => error.message);
  const outside = signalr
    .hub(hub)
    .clients.client(waits ?? '')
    .invoke.ask('and you?')
    .catch((error: Error) => error.message);
  await eventually(() => expect(questions).toHaveLength(2));
  await service.close();
  // The hub's methods see their clients go, and not that something failed.
  await eventually(() => expect(journal.toSorted()).toEqual([left, waits].flatMap((id) => [`${id} came`, `${id} left`]).toSorted()));
  expect(await asked).toContain('closed');
  expect(await outside).toMatch(/disconnect|exist|closed/i);
  expect(one.state).toBe(HubConnectionState.Reconnecting);
  service = start();
  await eventually(() => expect([one.state, other.state]).toEqual(Array(2).fill(HubConnectionState.Connected)));
  expect(await one.invoke('echo', 'back')).toBe('back');
  expect(reasons).toHaveLength(1);
});
