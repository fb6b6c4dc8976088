import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { SharedPayload } from '../../src/base/payload.ts';
import { Onlooker, type Peer, turns } from './application.ts';
import { ask, negotiate, post, startPolling, type Answered } from './http-client.ts';
import { requestTo, serve, type Served, type Setup } from './serve.ts';
import { head, RawSocket } from './websocket-client.ts';

interface Polling {
  readonly served: Served;
  readonly url: string;
  readonly token: string;
  readonly peer: Peer;
}

async function polling(setup: Omit<Setup, 'opened'> = {}): Promise<Polling> {
  const onlooker = new Onlooker();
  const served = await serve({ ...setup, opened: onlooker.opened });
  const { url, token } = await negotiate(served);
  await ask(url);
  return { served, url, token, peer: await onlooker.peer() };
}

const summary = ({ status, headers, body }: Answered): unknown[] => [
  status,
  body,
  headers['content-type'],
  headers['content-length'],
  headers['cache-control'],
];

const binary = (body: string): unknown[] => [200, body, 'application/octet-stream', String(body.length), 'no-cache, no-store'];
const noMorePolls = [204, '', 'text/plain', undefined, 'no-cache, no-store'];

/** A poll that the server is known to hold: a second request of the same kind would supersede it. */
async function heldPoll({ served, token }: Polling): Promise<RawSocket> {
  const raw = new RawSocket(served.port);
  const arrived = requestTo(served.server);
  raw.write(head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x'));
  await arrived;
  return raw;
}

describe('polls', () => {
  test('the first is answered at once and empty', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { url, id } = await negotiate(served);
    expect(summary(await ask(`${url}&x=1`, { headers: { 'X-First': 'yes' } }))).toEqual(binary(''));
    const { connection } = await onlooker.peer();
    expect(connection).toMatchObject({ id, transport: 'longPolling', binary: true });
    expect(connection.request.headers.get('x-first')).toBe('yes');
    expect(connection.request.url.searchParams.get('x')).toBe('1');
  });

  test('take all that waits in one body', async () => {
    const { url, peer } = await polling();
    peer.connection.write('{"a":1}\u001e');
    await turns();
    peer.connection.write('{"b":2}\u001e');
    peer.connection.write(new SharedPayload(Buffer.from('{"c":3}\u001e')));
    expect(peer.connection.queued).toBe(24);
    expect(summary(await ask(url))).toEqual(binary('{"a":1}\u001e{"b":2}\u001e{"c":3}\u001e'));
    expect(peer.connection.queued).toBe(0);
  });

  test('wait for data, and bring all of one turn', async () => {
    const context = await polling();
    const raw = await heldPoll(context);
    context.peer.connection.write('one,');
    context.peer.connection.write(Buffer.from('two'));
    await raw.until(({ text }) => text.endsWith('one,two'));
    expect(raw.text).toContain('Content-Length: 7\r\n');
  });

  test('time out empty', async () => {
    const clock = new FakeClock();
    const context = await polling({ clock });
    const raw = await heldPoll(context);
    clock.advance(89_900);
    expect(raw.text).toBe('');
    clock.advance(300);
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(raw.text).toContain('Content-Type: text/plain\r\nContent-Length: 0\r\n');
    context.peer.connection.write('x');
    expect((await ask(context.url)).body).toBe('x');
  });

  test('replace each other: the older is told to stop', async () => {
    const context = await polling();
    const older = await heldPoll(context);
    const newer = await heldPoll(context);
    await older.until(({ text }) => text.includes('\r\n\r\n'));
    expect(older.text).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    expect(older.text).toContain('Content-Type: text/plain\r\n');
    context.peer.connection.write('x');
    await newer.until(({ text }) => text.endsWith('x'));
  });

  describe('behind another on the same socket', () => {
    /** The second connection asks where the first one's answer is still awaited, so many times. `socket` is the server's end. */
    async function behind(
      polls: number,
    ): Promise<{ readonly clock: FakeClock; readonly peer: Peer; readonly raw: RawSocket; readonly socket: Socket }> {
      const clock = new FakeClock();
      const onlooker = new Onlooker();
      const served = await serve({ opened: onlooker.opened, clock });
      const [first, second] = [await startPolling(served), await startPolling(served)];
      const connected = once(served.server, 'connection');
      const arrived = requestTo(served.server);
      const raw = new RawSocket(served.port);
      const poll = (token: string): string => head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x');
      raw.write(poll(first.token) + poll(second.token).repeat(polls));
      await arrived;
      const [socket] = (await connected) as [Socket];
      return { clock, peer: await onlooker.peer(1), raw, socket };
    }

    test('are dropped with that socket', async () => {
      const { clock, peer, raw, socket } = await behind(1);
      const closed = once(socket, 'close');
      raw.socket.destroy();
      await closed;
      clock.advance(15_200);
      expect((await peer.ended())?.message).toBe('The client stopped polling.');
    });

    test('listen to that socket one at a time, and not when they are answered', async () => {
      const alone = (await behind(0)).socket.listenerCount('close');
      const { peer, socket } = await behind(30);
      expect(socket.listenerCount('close')).toBe(alone + 1);
      peer.connection.write('data');
      await turns(2);
      expect(socket.listenerCount('close')).toBe(alone);
    });
  });

  test('may be dropped by the client', async () => {
    const clock = new FakeClock();
    const context = await polling({ clock });
    const raw = await heldPoll(context);
    raw.socket.resetAndDestroy();
    const again = await heldPoll(context);
    clock.advance(30_000);
    context.peer.connection.write('x');
    await again.until(({ text }) => text.endsWith('x'));
    expect(context.peer.closings).toEqual([]);
  });

  test('data that could not leave by one poll leaves by the next', async () => {
    const context = await polling();
    const raw = new RawSocket(context.served.port);
    raw.socket.pause();
    const large = 'x'.repeat(12_000_000);
    context.peer.connection.write(large);
    const arrived = requestTo(context.served.server);
    raw.write(head(`GET /hub?id=${context.token} HTTP/1.1`, 'Host: x'));
    await arrived;
    expect(context.peer.connection.queued).toBe(large.length);
    context.peer.connection.write('y');
    const { body } = await ask(context.url);
    expect(body.length).toBe(large.length + 1);
    expect(body.endsWith('xy')).toBe(true);
    while (context.peer.connection.queued > 0) await turns();
    raw.socket.resume();
    const [, cut = ''] = (await raw.end()).split('\r\n\r\n');
    expect([cut.length < large.length, cut.includes('y')]).toEqual([true, false]);
  });

  test('keep the client alive; POSTs alone do not', async () => {
    const clock = new FakeClock();
    const { url, peer, served } = await polling({ clock });
    peer.connection.write('x');
    for (let i = 0; i < 3; i++) {
      clock.advance(14_900);
      peer.connection.write(`${i}`);
      expect((await ask(url)).body).toContain(`${i}`);
      expect(peer.connection.alive).toBe(clock.now());
    }
    clock.advance(10_000);
    expect((await post(url, 'hello')).status).toBe(200);
    expect(peer.connection.alive).toBe(clock.now());
    clock.advance(5_300);
    expect((await peer.ended())?.message).toBe('The client stopped polling.');
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(url, { method })).status).toBe(404);
    expect(served.said()).toEqual(['transport.stopped-polling']);
  });

  test('a client that does not read its answer is away', async () => {
    const clock = new FakeClock();
    const { served, token, peer } = await polling({ clock });
    const raw = new RawSocket(served.port);
    raw.socket.pause();
    peer.connection.write('x'.repeat(12_000_000));
    const arrived = requestTo(served.server);
    raw.write(head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x'));
    await arrived;
    clock.advance(15_300);
    await peer.ended();
    raw.socket.resume();
    expect((await raw.end()).length).toBeLessThan(12_000_000);
  });
});

