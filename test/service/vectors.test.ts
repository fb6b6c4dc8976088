import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf, toleranceCases, vectors } from '../protocol/service/vectors.ts';
import { ScriptedServer } from './app-server.ts';
import { Bystanders } from './bystanders.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
let bystanders: Bystanders;

beforeEach(async () => {
  rig = await ServiceRig.start({ maximumMalformedMessages: 1_000 });
  bystanders = await Bystanders.of(rig);
});
afterEach(() => rig.close());

const HANDSHAKE = 1;
/** Those that are told to close or leave everything would end the bystander, as they have to. */
const toAll = /^(BroadcastData|CloseConnectionsWithAck)/;
const requests = vectors.filter(({ name, type }) => type !== HANDSHAKE && !toAll.test(name));

/** The length prefix of a message. */
function framed(body: Buffer): Buffer {
  const head: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(head), body]);
  }
}

test('every message that the official library writes is taken, in one stream, and each request has its one ack', async () => {
  const server = await ScriptedServer.connect(rig, { serverId: 'official', hub: 'vectors' });
  server.sendBytes(Buffer.concat(requests.map((vector) => bytesOf(vector.framed))));
  await server.settle();
  expect(rig.logged.filter(({ id }) => id === 'service.malformed-message')).toEqual([]);
  const withAck = requests.filter(({ name }) => /WithAck/.test(name));
  expect(server.received.filter(({ type }) => type === 'ack')).toHaveLength(withAck.length);
  expect(withAck.length).toBeGreaterThan(10);
  await bystanders.unharmed();
});

test.each(vectors.filter(({ name }) => name.startsWith('HandshakeRequest')))('$name begins a server connection', async (vector) => {
  const server = await ScriptedServer.dial(rig, { serverId: 'official' });
  server.sendBytes(bytesOf(vector.framed));
  expect(await server.next('handshakeResponse')).toMatchObject({ error: '', connectionId: server.connectionId });
});

test('the older and odder forms that the official reader takes are taken, and the others are left out', async () => {
  const server = await ScriptedServer.connect(rig, { serverId: 'official', hub: 'vectors' });
  for (const { body } of toleranceCases) server.sendBytes(framed(bytesOf(body)));
  await server.settle();
  expect(server.closed).toBeUndefined();
  await bystanders.unharmed();
});
