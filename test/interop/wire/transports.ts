import type { IncomingMessage } from 'node:http';
import { describe, expect } from 'vitest';
import { WebSocket } from 'ws';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { PolledConnection } from './polling.ts';
import { answer, ask, negotiate, upgrade } from './request.ts';
import { handshake, record } from './socket.ts';

const call = (target: string, args: readonly unknown[], invocationId = '1'): string =>
  record({ type: 1, invocationId, target, arguments: args });
const completion = (result: unknown, invocationId = '1'): string => record({ type: 3, invocationId, result });

const plain = 'text/plain';
const bytes = 'application/octet-stream';
const unknown = { status: 404, contentType: plain, body: 'No Connection with that ID' };
const gone = [unknown, unknown, unknown];
const taken = { status: 200, contentType: plain, body: '' };
const events = { Accept: 'text/event-stream' };

function longPolling(test: WireTest, server: InteropServer): void {
  test('the first poll only starts the connection', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '' });
  });

  test('a poll brings all that waits, and a send says only that it arrived', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    expect(await connection.send(call('Text', ['é']) + call('Void', [], '2'))).toEqual(taken);
    let body = '';
    while (!body.includes('"2"')) body += (await connection.poll()).body;
    expect(body).toBe(completion('é') + completion(null, '2'));
  });

  test('messages may be cut between requests, and sent before a transport is chosen', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.send(handshake.slice(0, 9))).toEqual(taken);
    await connection.poll();
    expect(await connection.send(handshake.slice(9))).toEqual(taken);
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '{}\x1e' });
    await connection.send(call('Text', ['a']).slice(0, 30));
    await connection.send(call('Text', ['a']).slice(30));
    expect((await connection.poll()).body).toBe(completion('a'));
  });

  test('a second poll takes the place of the first', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const polls = [connection.poll(), connection.poll()];
    expect(await Promise.race(polls)).toEqual({ status: 204, contentType: plain, body: '' });
    await connection.send(call('Text', ['a']));
    expect((await Promise.all(polls)).map(({ body }) => body).toSorted()).toEqual(['', completion('a')]);
  });

  test('a poll that the client drops does not end the connection', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const { answered, drop } = await connection.waitingPoll();
    drop();
    await expect(answered).rejects.toThrow('socket hang up');
    await connection.send(call('Text', ['a']));
    expect((await connection.poll()).body).toBe(completion('a'));
  });

  test('DELETE ends the connection, and the waiting poll with it', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const { answered } = await connection.waitingPoll();
    expect(await connection.delete()).toEqual({ status: 202, contentType: plain, body: '' });
    expect(await answered).toEqual({ status: 200, contentType: bytes, body: record({ type: 7, allowReconnect: true }) });
    expect(await Promise.all([connection.poll(), connection.send('x'), connection.delete()])).toEqual(gone);
  });

  test('a connection that the hub ends: the last words, then 204, then 404', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    await connection.send(record({ type: 1, target: 'Abort', arguments: [] }));
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: record({ type: 7 }) });
    expect(await connection.poll()).toEqual({ status: 204, contentType: plain, body: '' });
    expect(await Promise.all([connection.poll(), connection.send('x'), connection.delete()])).toEqual(gone);
  });

  test('a send that breaks the protocol is taken like any other', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    expect(await connection.send(record('not json'))).toEqual(taken);
    const close = { type: 7, error: 'Connection closed with an error.', allowReconnect: true };
    expect((await connection.poll()).body).toBe(record(close));
  });
}

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

  test('MessagePack is refused', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    const stream = new EventStream(await ask(connection.url, { headers: events }));
    await stream.through(':\r\n');
    await connection.send(record({ protocol: 'messagepack', version: 1 }));
    const error = server.protocols.includes('messagepack')
      ? `Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.`
      : `The protocol 'messagepack' is not supported.`;
    const [, data] = /^data: (.*)\x1e\r\n\r\n$/.exec(await stream.through('the end')) ?? [];
    expect(JSON.parse(data ?? '')).toEqual({ error });
  });
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
