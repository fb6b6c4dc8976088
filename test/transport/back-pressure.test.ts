import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { SharedPayload } from '../../src/base/payload.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Onlooker, type Peer, turns } from './application.ts';
import { ask, eventStream, negotiate, open, post } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { message, openWebSocket } from './websocket-client.ts';

const BLOCK = 'x'.repeat(100_000);

/** A client that can stop reading, whatever its transport. */
interface Reader {
  stop(): void;
  go(): void;
  /** Sends something to the server; resolves when it is out. */
  send(text: string): Promise<unknown>;
}

const readers = {
  async webSockets(served) {
    const webSocket = await openWebSocket(served.hub);
    return {
      stop: () => webSocket.pause(),
      go: () => webSocket.resume(),
      send: (text) => new Promise((resolve) => webSocket.send(text, resolve)),
    };
  },
  async compressed(served) {
    const webSocket = await openWebSocket(served.hub, { perMessageDeflate: true });
    return {
      stop: () => webSocket.pause(),
      go: () => webSocket.resume(),
      send: (text) => new Promise((resolve) => webSocket.send(text, resolve)),
    };
  },
  async serverSentEvents(served) {
    const { url } = await negotiate(served);
    const stream = await open(url, { headers: eventStream });
    stream.on('data', () => {});
    stream.on('error', () => {});
    return { stop: () => stream.pause(), go: () => stream.resume(), send: (text) => post(url, text) };
  },
  async longPolling(served) {
    const { url } = await negotiate(served);
    await ask(url);
    return { stop: () => {}, go: () => void ask(url), send: (text) => post(url, text) };
  },
} satisfies Readonly<Record<string, (served: Served) => Promise<Reader>>>;

const transports = Object.keys(readers) as (keyof typeof readers)[];

interface Connected {
  readonly onlooker: Onlooker;
  readonly served: Served;
  readonly reader: Reader;
  readonly peer: Peer;
}

async function connected(transport: keyof typeof readers, setup: Omit<Setup, 'opened'> = {}): Promise<Connected> {
  const onlooker = new Onlooker();
  const options = { ...setup.options, webSockets: { perMessageDeflate: transport === 'compressed' } };
  const served = await serve({ ...setup, opened: onlooker.opened, options });
  const reader = await readers[transport](served);
  return { onlooker, served, reader, peer: await onlooker.peer() };
}

/** Text that does not compress well. */
const noise = (length: number): string => Array.from({ length }, () => String.fromCharCode(33 + Math.random() * 90)).join('');

/** More than the operating system keeps for two sockets. */
const MUCH = 24_000_000;

/** Writes so much that the client, who does not read, holds everything up. */
async function fill({ connection }: Peer): Promise<void> {
  const block = noise(500_000);
  for (let written = 0; written < MUCH; written += block.length) {
    connection.write(block);
    await turns();
  }
}

