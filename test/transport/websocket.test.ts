import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { SharedPayload } from '../../src/base/payload.ts';
import { Onlooker, type Peer, turns } from './application.ts';
import { ask, negotiate } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { clientFrame, closing, handshakeFields, head, message, openWebSocket, RawSocket } from './websocket-client.ts';
import type { WebSocket } from 'ws';

interface Connected {
  readonly served: Served;
  readonly webSocket: WebSocket;
  readonly peer: Peer;
}

async function connected(setup: Omit<Setup, 'opened'> = {}): Promise<Connected> {
  const onlooker = new Onlooker();
  const served = await serve({ ...setup, opened: onlooker.opened });
  const webSocket = await openWebSocket(served.hub);
  return { served, webSocket, peer: await onlooker.peer() };
}

/** A WebSocket whose bytes are looked at one by one. */
async function rawlyConnected(setup: Omit<Setup, 'opened'> = {}): Promise<{ raw: RawSocket; peer: Peer; served: Served }> {
  const onlooker = new Onlooker();
  const served = await serve({ ...setup, opened: onlooker.opened });
  const raw = new RawSocket(served.port);
  raw.write(head('GET /hub HTTP/1.1', ...handshakeFields));
  await raw.until(({ text }) => text.includes('\r\n\r\n'));
  raw.bytes = Buffer.alloc(0);
  return { raw, peer: await onlooker.peer(), served };
}

describe('receiving', () => {
  test.each([
    ['a text frame', [clientFrame(1, 'abc')]],
    ['a binary frame', [clientFrame(2, 'abc')]],
    ['fragments', [clientFrame(1, 'a', false), clientFrame(0, 'b', false), clientFrame(0, 'c')]],
    ['fragments around a ping', [clientFrame(2, 'ab', false), clientFrame(9, ''), clientFrame(0, 'c')]],
    ['one byte at a time', [...clientFrame(1, 'abc')].map((byte) => Buffer.from([byte]))],
    ['an empty frame before', [clientFrame(1, ''), clientFrame(1, 'abc')]],
  ])('%s', async (_name, pieces) => {
    const { raw, peer } = await rawlyConnected();
    for (const piece of pieces) {
      raw.write(piece);
      await turns();
    }
    await peer.until(({ text }) => text.length >= 3);
    expect(peer.text).toBe('abc');
  });

  test('text frames that are no UTF-8, as MessagePack of some clients', async () => {
    const { raw, peer } = await rawlyConnected();
    peer.connection.format = 'binary';
    peer.received = (chunk) => void peer.connection.write(Buffer.from(chunk));
    raw.write(clientFrame(1, Buffer.from([0xff, 0xc1, 0x80])));
    await raw.until(({ bytes }) => bytes.length >= 5);
    expect([...raw.bytes]).toEqual([0x82, 3, 0xff, 0xc1, 0x80]);
  });

  test('a ping is answered, and is no sign of life; a pong is one', async () => {
    const { raw, peer } = await rawlyConnected();
    const { alive } = peer.connection;
    raw.write(clientFrame(9, 'are you'));
    await raw.until(({ text }) => text.includes('are you'));
    expect(raw.text).toBe('\x8a\x07are you');
    expect(peer.connection.alive).toBe(alive);
    expect(peer.connection.probe()).toBe(true);
    await raw.until(({ text }) => text.endsWith('\x89\x00'));
    raw.write(Buffer.concat([clientFrame(10, ''), clientFrame(1, 'x')]));
    await peer.until(({ text }) => text === 'x');
    expect(peer.connection.alive).toBeGreaterThan(alive);
  });

  test('a pong alone counts', async () => {
    const { webSocket, peer } = await connected();
    const { alive } = peer.connection;
    peer.connection.probe();
    await once(webSocket, 'ping');
    while (peer.connection.alive === alive) await turns();
    expect(peer.connection.alive).toBeGreaterThan(alive);
  });

  test('what comes before the application listens waits for it', async () => {
    const onlooker = new Onlooker();
    const opened: (() => void)[] = [];
    const { port } = await serve({ opened: (connection) => void opened.push(() => onlooker.opened(connection)) });
    const raw = new RawSocket(port);
    raw.write(Buffer.concat([Buffer.from(head('GET /hub HTTP/1.1', ...handshakeFields)), clientFrame(1, 'early')]));
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    await turns();
    opened[0]?.();
    const peer = await onlooker.peer();
    await peer.until(({ text }) => text === 'early');
  });
});

