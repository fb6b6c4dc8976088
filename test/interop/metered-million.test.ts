import { decode, encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from '../service/app-server.ts';
import { RawClient } from '../service/raw-client.ts';
import { ServiceRig } from '../service/rig.ts';

/* The count of the load generator has nothing in common with the meter's: it keeps what arrived, and takes it apart with other people's parsers. */

const CLIENTS = 50;
const BROADCASTS = 10_000;
const CALLS = 5_000;
const ANSWERS = 5_000;
const BATCH = 250;
const FREE = new Set([6, 8, 9]);

interface Sum {
  messages: number;
  billed: number;
}

/** Counts the hub messages in bytes that are cut anywhere, the first `skip` records left out. */
class Counter {
  readonly sum: Sum = { messages: 0, billed: 0 };
  readonly #protocol: string;
  #rest = Buffer.alloc(0);
  #skip: number;

  constructor(protocol: string, skip: number) {
    this.#protocol = protocol;
    this.#skip = skip;
  }

  take(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (let end = this.#endOf(all, at); end !== -1; end = this.#endOf(all, at)) {
      this.#count(all.subarray(at, end));
      at = end;
    }
    this.#rest = Buffer.from(all.subarray(at));
  }

  #endOf(bytes: Buffer, start: number): number {
    // A handshake is text in every protocol.
    if (this.#protocol === 'json' || this.#skip > 0) return bytes.indexOf(0x1e, start) + 1 || -1;
    let length = 0;
    let at = start;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return -1;
      length += (byte % 128) * scale;
      if (byte < 128) break;
    }
    return at + length <= bytes.length ? at + length : -1;
  }

  #count(record: Buffer): void {
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    this.sum.messages++;
    if (!FREE.has(this.#typeOf(record))) this.sum.billed += Math.ceil(record.length / 2_048);
  }

  #typeOf(record: Buffer): number {
    if (this.#protocol === 'json') return (JSON.parse(record.toString().slice(0, -1)) as { type: number }).type;
    const prefix = record.findIndex((byte) => byte < 128) + 1;
    return (decode(record.subarray(prefix)) as [number])[0];
  }
}

/** A message of some text, in both protocols. */
function callOf(text: string): ReadonlyMap<string, Buffer> {
  const packed = encode([1, {}, null, 'send', [text]]);
  const prefix: number[] = [];
  for (let rest = packed.length; ; rest = Math.floor(rest / 128)) {
    prefix.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return new Map([
    ['json', Buffer.from(`${JSON.stringify({ type: 1, target: 'send', arguments: [text] })}\u001e`)],
    ['messagepack', Buffer.concat([Buffer.from(prefix), packed])],
  ]);
}

const pings = new Map([
  ['json', Buffer.from('{"type":6}\u001e')],
  ['messagepack', Buffer.of(2, 0x91, 6)],
]);
// Around every edge of a unit, and around the size past which nothing is free; most are short, as messages are.
const texts = [0, 1, 10, 20, 21, 30, 40, 60, 100, 1_990, 2_000, 2_001, 2_020, 2_048, 4_040, 4_096, 9_000];
const calls = texts.flatMap((length) => Array.from({ length: length < 1_000 ? 12 : 1 }, () => callOf('x'.repeat(length))));
const callAt = (at: number): ReadonlyMap<string, Buffer> => calls[(at * 31) % calls.length] as ReadonlyMap<string, Buffer>;

interface Pair {
  readonly client: RawClient;
  readonly protocol: string;
  readonly connectionId: string;
  /** What arrived at the client, and of it at the app server. */
  readonly down: Counter;
  readonly up: Counter;
}

let rig: ServiceRig;
let server: ScriptedServer;
const pairs: Pair[] = [];

beforeEach(async () => {
  rig = await ServiceRig.start();
  server = await ScriptedServer.connect(rig);
});
afterEach(() => rig.close());

async function connect(protocol: string): Promise<void> {
  const client = await RawClient.connect(rig, { protocol });
  const { connectionId } = await server.accept();
  await eventually(() => expect(client.received).toHaveLength(1));
  const [down, up] = [new Counter(protocol, 1), new Counter(protocol, 0)];
  const take = (bytes: Buffer): void => down.take(bytes);
  client.received.forEach(take);
  client.socket.removeAllListeners('message');
  client.socket.on('message', take);
  pairs.push({ client, protocol, connectionId, down, up });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const total = (way: 'down' | 'up', figure: keyof Sum): number => pairs.reduce((sum, pair) => sum + pair[way].sum[figure], 0);

/** Messages to the app server: some by themselves, most many at a time, and cut where it happens to be. */
async function callServer(): Promise<void> {
  for (let sent = 0; sent < CALLS; sent += BATCH) {
    for (const [index, { client, protocol }] of pairs.entries()) {
      const records = Array.from({ length: BATCH }, (_, at) => callAt(sent + at + index).get(protocol) as Buffer);
      const bytes = Buffer.concat([...records, pings.get(protocol) as Buffer]);
      const cut = (sent * 7 + index * 13) % bytes.length;
      client.send(bytes.subarray(0, cut));
      client.send(bytes.subarray(cut));
    }
    await turn();
  }
}

async function callClients(): Promise<void> {
  for (let sent = 0; sent < ANSWERS; sent += BATCH) {
    for (const [index, { connectionId, protocol }] of pairs.entries()) {
      const records = Array.from({ length: BATCH }, (_, at) => callAt(sent + at * 3 + index).get(protocol) as Buffer);
      const bytes = Buffer.concat([pings.get(protocol) as Buffer, ...records]);
      server.send({ type: 'connectionData', connectionId, payload: bytes });
    }
    await turn();
  }
}

async function broadcast(): Promise<void> {
  for (let sent = 0; sent < BROADCASTS; sent++) {
    server.send({ type: 'broadcastData', excluded: [], payloads: sent % 10 === 0 ? pings : callAt(sent) });
    if (sent % 100 === 0) await turn();
  }
}

test('the meter agrees with the load generator about a million messages, exactly', async () => {
  for (let at = 0; at < CLIENTS; at++) await connect(at % 5 === 0 ? 'messagepack' : 'json');
  const byId = new Map(pairs.map((pair) => [pair.connectionId, pair]));
  server.received.length = 0;
  server.react = (message) => {
    if (message.type === 'connectionData') byId.get(message.connectionId)?.up.take(message.payload);
  };
  await Promise.all([callServer(), callClients(), broadcast()]);
  const batches = CLIENTS * (CALLS / BATCH);
  await vi.waitFor(
    () => {
      expect(total('up', 'messages')).toBe(CLIENTS * CALLS + batches);
      expect(total('down', 'messages')).toBe(CLIENTS * (ANSWERS + BROADCASTS) + batches);
    },
    { timeout: 120_000, interval: 50 },
  );
  const meter = rig.service.meter.hub('chat');
  expect(total('up', 'messages') + total('down', 'messages')).toBeGreaterThanOrEqual(1_000_000);
  expect(meter.messagesFromClients).toBe(total('up', 'messages'));
  // With the answers to the handshakes.
  expect(meter.messagesToClients).toBe(total('down', 'messages') + CLIENTS);
  expect(meter.billedToServers).toBe(total('up', 'billed'));
  expect(meter.billedToClients).toBe(total('down', 'billed'));
}, 240_000);