describe.each(transports)('%s', (transport) => {
  test('a queue over its mark says so, once, and again when it has gone down', async () => {
    const { reader, peer } = await connected(transport, { options: { maximumQueuedBytes: 500_000_000 } });
    expect(peer.connection.write('short')).toBe(true);
    reader.go();
    await turns();
    reader.stop();
    await fill(peer);
    expect(peer.connection.queued).toBeGreaterThan(65_536);
    expect(peer.connection.write('more')).toBe(false);
    const before = peer.drains;
    reader.go();
    await peer.until(({ drains }) => drains > before);
    expect(peer.connection.queued).toBeLessThanOrEqual(32_768);
    expect(peer.drains).toBe(before + 1);
    expect(peer.connection.write('on')).toBe(true);
  });

  test('who asks hears once when the system has taken what was written, and not before', async () => {
    const { reader, peer } = await connected(transport, { options: { maximumQueuedBytes: 500_000_000 } });
    let taken = 0;
    const count = (): void => void taken++;
    const heard = (times: number): Promise<void> => eventually(() => expect(taken).toBe(times));
    peer.connection.whenTaken?.(count);
    peer.connection.write('short');
    reader.go();
    await heard(1);
    reader.stop();
    await fill(peer);
    peer.connection.whenTaken?.(count);
    peer.connection.write('behind all that');
    await turns(20);
    expect(taken).toBe(1);
    reader.go();
    await heard(2);
    peer.connection.write('unasked');
    reader.go();
    await turns(20);
    expect(taken).toBe(2);
  });

  test('who asks hears nothing where the connection is cut before', async () => {
    const { reader, peer } = await connected(transport, { options: { maximumQueuedBytes: 500_000_000 } });
    let taken = 0;
    reader.stop();
    await fill(peer);
    peer.connection.whenTaken?.(() => taken++);
    peer.connection.write('behind all that');
    await turns();
    peer.connection.abort();
    await peer.ended();
    await turns(20);
    expect(taken).toBe(0);
  });

  test('a client that does not read is not read from', async () => {
    const { reader, peer } = await connected(transport, { options: { maximumQueuedBytes: 500_000_000 } });
    reader.stop();
    await fill(peer);
    const sent = reader.send('hello');
    await turns(20);
    expect(peer.text).toBe('');
    reader.go();
    await peer.until(({ text }) => text === 'hello');
    await sent;
  });

  test('a client that reads too slowly is cut, and others are not delayed by it', async () => {
    const { onlooker, served, reader, peer } = await connected(transport, { options: { maximumQueuedBytes: 1_000_000 } });
    const other = await openWebSocket(served.hub);
    const otherPeer = await onlooker.peer(1);
    otherPeer.received = (chunk) => void otherPeer.connection.write(Buffer.from(chunk));
    reader.stop();
    while (peer.closings.length === 0) {
      peer.connection.write(new SharedPayload(Buffer.from(noise(BLOCK.length))));
      other.send('not delayed');
      expect((await message(other)).text).toBe('not delayed');
    }
    expect(peer.closings[0]?.message).toMatch(/^The client reads too slowly: \d+ bytes were waiting for it, and the limit is 1000000\.$/);
    expect(served.said()).toEqual(['transport.slow-reader']);
    expect(peer.connection.write('ignored')).toBe(false);
    other.send('still there');
    expect((await message(other)).text).toBe('still there');
  });
});

describe.each(transports.filter((name) => name !== 'longPolling'))('transportSendTimeout over %s', (transport) => {
  test('cuts a client that takes nothing', async () => {
    const { served, reader, peer } = await connected(transport, {
      options: { maximumQueuedBytes: 500_000_000, transportSendTimeout: 50 },
    });
    reader.stop();
    await fill(peer);
    await peer.until(({ closings }) => closings.length === 1);
    expect(peer.closings[0]?.message).toBe('The client took nothing of what it was sent for 50 ms (transportSendTimeout).');
    expect(served.said()).toEqual(['transport.send-timed-out']);
  });

  test('leaves a client alone that takes a little at a time, and one that has caught up', async () => {
    const { reader, peer } = await connected(transport, {
      options: { maximumQueuedBytes: 500_000_000, transportSendTimeout: 500 },
    });
    reader.stop();
    await fill(peer);
    const { drains } = peer;
    const begun = Date.now();
    while (Date.now() - begun < 1_300) {
      reader.go();
      await turns(1);
      reader.stop();
      await setTimeout(100);
      if (peer.drains > drains) await fill(peer);
    }
    expect(peer.closings).toEqual([]);
    reader.go();
    await peer.until((now) => now.drains > drains && now.connection.queued === 0);
    await setTimeout(600);
    expect(peer.closings).toEqual([]);
  });
});

test('transportSendTimeout leaves a client alone that is away between two polls', async () => {
  const clock = new FakeClock();
  const { peer } = await connected('longPolling', { clock, options: { maximumQueuedBytes: 500_000_000 } });
  await fill(peer);
  clock.advance(14_900);
  await turns();
  expect(peer.closings).toEqual([]);
});

describe('an application that has paused', () => {
  test('over a WebSocket, gets nothing until it resumes; the socket is held back when enough waits', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const webSocket = await openWebSocket(served.hub);
    const peer = await onlooker.peer();
    peer.connection.pause();
    let sent = 0;
    for (; sent < 400; sent++) webSocket.send(BLOCK);
    await turns(200);
    expect(peer.text).toBe('');
    expect(webSocket.bufferedAmount).toBeGreaterThan(0);
    peer.connection.resume();
    await peer.until(({ text }) => text.length === sent * BLOCK.length);
  });

  test('over a WebSocket, hears of its end behind what came before', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const webSocket = await openWebSocket(served.hub);
    const peer = await onlooker.peer();
    peer.connection.pause();
    webSocket.send('last');
    webSocket.close();
    await once(webSocket, 'close');
    expect([peer.text, peer.closings]).toEqual(['', []]);
    peer.connection.resume();
    expect([peer.text, peer.closings]).toEqual(['last', [undefined]]);
  });
});
