import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { answer } from './request.ts';
import { record, type WireSocket } from './socket.ts';

const timedOut = { type: 7, error: 'Connection closed with an error.', allowReconnect: true };
const ping = { type: 6 };

/** The id that the hub has given to this connection. */
async function idOf(socket: WireSocket): Promise<string> {
  socket.send(record({ type: 1, invocationId: 'id', target: 'Id', arguments: [] }));
  const [answered] = (await socket.upTo(1)) as { result: string }[];
  return answered?.result ?? '';
}

interface Question {
  readonly type: 1;
  readonly invocationId: string;
}

function closes(test: WireTest): void {
  test.for([
    { name: 'a plain close message', message: { type: 7 } },
    { name: 'a close message with an error', message: { type: 7, error: 'gone', allowReconnect: true } },
  ])('$name is answered in kind', async ({ message }, { connect }) => {
    const socket = await connect('/hub');
    socket.send(record(message));
    expect(await socket.rest()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });

  test('whatever code the client closes with, the answer is 1000', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.close(3001);
    expect((await socket.rest()).code).toBe(1000);
  });

  test('a connection that the hub aborts is closed without an error', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(record({ type: 1, target: 'Abort', arguments: [] }));
    expect(await socket.rest()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });
}

function times(test: WireTest, server: InteropServer): void {
  test('pings come each interval, whatever else is sent', async ({ connect }) => {
    const socket = await connect('/fast');
    for (let i = 0; i < 3; i++) {
      expect(await socket.upTo(1)).toEqual([ping]);
      expect(await socket.settle()).toEqual([]);
    }
  });

  test("a client's first ping arms the time-out, and anything that it sends prolongs it", async ({ connect }) => {
    const [pinged, busy] = await Promise.all([connect('/fast'), connect('/fast')]);
    for (const socket of [pinged, busy]) socket.send(record(ping));
    // Five server pings are more than the three seconds of the time-out.
    for (let i = 0; i < 5; i++) {
      expect(await busy.upTo(1)).toEqual([ping]);
      expect(await busy.settle()).toEqual([]);
    }
    const { messages, code } = await pinged.rest();
    expect({ last: messages.at(-1), code }).toEqual({ last: timedOut, code: 1000 });
    expect(messages.slice(0, -1)).toEqual(messages.slice(1).map(() => ping));
  });

  test('a client that never pings stays, as long as its WebSocket answers', async ({ connect }) => {
    const socket = await connect('/fast');
    expect(await socket.upTo(5)).toEqual([ping, ping, ping, ping, ping]);
    expect(await socket.settle()).toEqual([]);
  });

  test('a client of which nothing is heard', async ({ connect }) => {
    const socket = await connect('/fast', { autoPong: false });
    const messages = await socket.upTo(8);
    expect(messages.length).toBeGreaterThan(3);
    expect(messages.length === 8 ? 'stays' : 'is dropped').toBe(
      server.differs('silentClient', { aspnetcore: 'stays', signalbox: 'is dropped' }),
    );
  });
}

function questions(test: WireTest, server: InteropServer): void {
  test('a client is asked by a numbered call, and its answer is a completion', async ({ connect }) => {
    const socket = await connect('/hub');
    const reply = answer(`${server.url}/ask/${await idOf(socket)}?question=how`);
    const [question] = (await socket.upTo(1)) as Question[];
    expect(question).toEqual({ type: 1, invocationId: expect.stringMatching(/^s\d+$/), target: 'ask', arguments: ['how'] });
    socket.send(record({ type: 3, invocationId: question?.invocationId, result: 42 }));
    expect(JSON.parse((await reply).body)).toEqual({ answer: 42 });
  });

  test('an answer with neither result nor error', async ({ connect }) => {
    const socket = await connect('/hub');
    const reply = answer(`${server.url}/ask/${await idOf(socket)}?question=how`);
    const [question] = (await socket.upTo(1)) as Question[];
    socket.send(record({ type: 3, invocationId: question?.invocationId }));
    expect(JSON.parse((await reply).body)).toEqual({
      error: server.differs('emptyAnswer', {
        aspnetcore: "Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown.",
        signalbox: expect.stringMatching(/\S/),
      }),
    });
  });

  test('a client that answers for another one is closed, and the other can still answer', async ({ connect }) => {
    const [asked, intruder] = await Promise.all([connect('/hub'), connect('/hub')]);
    const reply = answer(`${server.url}/ask/${await idOf(asked)}?question=how`);
    const [question] = (await asked.upTo(1)) as Question[];
    intruder.send(record({ type: 3, invocationId: question?.invocationId, result: 1 }));
    expect(await intruder.rest()).toEqual({ messages: [timedOut], code: 1000 });
    asked.send(record({ type: 3, invocationId: question?.invocationId, result: 2 }));
    expect(JSON.parse((await reply).body)).toEqual({ answer: 2 });
  });
}

export function endings(test: WireTest, server: InteropServer): void {
  describe('closing', () => closes(test));
  describe('keep-alive', () => times(test, server));
  describe('client results', () => questions(test, server));
}