describe('sending', () => {
  test('text in text frames, bytes in binary frames once the format says so', async () => {
    const { webSocket, peer } = await connected();
    peer.connection.write('{"a":"ä世😀"}\u001e');
    expect(await message(webSocket)).toEqual({ text: '{"a":"ä世😀"}\u001e', binary: false });
    peer.connection.write(Buffer.from('bytes'));
    expect(await message(webSocket)).toEqual({ text: 'bytes', binary: false });
    peer.connection.format = 'binary';
    peer.connection.write('{}\u001e');
    expect(await message(webSocket)).toEqual({ text: '{}\u001e', binary: true });
    peer.connection.write(Uint8Array.of(65, 66));
    expect(await message(webSocket)).toEqual({ text: 'AB', binary: true });
    peer.connection.write(new SharedPayload(Buffer.from('shared')));
    expect(await message(webSocket)).toEqual({ text: 'shared', binary: true });
  });

  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])('%i characters', async (length) => {
    const { webSocket, peer } = await connected();
    for (const letter of ['a', 'ä']) {
      const text = letter.repeat(length);
      peer.connection.write(`<${text}>`);
      expect((await message(webSocket)).text).toBe(`<${text}>`);
      peer.connection.write(Buffer.from(`<${text}>`));
      expect((await message(webSocket)).text).toBe(`<${text}>`);
    }
  });

  test('one frame a turn, in order, whatever is written', async () => {
    const { raw, peer } = await rawlyConnected();
    const shared = new SharedPayload(Buffer.from('3'));
    peer.connection.write('1');
    peer.connection.write('2');
    peer.connection.write(shared);
    peer.connection.write('');
    await Promise.resolve();
    peer.connection.write(Buffer.from('4'));
    process.nextTick(() => peer.connection.write('5'));
    await turns();
    peer.connection.write('next');
    await raw.until(({ text }) => text.endsWith('next'));
    expect(raw.text).toBe('\x81\x0512345\x81\x04next');
  });

  test('nothing for an empty write', async () => {
    const { raw, peer } = await rawlyConnected();
    for (const empty of ['', Buffer.alloc(0), new SharedPayload(Buffer.alloc(0))]) peer.connection.write(empty);
    await turns();
    peer.connection.write('x');
    await raw.until(({ bytes }) => bytes.length > 0);
    expect(raw.text).toBe('\x81\x01x');
  });

  test('a batch that grows large leaves before its turn ends, in order', async () => {
    const { webSocket, peer } = await connected();
    const sizes: number[] = [];
    let text = '';
    webSocket.on('message', (data: Buffer) => {
      sizes.push(data.length);
      text += data.toString();
    });
    const written = Array.from({ length: 100 }, (_, i) => `${i}:${'x'.repeat(2_000)};`).join('');
    for (const part of written.split(';').filter(Boolean)) peer.connection.write(`${part};`);
    while (text.length < written.length) await once(webSocket, 'message');
    expect(text).toBe(written);
    expect(sizes.length).toBe(4);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
  });

  test('broadcasts of one turn leave together, each in its place', async () => {
    const onlooker = new Onlooker();
    const { hub } = await serve({ opened: onlooker.opened });
    const webSockets = await Promise.all([0, 1, 2].map(() => openWebSocket(hub)));
    await onlooker.peer(2);
    const alone = new SharedPayload(Buffer.from('alone'));
    const answers = webSockets.map(message);
    for (const { connection } of onlooker.peers) connection.write(alone);
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['alone', 'alone', 'alone']);
    const row = ['a', 'b', 'c'].map((text) => new SharedPayload(Buffer.from(text)));
    const rows = webSockets.map(message);
    for (const payload of row) for (const { connection } of onlooker.peers) connection.write(payload);
    onlooker.peers[1]?.connection.write('own');
    expect((await Promise.all(rows)).map(({ text }) => text)).toEqual(['abc', 'abcown', 'abc']);
  });
});

