import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { SignalR, defineHub, method, streamOf } from 'signalbox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';

const ended: string[] = [];

const hub = defineHub()({
  disconnected: ({ request }, error) => {
    if (!request.url.searchParams.has('bystander')) ended.push(error?.message ?? 'without error');
  },
  methods: {
    echo: method([z.string()], (_, text) => text),
    wait: method([], ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve))),
    neverRead: method([streamOf(z.string())], ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve))),
    flood: method([z.int()], async function* (_, size) {
      for (;;) yield 'x'.repeat(size);
    }),
    shout: method([z.string()], ({ clients }, text) => clients.all.send('shouted', text)),
  },
});

let signalr: SignalR;
let server: Server;
let port: number;
let bystander: HubConnection;
let shouted = 0;
const unhandled: unknown[] = [];
const noteUnhandled = (error: unknown): void => {
  unhandled.push(error);
};

beforeAll(async () => {
  signalr = new SignalR({ log: () => {}, maximumQueuedBytes: 200_000, handshakeTimeout: 1_000 }).map('/hub', hub);
  signalr.map('/patient', hub, { handshakeTimeout: 60_000 });
  server = createServer();
  signalr.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  process.on('unhandledRejection', noteUnhandled);
});

afterAll(async () => {
  process.off('unhandledRejection', noteUnhandled);
  await signalr.close();
  server.close();
});

// Whatever an attacker does, somebody else is connected all the time and must not notice.
beforeEach(async () => {
  ended.length = 0;
  bystander = new HubConnectionBuilder().withUrl(`http://127.0.0.1:${port}/hub?bystander`).configureLogging(LogLevel.None).build();
  bystander.on('shouted', () => {
    shouted++;
  });
  await bystander.start();
});

afterEach(async () => {
  const before = shouted;
  expect(await bystander.invoke('echo', 'still here')).toBe('still here');
  await bystander.invoke('shout', 'hear me');
  expect(shouted).toBe(before + 1);
  expect(unhandled).toEqual([]);
  await bystander.stop();
});

/** A client that says just what it is told to. */
class RawClient {
  readonly socket: WebSocket;
  readonly #closed: Promise<unknown[]>;
  text = '';
  #changed: () => void = () => {};

  constructor(path = '/hub') {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    this.#closed = once(this.socket, 'close');
    this.socket.on('message', (data: Buffer) => {
      this.text += data.toString();
      this.#changed();
    });
    this.socket.on('error', () => {});
  }

  static async connected(protocol = 'json', path = '/hub'): Promise<RawClient> {
    const client = new RawClient(path);
    await once(client.socket, 'open');
    client.socket.send(`{"protocol":"${protocol}","version":1}\x1e`);
    await client.hears('{}\x1e');
    client.text = '';
    return client;
  }

  async hears(part: string): Promise<void> {
    while (!this.text.includes(part)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** What it heard until it was closed, and the close code. */
  async end(): Promise<{ heard: string; code: unknown }> {
    const [code] = await this.#closed;
    return { heard: this.text, code };
  }
}

const closed = (reconnect = true): string =>
  `{"type":7,"error":"Connection closed with an error."${reconnect ? ',"allowReconnect":true' : ''}}\x1e`;
const pack = (...bytes: readonly number[]): Buffer => Buffer.from([bytes.length, ...bytes]);

describe('JSON that breaks the protocol ends its own connection', () => {
  test.each([
    ['garbage', 'nonsense\x1e'],
    ['an empty message', '\x1e'],
    ['a list', '[]\x1e'],
    ['no type', '{}\x1e'],
    ['an own __proto__ instead of a type', '{"__proto__":{"type":1,"target":"echo","arguments":[]}}\x1e'],
    ['a null invocation id', '{"type":1,"invocationId":null,"target":"echo","arguments":["x"]}\x1e'],
    ['arguments that are no list', '{"type":1,"target":"echo","arguments":{"0":"x"}}\x1e'],
    ['result and error', '{"type":3,"invocationId":"1","result":1,"error":"x"}\x1e'],
    ['a message that never ends', 'x'.repeat(40_000)],
    ['nesting that never ends', `{"type":1,"target":"echo","arguments":${'['.repeat(40_000)}`],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d, 0x1e])],
  ])('%s', async (_, bytes) => {
    const client = await RawClient.connected();
    client.socket.send(bytes);
    expect(await client.end()).toEqual({ heard: closed(), code: 1000 });
  });

  test('nested as deep as its size allows', async () => {
    const client = await RawClient.connected();
    const depth = 16_000;
    client.socket.send(`{"type":1,"invocationId":"1","target":"echo","arguments":[${'['.repeat(depth)}${']'.repeat(depth)}]}\x1e`);
    expect(await client.end()).toEqual({ heard: closed(), code: 1000 });
  });
});

