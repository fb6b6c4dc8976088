import { describe, expect } from 'vitest';
import { eventually } from '../../eventually.ts';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { answer, upgrade } from './request.ts';
import { record, WireSocket } from './socket.ts';

const path = '/stateful';
const negotiation = '/negotiate?negotiateVersion=1&useStatefulReconnect=true';
const unknown = { status: 404, contentType: undefined, body: 'No Connection with that ID' };
const closedWithError = { type: 7, error: 'Connection closed with an error.', allowReconnect: true };

const handshake = (version: number): string => record({ protocol: 'json', version });
const call = (id: number, target = 'Text', args: readonly unknown[] = [String(id)]): string =>
  record({ type: 1, invocationId: String(id), target, arguments: args });
const result = (id: number): object => ({ type: 3, invocationId: String(id), result: String(id) });
const sequence = (sequenceId: number): string => record({ type: 9, sequenceId });
const ack = (sequenceId: number): string => record({ type: 8, sequenceId });

/** A negotiated session, whose sockets end with the test. */
interface Session {
  /** Where its WebSockets go. */
  readonly url: string;
  /** Another WebSocket. */
  open(): Promise<WireSocket>;
  /** The first one, with its handshake done. */
  connect(version?: number): Promise<WireSocket>;
  /** What an upgrade is answered. */
  refusal(): Promise<unknown>;
}

type OnTestFinished = (close: () => void) => void;

async function negotiated(server: InteropServer, onTestFinished: OnTestFinished, query = ''): Promise<Session> {
  const { body } = await answer(`${server.url}${path}${negotiation}`, { method: 'POST' });
  const { connectionToken } = JSON.parse(body) as { connectionToken: string };
  const url = `${server.url}${path}?id=${connectionToken}${query}`;
  const open = async (): Promise<WireSocket> => {
    const socket = await WireSocket.open(url);
    onTestFinished(() => socket.cut());
    return socket;
  };
  const connect = async (version = 2): Promise<WireSocket> => {
    const socket = await open();
    socket.send(handshake(version));
    expect(await socket.upTo(1)).toEqual([{}]);
    return socket;
  };
  return { url, open, connect, refusal: () => answer(url, { headers: upgrade }) };
}

/** Cuts, and comes back when the server has noticed: the reference server loses whoever comes earlier. */
async function cutAndOpen(session: Session, socket: WireSocket): Promise<WireSocket> {
  socket.cut();
  for (;;) {
    try {
      return await session.open();
    } catch (error) {
      if (!(error as Error).message.includes('409')) throw error;
    }
  }
}

function negotiating(test: WireTest, server: InteropServer): void {
  const offered: readonly (readonly [string, string, boolean])[] = [
    ['/stateful', 'useStatefulReconnect=true', true],
    ['/stateful', 'USESTATEFULRECONNECT=True', true],
    ['/stateful', 'useStatefulReconnect=false', false],
    ['/stateful', 'useStatefulReconnect=1', false],
    ['/stateful', 'useStatefulReconnect=', false],
    ['/stateful', '', false],
    ['/hub', 'useStatefulReconnect=true', false],
  ];
  test.for(offered)('%s?%s is offered it: %s', async ([endpoint, query, expected]) => {
    const { body } = await answer(`${server.url}${endpoint}/negotiate?negotiateVersion=1&${query}`, { method: 'POST' });
    expect(body.startsWith(expected ? '{"useStatefulReconnect":true,"negotiateVersion":1,' : '{"negotiateVersion":1,')).toBe(true);
  });

  test('whether it is offered in negotiate version 0 differs', async () => {
    const { body } = await answer(`${server.url}${path}/negotiate?useStatefulReconnect=true`, { method: 'POST' });
    const offer = server.differs('publicToken', { aspnetcore: '"useStatefulReconnect":true,', signalbox: '' });
    expect(body.startsWith(`{${offer}"negotiateVersion":0,"connectionId":`)).toBe(true);
  });
}