describe('compression, where it is asked for', () => {
  test('goes through in order, in both directions', async () => {
    const onlooker = new Onlooker();
    const { hub } = await serve({ opened: onlooker.opened, options: { webSockets: { perMessageDeflate: true } } });
    const webSocket = await openWebSocket(hub, { perMessageDeflate: true });
    expect(webSocket.extensions).toBe('permessage-deflate');
    const { connection } = await onlooker.peer();
    const texts: string[] = [];
    webSocket.on('message', (data: Buffer) => texts.push(data.toString()));
    connection.write('x'.repeat(10_000));
    await turns();
    connection.write('small');
    await turns();
    connection.format = 'binary';
    connection.write(Buffer.from('bytes'));
    connection.write(new SharedPayload(Buffer.from('+shared')));
    connection.close();
    expect(await closing(webSocket)).toEqual([1000, '']);
    expect(texts).toEqual(['x'.repeat(10_000), 'small', 'bytes+shared']);
  });

  test('is not taken up otherwise', async () => {
    const { served } = await connected();
    expect((await openWebSocket(served.hub, { perMessageDeflate: true })).extensions).toBe('');
  });
});

describe('the end', () => {
  test('by the server: what is queued, then 1000 without a reason', async () => {
    const { webSocket, peer } = await connected();
    const why = new Error('why');
    const last = message(webSocket);
    const close = closing(webSocket);
    peer.connection.write('last ');
    peer.connection.write('words');
    peer.connection.close(why);
    expect(peer.closings).toEqual([]);
    expect(peer.connection.write('too late')).toBe(false);
    peer.connection.close(new Error('again'));
    expect((await last).text).toBe('last words');
    expect(await close).toEqual([1000, '']);
    expect(peer.closings).toEqual([why]);
  });

  test.each([
    [undefined, undefined],
    [1000, ''],
    [1001, 'going'],
    [3001, 'own reason'],
  ])('by the client with %s %s: the server still says 1000 without a reason', async (code, reason) => {
    const { raw, peer } = await rawlyConnected();
    const payload = code === undefined ? '' : Buffer.concat([Buffer.from([code >>> 8, code & 0xff]), Buffer.from(reason ?? '')]);
    raw.write(clientFrame(8, payload));
    expect(await peer.ended()).toBeUndefined();
    await raw.end();
    expect([...raw.bytes]).toEqual([0x88, 2, 0x03, 0xe8]);
  });

  test('by a cut: an error says so', async () => {
    const { raw, peer } = await rawlyConnected();
    raw.socket.resetAndDestroy();
    expect(await peer.ended()).toBeInstanceOf(Error);
    expect(peer.closings.length).toBe(1);
  });

  test('by a client that ends half of its TCP connection', async () => {
    const { raw, peer } = await rawlyConnected();
    raw.socket.end();
    expect((await peer.ended())?.message).toContain('without a close frame');
    await raw.end();
  });

  test('nothing follows the answer to a close frame that came in the same turn', async () => {
    const { raw, peer } = await rawlyConnected();
    peer.received = () => void peer.connection.write('answer');
    raw.write(Buffer.concat([clientFrame(1, 'question'), clientFrame(8, '')]));
    await raw.end();
    expect([...raw.bytes]).toEqual([0x88, 2, 0x03, 0xe8]);
  });

  test('a client that does not answer the close frame is cut after the time-out', async () => {
    const { raw, peer } = await rawlyConnected({ options: { webSockets: { closeTimeout: 50 } } });
    const started = performance.now();
    peer.connection.close();
    await raw.end();
    expect(performance.now() - started).toBeGreaterThan(40);
    expect(raw.text).toBe('\x88\x02\x03\xe8');
  });

  test('an abort cuts at once, and loses what is queued', async () => {
    const { raw, peer } = await rawlyConnected();
    const why = new Error('why');
    peer.connection.write('lost');
    peer.connection.abort(why);
    peer.connection.abort();
    await raw.end();
    expect(raw.text).toBe('');
    expect(await peer.ended()).toBe(why);
  });

  test('a message over the limit: 1009, and an error', async () => {
    const { webSocket, peer } = await connected({ options: { webSockets: { maximumMessageSize: 1_000 } } });
    webSocket.send('x'.repeat(1_000));
    await peer.until(({ text }) => text.length === 1_000);
    webSocket.send('x'.repeat(1_001));
    expect(await closing(webSocket)).toEqual([1009, '']);
    expect((await peer.ended())?.message).toMatch(/max payload/i);
    expect(peer.closings.length).toBe(1);
  });

  test('a frame that breaks RFC 6455 ends its own connection', async () => {
    const { raw, peer } = await rawlyConnected();
    raw.write(Buffer.from([0x81, 0x01, 0x41]));
    expect((await peer.ended())?.message).toMatch(/mask/i);
    await raw.end();
    expect([...raw.bytes]).toEqual([0x88, 2, 0x03, 0xe8]);
  });

  test('the id is unknown at once', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { url } = await negotiate(served);
    const webSocket = await openWebSocket(url);
    webSocket.close();
    await (await onlooker.peer()).ended();
    expect((await ask(url)).status).toBe(404);
  });

  test('closing inside `received`: no more is delivered', async () => {
    const { raw, peer } = await rawlyConnected();
    peer.received = (chunk) => {
      peer.text += chunk.toString();
      peer.connection.close();
    };
    raw.write(Buffer.concat([clientFrame(1, 'a'), clientFrame(1, 'b')]));
    await peer.ended();
    expect(peer.text).toBe('a');
  });

  test('closing before the application listens is told when it does', async () => {
    const onlooker = new Onlooker();
    const opened: (() => void)[] = [];
    const { hub } = await serve({ opened: (connection) => void opened.push(() => onlooker.opened(connection)) });
    const webSocket = await openWebSocket(hub);
    webSocket.send('last');
    webSocket.close();
    await once(webSocket, 'close');
    opened[0]?.();
    const peer = await onlooker.peer();
    await peer.ended();
    expect(peer.text).toBe('last');
  });
});