describe('MessagePack that breaks the protocol ends its own connection', () => {
  const call = (...rest: readonly number[]): Buffer => pack(0x96, 1, 0x80, 0xa1, 0x31, 0xa4, 0x65, 0x63, 0x68, 0x6f, ...rest);
  test.each([
    ['a byte that means nothing', pack(0xc1)],
    ['a map', pack(0x80)],
    ['an empty list', pack(0x90)],
    ['a cut message', pack(0x96, 1, 0x80)],
    ['a list that is longer than the bytes', pack(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a length that never ends', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['a message over the limit', Buffer.concat([Buffer.from([0xff, 0xff, 0x03]), Buffer.alloc(65_535)])],
    ['a completion of an unknown kind', pack(0x94, 3, 0x80, 0xa1, 0x31, 9)],
    ['headers that are nil', pack(0x96, 1, 0xc0, 0xa1, 0x31, 0xa1, 0x78, 0x90, 0x90)],
  ])('%s', async (_, bytes) => {
    const client = await RawClient.connected('messagepack');
    client.socket.send(bytes);
    const { heard, code } = await client.end();
    expect(heard).toContain('Connection closed with an error.');
    expect(code).toBe(1000);
  });

  test.each([
    ['arguments that are nil', call(0xc0, 0x90)],
    ['a text that is longer than the bytes', call(0x91, 0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['a map with the key __proto__', call(0x91, 0x81, 0xa9, ...Buffer.from('__proto__'), 0x80, 0x90)],
    [
      'nesting without an end',
      Buffer.concat([
        Buffer.from([0xc4, 0x13]),
        Buffer.from([0x96, 1, 0x80, 0xa1, 0x31, 0xa4]),
        Buffer.from('echo'),
        Buffer.alloc(2_489, 0x91),
        Buffer.from([0x90]),
      ]),
    ],
  ])('%s fails the call or ends the connection, and nothing else', async (_, bytes) => {
    const client = await RawClient.connected('messagepack');
    client.socket.send(bytes);
    while (client.text === '') await once(client.socket, 'message');
    expect(client.text).toMatch(/Failed to invoke 'echo' due to an error on the server\.|Connection closed with an error\./);
    client.socket.terminate();
  });
});

describe('a client that makes trouble in other ways', () => {
  test('never shakes hands', async () => {
    const client = new RawClient();
    expect(await client.end()).toEqual({ heard: '{"error":"Handshake was canceled."}\x1e', code: 1000 });
  });

  test('sends a WebSocket message that nobody would read', async () => {
    const client = await RawClient.connected();
    client.socket.send(Buffer.alloc(2_000_000));
    expect((await client.end()).code).toBe(1009);
  });

  test('uploads without an end to a method that does not read: it is held back, and costs no memory', async () => {
    const client = await RawClient.connected();
    client.socket.send('{"type":1,"invocationId":"1","target":"neverRead","arguments":[],"streamIds":["s"]}\x1e');
    const item = `{"type":2,"invocationId":"s","item":"${'x'.repeat(10_000)}"}\x1e`;
    let sent = 0;
    while (client.socket.bufferedAmount < 10_000_000) {
      client.socket.send(item);
      sent++;
    }
    expect(sent).toBeGreaterThan(1_000);
    expect(await bystander.invoke('echo', 'x')).toBe('x');
    expect(client.socket.bufferedAmount).toBeGreaterThan(1_000_000);
    client.socket.terminate();
  });

  test('calls without waiting for answers: it is held back', async () => {
    const client = await RawClient.connected();
    const call = '{"type":1,"target":"wait","arguments":[]}\x1e';
    while (client.socket.bufferedAmount < 10_000_000) client.socket.send(call.repeat(1_000));
    expect(await bystander.invoke('echo', 'x')).toBe('x');
    expect(client.socket.bufferedAmount).toBeGreaterThan(1_000_000);
    client.socket.terminate();
  });

  test('reads nothing: a stream to it waits, and what others send it has an end', async () => {
    const client = await RawClient.connected();
    client.socket.pause();
    client.socket.send('{"type":4,"invocationId":"1","target":"flood","arguments":[10000]}\x1e');
    const big = 'x'.repeat(30_000);
    // The operating system takes a few megabytes on its own before anything waits in the server.
    for (let i = 0; i < 2_000 && !ended.some((reason) => reason.startsWith('The client reads too slowly')); i++)
      await bystander.invoke('shout', big);
    expect(ended).toEqual([expect.stringMatching(/^The client reads too slowly: \d+ bytes were waiting/)]);
    client.socket.terminate();
  });

  test('goes without a word in the middle of everything', async () => {
    const client = await RawClient.connected();
    client.socket.send(
      '{"type":1,"invocationId":"1","target":"wait","arguments":[]}\x1e{"type":4,"invocationId":"2","target":"flood","arguments":[10]}\x1e',
    );
    await client.hears('"type":2');
    client.socket.terminate();
    while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual(['The WebSocket was cut without a close frame.']);
  });

  test('sends frames that break the rules of WebSockets', async () => {
    const client = await RawClient.connected();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'GET /hub HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'data');
    // Not masked, reserved bits, an opcode that does not exist.
    socket.write(Buffer.from([0xff, 0x05, 1, 2, 3, 4, 5]));
    socket.resume();
    await once(socket, 'close');
    client.socket.close();
  });

  test('speaks something else than HTTP', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
  });

  test('does all of it many times over, and the server keeps no memory of it', async () => {
    const attack = async (): Promise<void> => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connected()));
      for (const client of clients) client.socket.send(`{"type":1,"target":"wait","arguments":[]}\x1e{"x":"${'y'.repeat(20_000)}"}\x1e`);
      await Promise.all(clients.map((client) => client.end()));
    };
    for (let i = 0; i < 5; i++) await attack();
    ended.length = 0;
    for (let i = 0; i < 5; i++) await attack();
    expect(ended).toHaveLength(100);
    expect(await (await fetch(`http://127.0.0.1:${port}/hub/negotiate?negotiateVersion=1`, { method: 'POST' })).json()).toMatchObject({
      negotiateVersion: 1,
    });
  });
});