function counting(test: WireTest, server: InteropServer): void {
  test('acks come about a second after what they are for, and only then', async ({ onTestFinished }) => {
    const socket = await (await negotiated(server, onTestFinished)).connect();
    socket.send(call(1) + call(2) + record({ type: 6 }));
    expect(await socket.upTo(3)).toEqual([result(1), result(2), { type: 8, sequenceId: 2 }]);
    socket.send(call(3));
    expect(await socket.upTo(2)).toEqual([result(3), { type: 8, sequenceId: 3 }]);
  });

  test('what was not acknowledged comes again on the next socket, behind its number', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(call(1) + call(2) + call(3));
    expect(await first.upTo(3)).toEqual([result(1), result(2), result(3)]);
    first.send(ack(1) + call(4));
    expect(await first.upTo(1)).toEqual([result(4)]);
    const second = await cutAndOpen(session, first);
    expect(await second.upTo(4)).toEqual([{ type: 9, sequenceId: 2 }, result(2), result(3), result(4)]);
    second.send(sequence(5) + call(5));
    expect(await second.upTo(1)).toEqual([result(5)]);
  });

  test('where all was acknowledged, the number of the next one comes alone', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(call(1) + call(2));
    expect(await first.upTo(2)).toEqual([result(1), result(2)]);
    first.send(ack(2) + call(3));
    expect(await first.upTo(1)).toEqual([result(3)]);
    first.send(ack(3) + call(4));
    expect(await first.upTo(1)).toEqual([result(4)]);
    const second = await cutAndOpen(session, first);
    expect(await second.upTo(2)).toEqual([{ type: 9, sequenceId: 4 }, result(4)]);
    second.send(ack(4) + sequence(5));
    expect(await second.settle()).toEqual([]);
  });

  test('what the client repeats is dropped', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(call(1) + call(2));
    expect(await first.upTo(2)).toEqual([result(1), result(2)]);
    first.send(ack(2) + call(3));
    expect(await first.upTo(1)).toEqual([result(3)]);
    const second = await cutAndOpen(session, first);
    expect(await second.upTo(2)).toEqual([{ type: 9, sequenceId: 3 }, result(3)]);
    second.send(sequence(2) + call(2) + call(3) + call(4));
    expect(await second.upTo(1)).toEqual([result(4)]);
  });

  test('pings do not count', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(record({ type: 6 }) + call(1) + record({ type: 6 }));
    expect(await first.upTo(1)).toEqual([result(1)]);
    const second = await cutAndOpen(session, first);
    expect(await second.upTo(2)).toEqual([{ type: 9, sequenceId: 1 }, result(1)]);
    second.send(sequence(2) + call(2));
    expect(await second.upTo(1)).toEqual([result(2)]);
  });

  test('what ends while nobody is there follows', async ({ onTestFinished }) => {
    const [session, other] = await Promise.all([negotiated(server, onTestFinished), negotiated(server, onTestFinished)]);
    const [first, opener] = await Promise.all([session.connect(), other.connect()]);
    const gate = `gate of ${session.url}`;
    first.send(call(1, 'Gate', [gate]));
    expect(await first.upTo(1)).toEqual([{ type: 1, target: 'entered', arguments: [gate] }]);
    first.cut();
    opener.send(call(1, 'Open', [gate]));
    await opener.upTo(1);
    const second = await session.open();
    expect(await second.upTo(3)).toEqual([
      { type: 9, sequenceId: 1 },
      { type: 1, target: 'entered', arguments: [gate] },
      { type: 3, invocationId: '1', result: gate },
    ]);
  });

  test('the half of a message that came by the last socket', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(call(1) + call(2).slice(0, 20));
    expect(await first.upTo(1)).toEqual([result(1)]);
    const second = await cutAndOpen(session, first);
    second.send(sequence(2) + call(2));
    const came = await second.upTo(3);
    const head = [{ type: 9, sequenceId: 1 }, result(1)];
    expect(came).toEqual(server.differs('halfMessage', { aspnetcore: [...head, closedWithError], signalbox: [...head, result(2)] }));
  });
}

