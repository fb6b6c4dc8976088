import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol as OfficialMessagePack } from '@microsoft/signalr-protocol-msgpack';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { EchoServer } from './echo-server.ts';
import { ServiceRig, tokenFor } from './rig.ts';

let rig: ServiceRig;
let server: EchoServer;
const connections: HubConnection[] = [];

beforeEach(async () => {
  rig = await ServiceRig.start();
  server = await EchoServer.start(rig);
});
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.stop()));
  await rig.close();
});

function connect(transport: HttpTransportType, protocol: 'json' | 'messagepack'): HubConnection {
  const builder = new HubConnectionBuilder()
    .withUrl(`${rig.url}/client/?hub=chat&asrs.op=%2Fchat`, {
      transport,
      accessTokenFactory: () => tokenFor('client', 'chat', { 'asrs.s.uid': 'ann' }),
    })
    .withAutomaticReconnect([0, 50, 200, 500, 1_000])
    .configureLogging(LogLevel.None);
  const connection = (protocol === 'json' ? builder : builder.withHubProtocol(new OfficialMessagePack())).build();
  connections.push(connection);
  return connection;
}

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;
describe.each([
  ['WebSockets', WebSockets, 'json'],
  ['WebSockets', WebSockets, 'messagepack'],
  ['server-sent events', ServerSentEvents, 'json'],
  ['long polling', LongPolling, 'json'],
  ['long polling', LongPolling, 'messagepack'],
] as const)('the official client over %s (%#)', (_, transport, protocol) => {
  test(`in ${protocol} calls, is called, and takes its leave`, async () => {
    const connection = connect(transport, protocol);
    const heard: unknown[] = [];
    connection.on('told', (value: unknown) => heard.push(value));
    await connection.start();
    expect(await connection.invoke('echo', { deep: [1, 'é', null] })).toEqual({ deep: [1, 'é', null] });
    const large = 'é'.repeat(150_000);
    expect(await connection.invoke('echo', large)).toBe(large);
    const many = await Promise.all(Array.from({ length: 100 }, (__, at) => connection.invoke<number>('echo', at)));
    expect(many).toEqual(Array.from({ length: 100 }, (__, at) => at));
    server.tell('told', 7);
    await eventually(() => expect(heard).toEqual([7]));
    await connection.stop();
    await eventually(() => expect(server.clients).toBe(0));
    await eventually(() => expect(rig.service.hub('chat').clients.size).toBe(0));
  });
});

test('the official client without negotiation is let in', async () => {
  const connection = new HubConnectionBuilder()
    .withUrl(`${rig.url}/client/?hub=chat`, {
      transport: WebSockets,
      skipNegotiation: true,
      accessTokenFactory: () => tokenFor('client', 'chat'),
    })
    .configureLogging(LogLevel.None)
    .build();
  connections.push(connection);
  await connection.start();
  expect(await connection.invoke('echo', 1)).toBe(1);
});

test.each([
  ['WebSockets', WebSockets],
  ['server-sent events', ServerSentEvents],
  ['long polling', LongPolling],
] as const)('the official client over %s comes back by itself when its app server is lost', async (_, transport) => {
  const connection = connect(transport, 'json');
  await connection.start();
  const again = new Promise<void>((resolve) => connection.onreconnected(() => resolve()));
  server.cut();
  server = await EchoServer.start(rig);
  await again;
  expect(connection.state).toBe(HubConnectionState.Connected);
  expect(await connection.invoke('echo', 'again')).toBe('again');
});

test('the official client is told in words that no app server is there', async () => {
  server.cut();
  await eventually(() => expect(rig.service.hub('chat').links.size).toBe(0));
  await expect(connect(WebSockets, 'json').start()).rejects.toThrow('No app server is connected for this hub');
});
