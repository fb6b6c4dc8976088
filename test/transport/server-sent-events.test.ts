import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { SharedPayload } from '../../src/base/payload.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import { Onlooker, type Peer, turns } from './application.ts';
import { ask, eventStream, negotiate, open, post, startPolling, textOf } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { head, RawSocket } from './websocket-client.ts';

interface Streaming {
  readonly served: Served;
  readonly url: string;
  readonly token: string;
  readonly stream: IncomingMessage;
  readonly peer: Peer;
}

async function streaming(setup: Omit<Setup, 'opened'> = {}): Promise<Streaming> {
  const onlooker = new Onlooker();
  const served = await serve({ ...setup, opened: onlooker.opened });
  const { url, token } = await negotiate(served);
  const stream = await open(url, { headers: eventStream });
  stream.setEncoding('utf8');
  return { served, url, token, stream, peer: await onlooker.peer() };
}

/** Reads a stream until it has brought `length` characters. */
async function read(stream: IncomingMessage, length: number): Promise<string> {
  let text = '';
  while (text.length < length) {
    const chunk = stream.read() as string | null;
    if (chunk === null) await once(stream, 'readable');
    else text += chunk;
  }
  return text;
}

const START = ':\r\n';

describe('an event stream', () => {
  test('begins with its headers and a comment', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { url, id } = await negotiate(served);
    const stream = await open(url, { headers: { ...eventStream, 'X-Thing': 'yes' } });
    expect(stream.statusCode).toBe(200);
    const { date: _date, connection: _connection, 'keep-alive': _keepAlive, ...headers } = stream.headers;
    expect(headers).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache,no-store',
      pragma: 'no-cache',
      'content-encoding': 'identity',
      'transfer-encoding': 'chunked',
    });
    stream.setEncoding('utf8');
    expect(await read(stream, START.length)).toBe(START);
    const { connection } = await onlooker.peer();
    expect(connection).toMatchObject({ id, transport: 'serverSentEvents', binary: false });
    expect(connection.request.headers.get('x-thing')).toBe('yes');
    expect(connection.probe()).toBe(false);
  });

  test.each([
    ['text/event-stream', true],
    ['application/json, Text/Event-Stream', true],
    ['text/html,TEXT/EVENT-STREAM ,*/*', true],
    ['text/event-stream;q=0.9', false],
    ['*/*', false],
  ])('is chosen by Accept: %s (%s)', async (accept, chosen) => {
    const served = await serve();
    const { url } = await negotiate(served);
    const answer = await open(url, { headers: { Accept: accept } });
    expect(answer.headers['content-type']).toBe(chosen ? 'text/event-stream' : 'application/octet-stream');
  });

  test('brings what is written in one turn in one event', async () => {
    const { stream, peer } = await streaming();
    peer.connection.write('{"a":1}\u001e');
    peer.connection.write('');
    peer.connection.write('{"b":2}\u001e');
    await turns();
    peer.connection.write('{"c":3}\u001e');
    const expected = `${START}data: {"a":1}\u001e{"b":2}\u001e\r\n\r\ndata: {"c":3}\u001e\r\n\r\n`;
    expect(await read(stream, expected.length)).toBe(expected);
  });

  test('brings text in lines, whatever it was written as', async () => {
    const { stream, peer } = await streaming();
    for (const payload of ['a\nb\r\n', Buffer.from('a\nb\r\n'), new SharedPayload(Buffer.from('a\nb\r\n'))]) {
      peer.connection.write(payload);
      await turns();
    }
    const event = 'data: a\r\ndata: b\r\ndata: \r\n\r\n';
    expect(await read(stream, START.length + 3 * event.length)).toBe(START + event.repeat(3));
  });

  test('brings UTF-8', async () => {
    const { stream, peer } = await streaming();
    peer.connection.write('ä世');
    peer.connection.write(new SharedPayload(Buffer.from('😀')));
    const expected = `${START}data: ä世😀\r\n\r\n`;
    expect(await read(stream, expected.length)).toBe(expected);
  });

  test('takes POSTs', async () => {
    const { url, peer } = await streaming();
    const { status, headers, body } = await post(url, 'hello');
    expect([status, headers['content-type'], headers['content-length'], body]).toEqual([200, 'text/plain', '0', '']);
    expect(headers['cache-control']).toBeUndefined();
    expect(peer.text).toBe('hello');
  });
});

