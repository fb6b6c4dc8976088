import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect } from 'vitest';
import { eventually } from '../../eventually.ts';
import { WebSocket } from 'ws';
import type { InteropServer } from '../servers.ts';
import { bytes, call, completion, plain, taken, unknown } from './answers.ts';
import type { WireTest } from './fixtures.ts';
import { longPolling } from './long-polling.ts';
import { PolledConnection } from './polling.ts';
import { answer, ask, begin, negotiate, upgrade } from './request.ts';
import { handshake, record } from './socket.ts';

/** For what a server notices by itself. */
const events = { Accept: 'text/event-stream' };

/** Reads an event stream, as far as a test wants it. */
class EventStream {
  readonly #chunks: AsyncIterator<string>;
  #text = '';

  constructor(response: IncomingMessage) {
    this.#chunks = response.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  }

  /** All that was not read yet, at least up to this text or the end of the stream. */
  async through(text: string): Promise<string> {
    while (!this.#text.includes(text)) {
      const { value, done } = await this.#chunks.next();
      if (done) break;
      this.#text += value;
    }
    const read = this.#text;
    this.#text = '';
    return read;
  }
}

function serverSentEvents(test: WireTest, server: InteropServer): void {
  test('an event stream of hub messages', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    const response = await ask(connection.url, { headers: { Accept: 'text/html, Text/Event-Stream' } });
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache,no-store',
      pragma: 'no-cache',
      'content-encoding': 'identity',
    });
    const stream = new EventStream(response);
    expect(await stream.through(':\r\n')).toBe(':\r\n');
    expect(await connection.send(handshake)).toEqual(taken);
    expect(await stream.through('\r\n\r\n')).toBe('data: {}\x1e\r\n\r\n');
    await connection.send(call('Text', ['é\n']));
    expect(await stream.through('\r\n\r\n')).toBe(`data: ${completion('é\n')}\r\n\r\n`);
    await connection.send(record({ type: 1, target: 'Abort', arguments: [] }));
    expect(await stream.through('the end')).toBe(`data: ${record({ type: 7 })}\r\n\r\n`);
    expect(await connection.send('x')).toEqual(unknown);
  });

  test('a preference with a weight is not understood: the request is a poll', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.poll({ Accept: 'text/event-stream;q=0.9' })).toEqual({ status: 200, contentType: bytes, body: '' });
  });

  test('a payload with line breaks is one event of several lines', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/echo`);
    const response = await ask(connection.url, { headers: events });
    const stream = new EventStream(response);
    await stream.through(':\r\n');
    await connection.send('a\nb\r\nc\n');
    expect(await stream.through('\r\n\r\n')).toBe('data: a\r\ndata: b\r\ndata: c\r\ndata: \r\n\r\n');
    response.destroy();
  });

  test('what is written together is one event', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/echo`);
    const response = await ask(connection.url, { headers: events });
    const stream = new EventStream(response);
    await stream.through(':\r\n');
    await connection.send('');
    await connection.send('a\x1eb\x1e');
    expect(await stream.through('\r\n\r\n')).toBe('data: a\x1eb\x1e\r\n\r\n');
    response.destroy();
  });

  test('a stream that the client drops is the end of its connection', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    const response = await ask(connection.url, { headers: events });
    await new EventStream(response).through(':\r\n');
    response.destroy();
    await eventually(async () => expect(await connection.send('x')).toEqual(unknown));
  });

  test('MessagePack is refused', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    const stream = new EventStream(await ask(connection.url, { headers: events }));
    await stream.through(':\r\n');
    await connection.send(record({ protocol: 'messagepack', version: 1 }));
    const error = server.cells.some(({ protocol }) => protocol === 'messagepack')
      ? `Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.`
      : `The protocol 'messagepack' is not supported.`;
    const [, data] = /^data: (.*)\x1e\r\n\r\n$/.exec(await stream.through('the end')) ?? [];
    expect(JSON.parse(data ?? '')).toEqual({ error });
  });
}

/** A WebSocket whose frames nobody answers. */
async function rawWebSocket(url: string): Promise<{ readonly socket: Socket; readonly read: () => Buffer }> {
  const request = begin(url, { headers: upgrade });
  const [, socket, head] = (await once(request, 'upgrade')) as [IncomingMessage, Socket, Buffer];
  let received = head;
  socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  return { socket, read: () => received };
}

/** A text frame of a client, masked by zeros. */
function maskedText(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
}

