import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { Connection, QueueLimits } from '../../src/transport/connection.ts';
import { Peer, tick, turns } from './application.ts';
import { ask } from './http-client.ts';
import { serve, type Served, type Setup } from './serve.ts';
import { Told } from './told.ts';
import { closing, message, openWebSocket } from './websocket-client.ts';

/** An application whose connections outlive their sockets. */
class StatefulPeer extends Peer {
  readonly limits: QueueLimits | undefined;
  losses = 0;
  returns = 0;
  onReconnected = (): void => {};

  constructor(connection: Connection) {
    super(connection);
    this.limits = connection.enableReconnect({
      lost: () => {
        this.losses++;
        this.emit('change');
      },
      reconnected: () => {
        this.returns++;
        this.onReconnected();
        this.emit('change');
      },
    });
  }
}

interface Connected {
  readonly served: Served;
  readonly clock: FakeClock;
  readonly url: string;
  readonly webSocket: WebSocket;
  readonly peer: StatefulPeer;
}

const options = { allowStatefulReconnects: true };

async function negotiated(served: Served): Promise<string> {
  const { body } = await ask(`${served.hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: 'POST' });
  return `${served.hub}?id=${(JSON.parse(body) as { readonly connectionToken: string }).connectionToken}`;
}

async function connected(setup: Omit<Setup, 'opened' | 'clock'> = {}): Promise<Connected> {
  const clock = new FakeClock();
  const peers: StatefulPeer[] = [];
  const opened = (connection: Connection): void => {
    const peer = new StatefulPeer(connection);
    peers.push(peer);
    connection.receive(peer);
  };
  const served = await serve({ ...setup, options: { ...options, ...setup.options }, clock, opened });
  const url = await negotiated(served);
  const webSocket = await openWebSocket(url);
  expect(peers.length).toBe(1);
  return { served, clock, url, webSocket, peer: peers[0] as StatefulPeer };
}

async function lose({ webSocket, peer }: Connected): Promise<void> {
  const losses = peer.losses + 1;
  webSocket.terminate();
  await peer.until(() => peer.losses === losses);
}

/** Comes back by another WebSocket, and waits for its first message: it may come together with the answer to the upgrade. */
async function comeBack(url: string): Promise<{ readonly webSocket: WebSocket; readonly first: Awaited<ReturnType<typeof message>> }> {
  const webSocket = new WebSocket(url.replace('http', 'ws'));
  onTestFinished(() => webSocket.terminate());
  return { webSocket, first: await message(webSocket) };
}

/** Writes until the system takes no more for a client that does not read. */
async function fill(connection: Connection): Promise<void> {
  const block = Buffer.alloc(1_000_000);
  for (let i = 0; i < 20; i++) connection.write(block);
  await turns(3);
}

/** What an upgrade with the token is answered, where it is refused. */
const refusal = (url: string): Promise<string> =>
  openWebSocket(url).then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );

const gone = 'Unexpected server response: 404';

describe('a connection whose socket is lost', () => {
  test('lives on, and goes on by the next one', async () => {
    const line = await connected();
    const { peer, url } = line;
    const { id } = peer.connection;
    await lose(line);
    peer.connection.write('into the void');
    peer.onReconnected = () => void peer.connection.write('first');
    const second = await comeBack(url);
    expect(second.first).toEqual({ text: 'first', binary: false });
    second.webSocket.send('hello');
    await peer.until(({ text }) => text === 'hello');
    expect([peer.connection.id, peer.losses, peer.returns, peer.closings]).toEqual([id, 1, 1, []]);
  });

  test('keeps format and pause', async () => {
    const line = await connected();
    const { peer, url } = line;
    peer.connection.format = 'binary';
    peer.connection.pause();
    await lose(line);
    peer.onReconnected = () => void peer.connection.write('x');
    const { webSocket, first } = await comeBack(url);
    expect(first).toEqual({ text: 'x', binary: true });
    webSocket.send('held');
    webSocket.ping();
    await once(webSocket, 'pong');
    expect(peer.text).toBe('');
    peer.connection.resume();
    expect(peer.text).toBe('held');
  });

  test('still delivers what came, and drops what nobody took when the next one comes', async () => {
    const line = await connected();
    const { clock, peer, served, url, webSocket } = line;
    webSocket.send('taken ');
    await peer.until(({ text }) => text !== '');
    peer.connection.pause();
    webSocket.send('late ');
    webSocket.ping();
    await once(webSocket, 'pong');
    await lose(line);
    peer.connection.resume();
    expect(peer.text).toBe('taken late ');

    peer.connection.pause();
    const second = await openWebSocket(url);
    second.send('dropped');
    second.ping();
    await once(second, 'pong');
    await lose({ ...line, webSocket: second });
    const third = await openWebSocket(url);
    peer.connection.resume();
    third.send('new');
    await peer.until(({ text }) => text.endsWith('new'));
    expect(peer.text).toBe('taken late new');
    clock.advance(20_000);
    expect(peer.closings).toEqual([]);
    expect(served.said()).not.toContain('transport.not-taken');
  });

  test('ends when its client stays away, and costs nothing any more', async () => {
    const line = await connected();
    const { clock, peer, served, url } = line;
    await lose(line);
    clock.advance(14_900);
    expect(peer.closings).toEqual([]);
    clock.advance(300);
    const error = await peer.ended();
    expect(error?.message).toBe('The client lost its WebSocket and did not come back within 15000 ms (disconnectTimeout).');
    expect(await refusal(url)).toBe(gone);
    expect(clock.tasks).toBe(0);
    expect(served.said()).toEqual(['transport.stayed-away']);
  });

  test('is not ended by the time-out once its client is back', async () => {
    const line = await connected();
    const { clock, peer, url } = line;
    await lose(line);
    clock.advance(14_900);
    await openWebSocket(url);
    clock.advance(600_000);
    expect(peer.closings).toEqual([]);
    expect(clock.tasks).toBe(0);
  });

  test.each([
    ['close', (connection: Connection, error: Error) => connection.close(error)],
    ['abort', (connection: Connection, error: Error) => connection.abort(error)],
  ] as const)('%s ends it at once', async (_, end) => {
    const line = await connected();
    const { clock, peer, url } = line;
    await lose(line);
    const error = new Error('enough');
    end(peer.connection, error);
    expect(peer.closings).toEqual([]);
    end(peer.connection, error);
    await tick();
    expect(peer.closings).toEqual([error]);
    expect(await refusal(url)).toBe(gone);
    expect(clock.tasks).toBe(0);
  });

  test('ends with its endpoint, which does not wait for it', async () => {
    const line = await connected();
    await lose(line);
    await turns(5);
    await line.served.endpoint.close();
    expect(await line.peer.ended()).toBeUndefined();
    expect(line.clock.tasks).toBe(0);
  });

  test('is lost also where its client takes nothing for too long', async () => {
    const { peer, url, webSocket } = await connected({ options: { transportSendTimeout: 50, maximumQueuedBytes: 500_000_000 } });
    webSocket.pause();
    await fill(peer.connection);
    await peer.until(({ losses }) => losses === 1);
    expect(peer.closings).toEqual([]);
    await openWebSocket(url);
    await peer.until(({ returns }) => returns === 1);
  });
});

describe('a socket that takes over', () => {
  test('closes the one before, of which nothing is heard any more', async () => {
    const { peer, url, webSocket } = await connected();
    const closed = closing(webSocket);
    const second = await openWebSocket(url);
    webSocket.send('too late');
    second.send('in time');
    await peer.until(({ text }) => text !== '');
    expect(await closed).toEqual([1000, '']);
    expect([peer.text, peer.losses, peer.returns, peer.closings]).toEqual(['in time', 0, 1, []]);
  });

  test('a hundred of them leave one', async () => {
    const { clock, peer, served, url, webSocket } = await connected();
    const sockets = [webSocket, ...(await Promise.all(Array.from({ length: 100 }, () => openWebSocket(url))))];
    const isClosed = ({ readyState, CLOSED }: WebSocket): boolean => readyState === CLOSED;
    while (sockets.filter(isClosed).length < 100)
      await Promise.race(sockets.filter((socket) => !isClosed(socket)).map((socket) => once(socket, 'close')));
    const left = sockets.find((socket) => !isClosed(socket));
    peer.connection.write('you');
    expect((await message(left as WebSocket)).text).toBe('you');
    expect([peer.losses, peer.returns]).toEqual([0, 100]);
    await served.endpoint.close();
    expect(peer.closings).toEqual([undefined]);
    expect(clock.tasks).toBe(0);
  });

  test('does not wait for one that takes nothing', async () => {
    const { peer, url, webSocket } = await connected({ options: { maximumQueuedBytes: 500_000_000 } });
    webSocket.pause();
    await fill(peer.connection);
    expect(peer.connection.queued).toBeGreaterThan(0);
    peer.onReconnected = () => void peer.connection.write('new');
    expect((await comeBack(url)).first.text).toBe('new');
    const closed = closing(webSocket);
    webSocket.resume();
    expect((await closed)[0]).toBe(1006);
  });

  test('comes too late after an end', async () => {
    const { peer, url } = await connected();
    peer.connection.close();
    expect(await refusal(url)).toBe(gone);
  });

  test('leaves nobody else alone with an application that fails at it', async () => {
    const { peer, served, url } = await connected();
    peer.onReconnected = () => {
      throw new Error('no');
    };
    const second = await openWebSocket(url);
    await closing(second);
    expect((await peer.ended())?.message).toBe('no');
    expect(served.said()).toContain('transport.listener-failed');
  });
});

describe('a connection ends with its socket', () => {
  test('where the client closed it', async () => {
    const { peer, url, webSocket } = await connected();
    webSocket.close(1001);
    expect(await peer.ended()).toBeUndefined();
    expect([peer.losses, await refusal(url)]).toEqual([0, gone]);
  });

  test('where the client broke the WebSocket protocol', async () => {
    const { peer, url, webSocket } = await connected({ options: { webSockets: { maximumMessageSize: 10 } } });
    webSocket.send('more than that');
    expect(await peer.ended()).toBeInstanceOf(Error);
    expect([peer.losses, await refusal(url)]).toEqual([0, gone]);
  });

  test('where the application has not enabled it', async () => {
    const onlookers: Peer[] = [];
    const opened = (connection: Connection): void => {
      const peer = new Peer(connection);
      onlookers.push(peer);
      connection.receive(peer);
    };
    const served = await serve({ options, opened });
    const url = await negotiated(served);
    const webSocket = await openWebSocket(url);
    expect(await refusal(url)).toBe('Unexpected server response: 409');
    webSocket.terminate();
    expect(await onlookers[0]?.ended()).toBeInstanceOf(Error);
    expect(await refusal(url)).toBe(gone);
  });

  test.each([
    ['did not ask for it', 'negotiateVersion=1', options],
    ['may not', 'negotiateVersion=1&useStatefulReconnect=true', {}],
  ])('where the client %s', async (_, query, given) => {
    const peers: StatefulPeer[] = [];
    const served = await serve({ options: given, opened: (connection) => void peers.push(new StatefulPeer(connection)) });
    const { body } = await ask(`${served.hub}/negotiate?${query}`, { method: 'POST' });
    const url = `${served.hub}?id=${(JSON.parse(body) as { readonly connectionToken: string }).connectionToken}`;
    await openWebSocket(url);
    expect(peers[0]?.limits).toBeUndefined();
    expect(await refusal(url)).toBe('Unexpected server response: 409');
  });
});

test('the user stays whom the connection began with', async () => {
  let count = 0;
  const line = await connected({ options: { authenticate: () => `user ${++count}` } });
  const { user } = line.peer.connection;
  await lose(line);
  await openWebSocket(line.url);
  await line.peer.until(({ returns }) => returns === 1);
  expect(line.peer.connection.user).toBe(user);
});

describe('its telemetry', () => {
  test('is that of one connection, whatever carries it', async () => {
    const telemetry = new Told();
    const line = await connected({ telemetry });
    const { peer, url } = line;
    peer.connection.write('one');
    await message(line.webSocket);
    await lose(line);
    peer.onReconnected = () => void peer.connection.write('two');
    const { webSocket } = await comeBack(url);
    webSocket.close();
    await peer.until(({ closings }) => closings.length === 1);
    const carried = ['opened webSockets', 'wrote', 'sent 3', 'reconnected', 'wrote', 'sent 3', 'closed false'];
    expect(telemetry.lines).toEqual(['negotiated answered', ...carried]);
  });

  test('tells of a client that did not come back', async () => {
    const telemetry = new Told();
    const line = await connected({ telemetry });
    await lose(line);
    expect(telemetry.lines.slice(1)).toEqual(['opened webSockets']);
    line.clock.advance(15_200);
    expect(telemetry.lines.slice(2)).toEqual(['timedOut', 'closed false']);
  });
});

test('its client comes back also where descriptors are short, and others are refused', async () => {
  let opened = 0;
  const descriptors = { limit: () => 100, open: () => opened };
  const line = await connected({ descriptors, limits: { descriptorReserve: 10 } });
  await lose(line);
  opened = 95;
  line.clock.advance(200);
  expect(await refusal(line.served.hub)).toBe('Unexpected server response: 503');
  await openWebSocket(line.url);
  await line.peer.until(({ returns }) => returns === 1);
  expect(line.served.limits.connections).toBe(1);
});