function ending(test: WireTest, server: InteropServer): void {
  test('a poll is refused on the id of a lost WebSocket, and a send too', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.cut();
    expect(await answer(session.url)).toMatchObject({ status: 400, body: 'Cannot change transports mid-connection' });
    expect(await answer(session.url, { method: 'POST' })).toMatchObject({ status: 405 });
  });

  test('a WebSocket that comes while another looks alive', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(call(1));
    expect(await first.upTo(1)).toEqual([result(1)]);
    const second = await session.open().then(
      (socket) => socket.upTo(2),
      (error: unknown) => (error as Error).message,
    );
    expect(second).toEqual(
      server.differs<unknown>('takeOver', {
        aspnetcore: 'Unexpected server response: 404',
        signalbox: [{ type: 9, sequenceId: 1 }, result(1)],
      }),
    );
    expect((await first.rest()).code).toBe(1000);
  });

  test('after version 1 of the hub protocol nobody comes back', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect(1);
    first.send(call(1) + ack(7) + sequence(9));
    expect(await first.upTo(1)).toEqual([result(1)]);
    expect(await first.settle()).toEqual([]);
    first.cut();
    await eventually(async () => expect(await session.refusal()).toEqual(unknown));
  });

  test('without negotiation, or without asking for it, version 2 counts nothing', async ({ open }) => {
    const socket = await open(path);
    socket.send(handshake(2) + call(1) + ack(7) + sequence(9));
    expect(await socket.upTo(2)).toEqual([{}, result(1)]);
    expect(await socket.settle()).toEqual([]);
  });

  test.for([
    ['a close message of the client', record({ type: 7 })],
    ['an abort of the hub', record({ type: 1, target: 'Abort', arguments: [] })],
  ] as const)('%s ends the session', async ([, message], { onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.send(message);
    expect(await first.rest()).toEqual({ messages: [{ type: 7 }], code: 1000 });
    await eventually(async () => expect(await session.refusal()).toEqual(unknown));
  });

  test('a close frame of the client ends the session', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const first = await session.connect();
    first.close(1001);
    await first.rest();
    await eventually(async () => expect(await session.refusal()).toEqual(unknown));
  });
}

/** What no client says. */
function nonsense(test: WireTest, server: InteropServer): void {
  test('a number behind those that came ends the connection', async ({ onTestFinished }) => {
    const session = await negotiated(server, onTestFinished);
    const socket = await session.connect();
    socket.send(call(1) + sequence(3) + call(3));
    expect(await socket.rest()).toEqual({ messages: [result(1), closedWithError], code: 1000 });
    await eventually(async () => expect(await session.refusal()).toEqual(unknown));
  });

  test.for([sequence(0), sequence(-5)])('%s', async (message, { onTestFinished }) => {
    const socket = await (await negotiated(server, onTestFinished)).connect();
    socket.send(message + call(1));
    expect(await socket.upTo(1)).toEqual(
      server.differs<readonly object[]>('numberBelowOne', { aspnetcore: [result(1)], signalbox: [closedWithError] }),
    );
  });

  test('an ack of what was never sent', async ({ onTestFinished }) => {
    const socket = await (await negotiated(server, onTestFinished)).connect();
    socket.send(ack(1) + call(1));
    expect(await socket.upTo(1)).toEqual(
      server.differs<readonly object[]>('ackOfNothing', { aspnetcore: [result(1)], signalbox: [closedWithError] }),
    );
  });

  test.for(['{"type":8,"sequenceId":1.5}', '{"type":8,"sequenceId":"1"}', '{"type":9,"sequenceId":null}', '{"type":9}'])(
    '%s ends the connection',
    async (message, { onTestFinished }) => {
      const socket = await (await negotiated(server, onTestFinished)).connect();
      socket.send(record(message));
      expect(await socket.rest()).toEqual({ messages: [closedWithError], code: 1000 });
    },
  );

  test('an ack that came before is nothing new', async ({ onTestFinished }) => {
    const socket = await (await negotiated(server, onTestFinished)).connect();
    socket.send(call(1) + call(2));
    await socket.upTo(2);
    socket.send(ack(2) + ack(1) + ack(0) + call(3));
    expect(await socket.upTo(1)).toEqual([result(3)]);
  });
}

export function statefulReconnect(test: WireTest, server: InteropServer): void {
  describe('stateful reconnect', () => {
    negotiating(test, server);
    counting(test, server);
    ending(test, server);
    nonsense(test, server);
  });
}
