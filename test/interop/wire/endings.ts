import { describe, expect } from 'vitest';
import type { InteropServer } from '../servers.ts';
import { fresh } from '../fixtures.ts';
import type { WireTest } from './fixtures.ts';
import { PolledConnection } from './polling.ts';
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

  test('whatever code the client closes with, or none, the answer is 1000', async ({ connect }) => {
    const sockets = await Promise.all([connect('/hub'), connect('/hub')]);
    sockets[0]?.close(3001);
    sockets[1]?.close();
    // Whether a close message comes before is a matter of moments on the reference server.
    const ends = await Promise.all(sockets.map((socket) => socket.rest()));
    expect(ends.map(({ code, reason }) => ({ code, reason }))).toEqual([{ code: 1000 }, { code: 1000 }]);
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

  test('neither WebSocket pings nor a running method prolong it', async ({ connect }) => {
    const [answered, waiting] = await Promise.all([connect('/fast'), connect('/fast-detailed')]);
    waiting.send(record({ type: 1, invocationId: '1', target: 'Gate', arguments: [fresh('never opened')] }));
    for (const socket of [answered, waiting]) socket.send(record(ping));
    const answeredLast = async (): Promise<unknown> => {
      for (;;) {
        const [message] = await answered.upTo(1);
        if (JSON.stringify(message) !== JSON.stringify(ping)) return message;
        await answered.ping();
      }
    };
    const detail = server.differs('libraryWords', {
      aspnetcore: "OperationCanceledException: Client hasn't sent a message/ping within the configured ClientTimeoutInterval.",
      signalbox: expect.stringMatching(/^OperationCanceledException: \S/),
    });
    const [last, { messages, code }] = await Promise.all([answeredLast(), waiting.rest()]);
    expect(last).toEqual(timedOut);
    expect(code).toBe(1000);
    const close = messages.at(-1) as { error: string };
    expect({ ...close, error: timedOut.error }).toEqual(timedOut);
    expect(close.error.slice(timedOut.error.length + 1)).toEqual(detail);
  });

  test('polls are not pinged, and do not stand for a ping', async () => {
    const [idle, pinged] = await Promise.all([
      PolledConnection.connect(`${server.url}/fast`),
      PolledConnection.connect(`${server.url}/fast`),
    ]);
    await pinged.send(record(ping));
    const nothing = { status: 200, contentType: 'text/plain', body: '' };
    const silence = async (): Promise<void> => {
      // Two polls take longer than a client that pinged has.
      expect([await idle.poll(), await idle.poll()]).toEqual([nothing, nothing]);
    };
    const [last] = await Promise.all([pinged.pollForData(), silence()]);
    expect(last).toMatchObject({ status: 200, body: record(timedOut) });
    expect(await pinged.poll()).toMatchObject({ status: 204 });
  });

  test('a polling client that does not shake hands hears of it', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/fast`);
    expect(await connection.pollForData()).toMatchObject({ status: 200, body: record({ error: 'Handshake was canceled.' }) });
    expect(await connection.poll()).toMatchObject({ status: 204 });
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

  test('questions are numbered over the whole hub', async ({ connect }) => {
    const sockets = await Promise.all([connect('/hub'), connect('/hub')]);
    const numbers: number[] = [];
    for (const socket of sockets) {
      const reply = answer(`${server.url}/ask/${await idOf(socket)}?question=how`);
      const [question] = (await socket.upTo(1)) as Question[];
      numbers.push(Number(question?.invocationId.slice(1)));
      socket.send(record({ type: 3, invocationId: question?.invocationId, result: 1 }));
      await reply;
    }
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? NaN);
  });

  test('an answer with both result and error ends the connection, and the question with it', async ({ connect }) => {
    const socket = await connect('/hub');
    const id = await idOf(socket);
    const reply = answer(`${server.url}/ask/${id}?question=how`);
    const [question] = (await socket.upTo(1)) as Question[];
    socket.send(record({ type: 3, invocationId: question?.invocationId, result: 1, error: 'x' }));
    expect(await socket.rest()).toEqual({ messages: [timedOut], code: 1000 });
    expect(JSON.parse((await reply).body)).toEqual({ error: `Connection '${id}' disconnected.` });
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

  test('detailed errors say what is wrong with an answer for another client, and that a client is gone', async ({ connect }) => {
    const [asking, asked, intruder] = await Promise.all([connect('/detailed'), connect('/detailed'), connect('/detailed')]);
    const [id, intruderId] = await Promise.all([idOf(asked), idOf(intruder)]);
    asking.send(record({ type: 1, invocationId: '1', target: 'AskClient', arguments: [id, 'how'] }));
    const [question] = (await asked.upTo(1)) as Question[];
    const invocationId = question?.invocationId;
    intruder.send(record({ type: 3, invocationId, result: 1 }));
    const intrusion = server.differs('ownErrors', {
      aspnetcore: `InvalidOperationException: Connection ID '${intruderId}' is not valid for invocation ID '${invocationId}'.`,
      signalbox: `Error: The client answered invocation '${invocationId}', which it was not asked.`,
    });
    expect(await intruder.rest()).toEqual({ messages: [{ ...timedOut, error: `${timedOut.error} ${intrusion}` }], code: 1000 });
    asked.cut();
    const gone = `${server.differs('ownErrors', { aspnetcore: 'IOException', signalbox: 'SignalboxError' })}: Connection '${id}' disconnected.`;
    const error = `An unexpected error occurred invoking 'AskClient' on the server. ${gone}`;
    expect(await asking.upTo(1)).toEqual([{ type: 3, invocationId: '1', error }]);
  });

  test('an answer with an error, and a result that is null', async ({ connect }) => {
    const socket = await connect('/hub');
    const reply = answer(`${server.url}/ask/${await idOf(socket)}?question=how`);
    const [question] = (await socket.upTo(1)) as Question[];
    socket.send(record({ type: 3, invocationId: question?.invocationId, error: 'will not say', result: null }));
    const error = server.differs('nullBesideError', {
      aspnetcore: expect.stringMatching(/^Error trying to deserialize result to Int32\. /),
      signalbox: 'will not say',
    });
    expect(JSON.parse((await reply).body)).toEqual({ error });
  });
}

export function endings(test: WireTest, server: InteropServer): void {
  describe('closing', () => closes(test));
  describe('keep-alive', () => times(test, server));
  describe('client results', () => questions(test, server));
}