describe('the end', () => {
  test('by the server: the last event, then the end of the stream; the id is unknown', async () => {
    const { url, stream, peer } = await streaming();
    const why = new Error('why');
    peer.connection.write('bye');
    peer.connection.close(why);
    expect(await textOf(stream)).toBe(`${START}data: bye\r\n\r\n`);
    expect(peer.closings).toEqual([why]);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(url, { method })).status).toBe(404);
  });

  test('by a POST that makes the server close: it is answered well', async () => {
    const { url, stream, peer } = await streaming();
    peer.received = () => peer.connection.close();
    expect((await post(url, 'bye')).status).toBe(200);
    expect(await textOf(stream)).toBe(START);
  });

  test('by the client, who drops the stream', async () => {
    const { url, stream, peer } = await streaming();
    stream.destroy();
    expect(await peer.ended()).toBeUndefined();
    expect((await ask(url, { method: 'POST' })).status).toBe(404);
  });

  test('by the client, who ends its half of the TCP connection', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { token } = await negotiate(served);
    const raw = new RawSocket(served.port);
    raw.write(head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x', 'Accept: text/event-stream'));
    await raw.until(({ text }) => text.includes(START));
    raw.socket.end();
    expect(await (await onlooker.peer()).ended()).toBeUndefined();
  });

  describe('of a stream that is asked for behind a poll on the same socket', () => {
    /** The stream's head can't leave before the poll's answer, which waits. */
    async function behindPoll(): Promise<Omit<Streaming, 'stream'> & { readonly raw: RawSocket }> {
      const onlooker = new Onlooker();
      const served = await serve({ opened: onlooker.opened });
      const polled = await startPolling(served);
      const { url, token } = await negotiate(served);
      const raw = new RawSocket(served.port);
      const poll = head(`GET /hub?id=${polled.token} HTTP/1.1`, 'Host: x');
      raw.write(poll + head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x', 'Accept: text/event-stream'));
      return { served, url, token, raw, peer: await onlooker.peer(1) };
    }

    test('by the client, who is gone', async () => {
      const { url, raw, peer } = await behindPoll();
      raw.socket.destroy();
      expect(await peer.ended()).toBeUndefined();
      expect((await ask(url, { method: 'POST' })).status).toBe(404);
    });

    test('by an abort', async () => {
      const { raw, peer } = await behindPoll();
      peer.connection.abort();
      expect(await raw.end()).toBe('');
    });

    test('by the client, who is gone before it is known who it is', async () => {
      const asked = new EventEmitter<{ slow: [found: () => void] }>();
      const onlooker = new Onlooker();
      const authenticate = ({ url }: ConnectionRequest): Promise<undefined> | undefined =>
        url.searchParams.has('slow') ? new Promise((resolve) => asked.emit('slow', () => resolve(undefined))) : undefined;
      const served = await serve({ opened: onlooker.opened, options: { authenticate } });
      const polled = await startPolling(served);
      const { url, token } = await negotiate(served);
      const accepted = once(served.server, 'connection');
      const slow = once(asked, 'slow');
      const raw = new RawSocket(served.port);
      const poll = head(`GET /hub?id=${polled.token} HTTP/1.1`, 'Host: x');
      raw.write(poll + head(`GET /hub?id=${token}&slow HTTP/1.1`, 'Host: x', 'Accept: text/event-stream'));
      const [socket] = (await accepted) as [Socket];
      const [found] = (await slow) as [() => void];
      raw.socket.destroy();
      await once(socket, 'close');
      found();
      await turns();
      // It still waits for a transport.
      expect((await ask(url, { method: 'DELETE' })).status).toBe(400);
      expect(onlooker.peers).toHaveLength(1);
    });
  });

  test('by an abort', async () => {
    const { stream, peer } = await streaming();
    peer.connection.write('lost');
    peer.connection.abort();
    await expect(textOf(stream)).rejects.toThrow('aborted');
    expect(await peer.ended()).toBeUndefined();
  });

  test('of a client that does not read is not waited for', async () => {
    const clock = new FakeClock();
    const { stream, peer } = await streaming({ clock });
    stream.socket.pause();
    peer.connection.write('x'.repeat(12_000_000));
    peer.connection.close();
    clock.advance(15_300);
    stream.socket.resume();
    await expect(textOf(stream)).rejects.toThrow('aborted');
  });
});