describe('sends over POST', () => {
  test('are answered with nothing, whatever they hold', async () => {
    const { url, peer } = await polling();
    for (const body of ['', '{"protocol":"json"}\u001e', 'half', ' and half'])
      expect(summary(await post(url, body))).toEqual([200, '', 'text/plain', '0', undefined]);
    expect(peer.text).toBe('{"protocol":"json"}\u001ehalf and half');
  });

  test('before a transport was taken up are kept for it', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { url } = await negotiate(served);
    expect((await post(url, 'early ')).status).toBe(200);
    expect((await post(url, 'bird')).status).toBe(200);
    expect(summary(await ask(url))).toEqual(binary(''));
    expect((await onlooker.peer()).text).toBe('early bird');
  });

  test('that make the application close are answered well', async () => {
    const { url, peer } = await polling();
    peer.received = () => peer.connection.close();
    expect((await post(url, 'x')).status).toBe(200);
    expect((await ask(url)).status).toBe(204);
  });
});

describe('the end', () => {
  test('by the server: the last data, then 204, then 404', async () => {
    const { url, peer } = await polling();
    peer.connection.write('bye');
    peer.connection.close();
    expect(await peer.ended()).toBeUndefined();
    expect((await post(url, 'not taken')).status).toBe(200);
    expect(peer.text).toBe('');
    expect(summary(await ask(url))).toEqual(binary('bye'));
    expect(summary(await ask(url))).toEqual(noMorePolls);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(url, { method })).status).toBe(404);
  });

  test('by the server, while a poll waits: it brings the last data, or 204', async () => {
    const withData = await polling();
    const one = await heldPoll(withData);
    withData.peer.connection.write('bye');
    withData.peer.connection.close();
    await one.until(({ text }) => text.endsWith('bye'));
    expect((await ask(withData.url)).status).toBe(204);
    const without = await polling();
    const other = await heldPoll(without);
    without.peer.connection.close();
    await other.until(({ text }) => text.includes('\r\n\r\n'));
    expect(other.text).toMatch(/^HTTP\/1.1 204 /);
    expect((await ask(without.url)).status).toBe(404);
  });

  test('by the server, and nobody asks any more: it is forgotten', async () => {
    const clock = new FakeClock();
    const { url, peer } = await polling({ clock });
    peer.connection.write('bye');
    peer.connection.close();
    clock.advance(15_300);
    expect((await ask(url)).status).toBe(404);
  });

  test('by an abort: 204 without the data', async () => {
    const { url, peer } = await polling();
    const why = new Error('why');
    peer.connection.write('lost');
    peer.connection.abort(why);
    expect(await peer.ended()).toBe(why);
    expect((await ask(url)).status).toBe(204);
    expect((await ask(url)).status).toBe(404);
  });

  test('by DELETE: 202, and the application may have a last word in the poll that waits', async () => {
    const context = await polling();
    const raw = await heldPoll(context);
    context.peer.once('change', () => expect(context.peer.connection.write('last word')).toBe(true));
    const { status, headers, body } = await ask(context.url, { method: 'DELETE' });
    expect([status, headers['content-type'], body]).toEqual([202, 'text/plain', '']);
    await raw.until(({ text }) => text.endsWith('last word'));
    expect(raw.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(context.peer.closings).toEqual([undefined]);
    expect(context.peer.connection.write('too late')).toBe(false);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await ask(context.url, { method })).status).toBe(404);
  });

  test('by DELETE, without a last word: the poll ends with 204', async () => {
    const context = await polling();
    const raw = await heldPoll(context);
    expect((await ask(context.url, { method: 'DELETE' })).status).toBe(202);
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 204 /);
    expect((await ask(context.url)).status).toBe(404);
  });

  test('by DELETE before anything else was said', async () => {
    const { url, peer } = await polling();
    expect((await ask(url, { method: 'DELETE' })).status).toBe(202);
    expect(await peer.ended()).toBeUndefined();
  });

  test('by DELETE, behind what was posted before', async () => {
    const { url, peer } = await polling();
    peer.connection.pause();
    await post(url, 'last');
    expect((await ask(url, { method: 'DELETE' })).status).toBe(202);
    expect(peer.closings).toEqual([]);
    peer.connection.resume();
    expect([peer.text, peer.closings]).toEqual(['last', [undefined]]);
  });

  test('is told to an application that has paused for good, if late', async () => {
    const clock = new FakeClock();
    const { url, peer, served } = await polling({ clock });
    peer.connection.pause();
    await post(url, 'never read');
    await ask(url, { method: 'DELETE' });
    clock.advance(15_300);
    expect(await peer.ended()).toBeUndefined();
    expect(peer.text).toBe('');
    expect(served.said()).toEqual(['transport.not-taken']);
  });
});
