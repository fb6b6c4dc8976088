import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Connection, TransportName } from '../../src/transport/connection.ts';
import { Onlooker, Peer, turns } from './application.ts';
import { ask, eventStream, negotiate, open, post, textOf } from './http-client.ts';
import { requestTo, serve, type Served, type Setup } from './serve.ts';
import { head, openWebSocket, RawSocket } from './websocket-client.ts';

const limit = 1_000;
const tooLarge = 'The request body is larger than 1000 bytes, the most that is taken (maximumRequestBodySize).';
const broken = 'A request body was larger than 1000 bytes (maximumRequestBodySize), and a part of it was taken.';

interface Connected {
  readonly served: Served;
  readonly url: string;
  readonly peer: Peer;
  /** Resolves when the client has heard of the end. */
  readonly over: () => Promise<void>;
}

/** Takes a session up. Resolves with what waits for the connection's end. */
const takeUp: Readonly<Record<Exclude<TransportName, 'webSockets'>, (url: string) => Promise<() => Promise<void>>>> = {
  async serverSentEvents(url) {
    const stream = await open(url, { headers: eventStream });
    return async () => void (await textOf(stream));
  },
  async longPolling(url) {
    await ask(url);
    return async () => expect((await ask(url)).status).toBe(204);
  },
};

/** A POST without a Content-Length. */
function openPost(url: string): { readonly request: ClientRequest; readonly answer: Promise<{ status: number; body: string }> } {
  const request = httpRequest(url, { method: 'POST', agent: false });
  const answer = once(request, 'response').then(async ([response]: IncomingMessage[]) => ({
    status: response?.statusCode ?? 0,
    body: response === undefined ? '' : await textOf(response),
  }));
  request.flushHeaders();
  return { request, answer };
}