describe('an application that throws', () => {
  test('in `received` loses that connection alone', async () => {
    const { served, webSocket, peer } = await connected();
    const failure = new Error('bug');
    peer.received = () => {
      throw failure;
    };
    webSocket.send('x');
    await once(webSocket, 'close');
    expect(await peer.ended()).toBe(failure);
    expect(served.logged).toMatchObject([{ event: { id: 'transport.listener-failed' }, error: failure }]);
  });

  test('when what it writes is dressed: that connection ends, and the turn goes on for others', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const webSockets = [await openWebSocket(served.hub), await openWebSocket(served.hub)] as const;
    const failure = new Error('bug');
    class Broken extends SharedPayload {
      override framed(): never {
        throw failure;
      }
    }
    const answer = message(webSockets[1]);
    (await onlooker.peer(0)).connection.write(new Broken(Buffer.from('x')));
    (await onlooker.peer(1)).connection.write('fine');
    expect((await answer).text).toBe('fine');
    expect(await (await onlooker.peer(0)).ended()).toBe(failure);
    expect(served.said()).toEqual(['transport.write-failed']);
  });

  test('when a connection opens: it ends', async () => {
    const served = await serve({
      opened: () => {
        throw new Error('bug');
      },
    });
    const webSocket = await openWebSocket(served.hub);
    await once(webSocket, 'close');
    expect(served.said()).toEqual(['transport.opened-failed']);
  });
});
