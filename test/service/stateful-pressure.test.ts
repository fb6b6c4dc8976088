import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MemoryConnection, type MemoryConnectionOptions } from '../../src/conformance/memory-connection.ts';
import { memoryRequest } from '../../src/conformance/memory-request.ts';
import { readOptions } from '../../src/base/option-table.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { Meter } from '../../src/metering/meter.ts';
import { DataType } from '../../src/protocol/service/codes.ts';
import type { ServiceMessage } from '../../src/protocol/service/messages.ts';
import { ServiceStream } from '../../src/protocol/service/stream.ts';
import type { ClientIdentity } from '../../src/service/client-identity.ts';
import { serviceOptions } from '../../src/service/options.ts';
import { ServerLink } from '../../src/service/server-link.ts';
import { ServiceClient } from '../../src/service/service-client.ts';
import { ServiceHub } from '../../src/service/service-hub.ts';
import { calling } from './app-server.ts';
import { tokenFor } from './rig.ts';

const identity: ClientIdentity = {
  hub: 'chat',
  userId: undefined,
  server: undefined,
  handshakeTimeout: undefined,
  pollingTimeout: undefined,
  transports: undefined,
  closesAt: undefined,
  diagnostic: false,
};
const textOf = (message: object): string => `${JSON.stringify(message)}\u001e`;
const much = calling('much', 'x'.repeat(110_000));

let clock: FakeClock;
let link: ServerLink;
/** Whether the app server takes what it is sent. */
let takes = true;
let toServer: ServiceMessage[] = [];

beforeEach(() => {
  clock = new FakeClock();
  takes = true;
  toServer = [];
  const stream = new ServiceStream(0, (message) => {
    toServer.push(message as ServiceMessage);
    return true;
  });
  const traits = {
    id: 'c',
    serverId: 's',
    userAgent: '',
    kind: 'default',
    migrates: false,
    statefulReconnect: true,
    connectedAt: 0,
  } as const;
  link = new ServerLink(traits, (bytes) => {
    stream.push(bytes);
    return takes;
  });
});

/** A client that its app server has let in, without sockets between them. */
async function connect(options: Partial<MemoryConnectionOptions> = {}): Promise<{ client: ServiceClient; connection: MemoryConnection }> {
  const settings = readOptions(serviceOptions, []);
  const hub = new ServiceHub('chat', { instanceId: 'node', settings, wheel: new TimerWheel(clock), log: () => {}, meter: new Meter(1) });
  hub.linked(link);
  const request = memoryRequest({ headers: { authorization: `Bearer ${await tokenFor('client', 'chat')}` } });
  const reconnects = { maximumQueuedBytes: 1_000_000, transportSendTimeout: 10_000 };
  const connection = new MemoryConnection({ clock, request, reconnects, ...options });
  const client = new ServiceClient(connection, identity, hub);
  client.start();
  connection.send('{"protocol":"json","version":2}\u001e');
  client.relayBack(Buffer.from('{}\u001e'), DataType.handshake);
  connection.take();
  toServer.length = 0;
  return { client, connection };
}

const relay = (client: ServiceClient, message: object): void => client.relayBack(Buffer.from(textOf(message)), DataType.invocation);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a client whose app server has enough is not read, unless its acks are needed', async () => {
  const { client, connection } = await connect();
  takes = false;
  connection.send(textOf(calling('one')));
  expect(connection.paused).toBe(true);
  relay(client, much);
  await turn();
  expect(connection.paused).toBe(false);
  connection.send(textOf({ type: 8, sequenceId: 1 }));
  expect(connection.paused).toBe(true);
  expect(toServer.map(({ type }) => type)).toEqual(['connectionData', 'connectionFlowControl', 'connectionFlowControl']);
  link.drained();
  expect(connection.paused).toBe(false);
});

test('what a client sends besides such acks is not acknowledged, so that it stops', async () => {
  const { client, connection } = await connect();
  takes = false;
  relay(client, much);
  await turn();
  connection.take();
  connection.send(textOf(calling('one')));
  clock.advance(3_000);
  expect(connection.take().toString()).toBe('');
  takes = true;
  link.drained();
  clock.advance(1_200);
  expect(connection.take().toString()).toBe(textOf({ type: 8, sequenceId: 1 }));
});

test('what waits for the socket goes before the leave that the app server takes, or the service', async () => {
  for (const leave of [
    (client: ServiceClient): void => relay(client, { type: 7 }),
    (client: ServiceClient): void => client.end(undefined, false, 'Normal'),
  ]) {
    const { client, connection } = await connect({ mark: 50, flowing: false });
    const said = ['one', 'two', 'three'].map((name) => calling(name, 'x'.repeat(60)));
    for (const message of said) relay(client, message);
    leave(client);
    expect(connection.take().toString()).toBe([...said, { type: 7 }].map(textOf).join(''));
  }
});

test('nothing is left to time when the client has gone', async () => {
  const { client, connection } = await connect();
  relay(client, much);
  connection.send(textOf(calling('one')));
  expect(clock.tasks).toBeGreaterThan(0);
  connection.vanish();
  expect(toServer.at(-1)).toMatchObject({ type: 'closeConnection' });
  clock.advance(60_000);
  expect(clock.tasks).toBe(0);
});
