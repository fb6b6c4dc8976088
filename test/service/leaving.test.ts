import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataType } from '../../src/protocol/service/codes.ts';
import { calling, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

const farewell = { type: 7, allowReconnect: true };

let rig: ServiceRig;
let server: ScriptedServer;
let client: RawClient;
let connectionId: string;

beforeEach(async () => {
  rig = await ServiceRig.start();
  server = await ScriptedServer.connect(rig);
  client = await RawClient.connect(rig);
  ({ connectionId } = await server.accept());
  await client.hears(1);
});
afterEach(() => rig.close());

async function leave(mode: number): Promise<void> {
  server.send({ type: 'ping', entries: ['shutdown', `fin:${mode}`] });
  await server.next('ping', ({ entries }) => entries[1] === 'finack');
}

function close(message: object): void {
  const payload = Buffer.from(`${JSON.stringify(message)}\u001e`);
  server.send({ type: 'connectionData', connectionId, payload, extension: { dataType: DataType.close } });
}

describe('an app server that leaves', () => {
  test('and drops its clients has them closed with what it told them, once', async () => {
    await leave(0);
    close(farewell);
    expect(await client.ended()).toBe(1000);
    expect(client.messages).toEqual([{}, farewell]);
    await server.settle();
    expect(server.received.filter(({ type }) => type === 'closeConnection')).toEqual([]);
  });

  test.each([0, 1, 2])('in mode %i and cuts its connection with clients left has them come back', async (mode) => {
    await leave(mode);
    server.tell(connectionId, calling('still'));
    await client.hears(2);
    await server.close();
    await client.ended();
    expect(client.messages).toEqual([{}, calling('still'), farewell]);
  });

  test('gets no new clients', async () => {
    await leave(2);
    const other = await RawClient.connect(rig);
    await other.ended();
    expect(other.text).toContain('No app server is connected');
    server.tell(connectionId, calling('still'));
    await client.hears(2);
  });
});

test('a client that its app server has told to go hears no other farewell when that is lost', async () => {
  close({ type: 7, error: 'enough' });
  await client.hears(2);
  expect(client.closed).toBeUndefined();
  server.cut();
  await client.ended();
  expect(client.messages).toEqual([{}, { type: 7, error: 'enough' }]);
});

test('a client that its app server has told to go hears no other farewell of the service', async () => {
  close({ type: 7, error: 'enough' });
  await client.hears(2);
  await rig.service.close({ timeout: 1_000 });
  await client.ended();
  expect(client.messages).toEqual([{}, { type: 7, error: 'enough' }]);
});