describe.each(Object.entries(takeUp))('a POST over %s', (_, transport) => {
  async function connected(options: Setup['options'] = {}, opened?: (connection: Connection) => Peer): Promise<Connected> {
    const onlooker = new Onlooker();
    const peers: Peer[] = [];
    const made = opened && ((connection: Connection): void => void peers.push(opened(connection)));
    const served = await serve({ opened: made ?? onlooker.opened, options: { maximumRequestBodySize: limit, ...options } });
    const { url } = await negotiate(served);
    const over = await transport(url);
    return { served, url, peer: peers[0] ?? (await onlooker.peer()), over };
  }

  test('of the largest size is taken, whether or not it says so', async () => {
    const { url, peer, served } = await connected();
    expect((await post(url, 'a'.repeat(limit))).status).toBe(200);
    const { request, answer } = openPost(url);
    request.write('b'.repeat(400));
    await peer.until(({ text }) => text.length === 1_400);
    request.end('c'.repeat(600));
    expect((await answer).status).toBe(200);
    expect([peer.text.length, served.logged]).toEqual([2_000, []]);
  });

  test('that says that it is larger is refused: nothing of it is taken, and others go on', async () => {
    const { url, peer, served } = await connected();
    const { request, answer } = openPost(url);
    request.write('1');
    await peer.until(({ text }) => text === '1');
    // While another one is being taken.
    const refused = await post(url, 'x'.repeat(limit + 1));
    expect([refused.status, refused.headers['content-type'], refused.body]).toEqual([413, 'text/plain', tooLarge]);
    request.end('2');
    expect((await answer).status).toBe(200);
    expect((await post(url, '3')).status).toBe(200);
    expect([peer.text, peer.closings, served.said()]).toEqual(['123', [], ['transport.request-too-large']]);
  });

  test('that says so is refused before its body comes, and its socket is of use for the next one', async () => {
    const { served, url, peer } = await connected();
    const target = url.slice(served.origin.length);
    const raw = new RawSocket(served.port);
    raw.write(head(`POST ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 300000'));
    await raw.until(({ text }) => text.includes(tooLarge));
    raw.write(Buffer.alloc(300_000));
    raw.write(`${head(`POST ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 4')}next`);
    await raw.until(({ text }) => text.includes('HTTP/1.1 200'));
    expect(peer.text).toBe('next');
  });

  test('that turns out larger is refused, and the connection closed: what follows would be misread', async () => {
    const { url, peer, served, over } = await connected();
    const first = openPost(url);
    first.request.write('x'.repeat(limit));
    await peer.until(({ text }) => text.length === limit);
    const arrived = requestTo(served.server);
    const second = post(url, 'second');
    await arrived;
    first.request.write('x');
    expect(await first.answer).toEqual({ status: 413, body: tooLarge });
    expect((await peer.ended())?.message).toBe(broken);
    expect((await second).status).toBe(404);
    // What is still to come of it is nobody's.
    first.request.end('x'.repeat(limit));
    await over();
    expect([peer.text.length, peer.closings.length, served.said()]).toEqual([limit, 1, ['transport.request-too-large']]);
  });

  test('of which nothing was taken yet when it turns out larger disturbs nothing', async () => {
    const { served, url, peer } = await connected();
    const raw = new RawSocket(served.port);
    const fields = ['Host: 127.0.0.1', 'Transfer-Encoding: chunked'];
    const chunk = 'x'.repeat(0x800);
    raw.write(`${head(`POST ${url.slice(served.origin.length)} HTTP/1.1`, ...fields)}800\r\n${chunk}\r\n`);
    await raw.until(({ text }) => text.includes(tooLarge));
    raw.write('5\r\nsmall\r\n0\r\n\r\n');
    expect((await post(url, 'next')).status).toBe(200);
    expect([peer.text, peer.closings]).toEqual(['next', []]);
  });

  test('that was refused is read to its end, however slow the application is', async () => {
    const { served, url, peer } = await connected({ applicationMaxBufferSize: 100 });
    const target = url.slice(served.origin.length);
    const raw = new RawSocket(served.port);
    const chunk = 'x'.repeat(0x800);
    raw.write(`${head(`POST ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Transfer-Encoding: chunked')}800\r\n${chunk}\r\n`);
    await raw.until(({ text }) => text.includes(tooLarge));
    peer.connection.pause();
    const arrived = requestTo(served.server);
    const held = post(url, 'y'.repeat(200));
    await arrived;
    await turns(20);
    raw.write(`${`800\r\n${chunk}\r\n`.repeat(200)}0\r\n\r\n`);
    raw.write(head('POST /hub/negotiate HTTP/1.1', 'Host: 127.0.0.1', 'Content-Length: 0'));
    await raw.until(({ text }) => text.includes('connectionId'));
    peer.connection.resume();
    expect((await held).status).toBe(200);
    expect(peer.text).toBe('y'.repeat(200));
  });

  test('is nothing to an application that has closed', async () => {
    const told: string[] = [];
    const { url, peer } = await connected({}, (connection) => {
      const leaving = Object.assign(new Peer(connection), { dismissed: () => void told.push('dismissed') });
      connection.receive(leaving);
      return leaving;
    });
    const { request, answer } = openPost(url);
    request.write('x');
    await peer.until(({ text }) => text === 'x');
    peer.connection.close();
    await peer.ended();
    request.write('x'.repeat(limit));
    expect((await answer).status).toBe(413);
    request.end();
    expect([told, peer.closings]).toEqual([[], [undefined]]);
  });

  test('is counted also where the application is slow', async () => {
    const { url, peer } = await connected({ applicationMaxBufferSize: 100 }, (connection) => {
      const slow = new Peer(connection);
      connection.receive(slow);
      connection.pause();
      return slow;
    });
    const { request, answer } = openPost(url);
    request.write('x'.repeat(200));
    await turns(5);
    request.end('x'.repeat(2_000));
    peer.connection.resume();
    expect((await answer).status).toBe(413);
    expect((await peer.ended())?.message).toBe(broken);
  });

  test('tells the application why, which may tell the client', async () => {
    const reasons: string[] = [];
    const { url, peer, over } = await connected({}, (connection) => {
      const polite = Object.assign(new Peer(connection), { dismissed: (reason: Error) => void reasons.push(reason.message) });
      connection.receive(polite);
      return polite;
    });
    const { request, answer } = openPost(url);
    request.write('x');
    await peer.until(({ text }) => text === 'x');
    request.write('x'.repeat(limit));
    expect((await answer).status).toBe(413);
    // Also where it does not close by itself.
    await peer.ended();
    request.end();
    await over();
    expect(reasons).toEqual([broken]);
  });

  test('may be of any size where there is no limit', async () => {
    const { url, peer } = await connected({ maximumRequestBodySize: null });
    expect((await post(url, 'x'.repeat(200_000))).status).toBe(200);
    expect(peer.text.length).toBe(200_000);
  });
});

describe('a POST to a connection that no transport has taken up', () => {
  test('of which a part was taken ends it', async () => {
    const served = await serve({ options: { maximumRequestBodySize: limit } });
    const { url } = await negotiate(served);
    const arrived = requestTo(served.server);
    const { request, answer } = openPost(url);
    await arrived;
    request.write('x');
    await turns(20);
    request.write('x'.repeat(limit));
    expect((await answer).status).toBe(413);
    request.end();
    expect((await ask(url)).status).toBe(404);
    expect(served.limits.connections).toBe(0);
  });
});

test('a WebSocket has a limit of its own', async () => {
  const onlooker = new Onlooker();
  const { hub } = await serve({ opened: onlooker.opened, options: { maximumRequestBodySize: 10 } });
  (await openWebSocket(hub)).send('x'.repeat(100));
  const peer = await onlooker.peer();
  await peer.until(({ text }) => text.length === 100);
});

test('the default is that of ASP.NET Core', async () => {
  const served = await serve();
  const { url } = await negotiate(served);
  const raw = new RawSocket(served.port);
  raw.write(head(`POST ${url.slice(served.origin.length)} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 30000001'));
  await raw.until(({ text }) => text.includes('HTTP/1.1 413'));
  expect(raw.text).toContain('larger than 30000000 bytes');
});