function webSockets(test: WireTest, server: InteropServer): void {
  test('no sub-protocol and no compression is agreed to', async ({ connect }) => {
    const { headers } = await ask(`${server.url}/hub`, { headers: { ...upgrade, 'Sec-WebSocket-Protocol': 'a, b' } });
    expect(headers['sec-websocket-protocol']).toBe(undefined);
    expect((await connect('/hub')).extensions).toBe('');
  });

  test('a raw connection without a hub protocol', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/echo`);
    await new Promise((resolve) => socket.once('open', resolve));
    const echoed = new Promise((resolve) => socket.once('message', (data) => resolve((data as Buffer).toString())));
    socket.send('é\x1e[');
    expect(await echoed).toBe('é\x1e[');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close(1000);
    expect(await closed).toBe(1000);
  });

  test('a page of any origin may connect, with an empty id, too', async ({ connect }) => {
    const socket = await connect('/hub?id=', { origin: 'https://elsewhere.example' });
    expect(await socket.settle()).toEqual([]);
  });

  test('pings are answered', async ({ connect }) => {
    const socket = await connect('/hub');
    expect(await socket.ping()).toBe('answered');
    expect(await socket.settle()).toEqual([]);
  });

  test('a client that does not answer the close frame is cut', async () => {
    const { socket, read } = await rawWebSocket(`${server.url}/fast`);
    socket.write(maskedText(handshake + record({ type: 1, target: 'Abort', arguments: [] })));
    const begun = performance.now();
    const ended = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
    while (!read().includes(Buffer.of(0x88, 2, 0x03, 0xe8))) await once(socket, 'data');
    await ended;
    expect(performance.now() - begun).toBeGreaterThan(900);
  });

  test('an id ends with its WebSocket when that is cut, too', async ({ open }) => {
    const { connectionToken } = await negotiate(`${server.url}/hub`);
    const socket = await open(`/hub?id=${connectionToken}`);
    await socket.handshake();
    socket.cut();
    await eventually(async () => expect(await answer(`${server.url}/hub?id=${connectionToken}`)).toEqual(unknown));
  });

  test('an id ends with its WebSocket', async ({ open }) => {
    const { connectionToken } = await negotiate(`${server.url}/hub`);
    const socket = await open(`/hub?id=${connectionToken}`);
    await socket.handshake();
    socket.send(record({ type: 7 }));
    await socket.rest();
    expect(await answer(`${server.url}/hub?id=${connectionToken}`, { headers: upgrade })).toMatchObject({ status: 404 });
  });
}

function mixed(test: WireTest, server: InteropServer): void {
  const conflict = { status: 409, contentType: plain, body: '' };
  const change = { status: 400, contentType: plain, body: 'Cannot change transports mid-connection' };
  const undeletable = { status: 400, contentType: plain, body: 'Cannot terminate this connection using the DELETE endpoint.' };

  test('what a WebSocket connection refuses', async ({ open }) => {
    const { connectionToken } = await negotiate(`${server.url}/hub`);
    const socket = await open(`/hub?id=${connectionToken}`);
    await socket.handshake();
    const connection = new PolledConnection(`${server.url}/hub`, connectionToken);
    expect(await answer(connection.url, { headers: upgrade })).toEqual(conflict);
    expect(await connection.poll()).toEqual(change);
    expect(await connection.poll(events)).toEqual(change);
    expect(await connection.send('x')).toEqual({
      status: 405,
      contentType: plain,
      body: 'POST requests are not allowed for WebSocket connections.',
    });
    expect(await connection.delete()).toEqual(undeletable);
    expect(await socket.settle()).toEqual([]);
  });

  test('what an event stream refuses', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    const response = await ask(connection.url, { headers: events });
    const stream = new EventStream(response);
    await stream.through(':\r\n');
    expect(await connection.poll(events)).toEqual(conflict);
    expect(await connection.poll()).toEqual(change);
    expect(await answer(connection.url, { headers: upgrade })).toEqual(change);
    expect(await connection.delete()).toEqual(undeletable);
    await connection.send(handshake);
    expect(await stream.through('\r\n\r\n')).toBe('data: {}\x1e\r\n\r\n');
    response.destroy();
  });

  test('what a polling connection refuses', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    expect(await connection.poll(events)).toEqual(change);
    expect(await answer(connection.url, { headers: upgrade })).toEqual(change);
    expect(await connection.delete()).toMatchObject({ status: 202 });
  });

  test('an id without a transport is not to be deleted', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.delete()).toEqual(undeletable);
  });
}

export function transports(test: WireTest, server: InteropServer): void {
  describe('long polling', () => longPolling(test, server));
  describe('server-sent events', () => serverSentEvents(test, server));
  describe('WebSockets', () => webSockets(test, server));
  describe('one connection, several transports', () => mixed(test, server));
}
