import { describe, expect } from 'vitest';
import { binary, clientTest as test, negotiate, slow } from './clients/fixtures.ts';
import { HttpSession } from './clients/http-session.ts';
import { handshake, json, wholeMessages } from './clients/strict-socket.ts';

/** The Swift client's habits, played from what its sources say. */

/** Its encoder has fields in any order, escapes slashes, and always writes the stream ids. */
const call = (target: string, args: string, invocationId = '1'): string =>
  json(`{"streamIds":[],"arguments":${args},"invocationId":"${invocationId}","type":1,"target":"${target}"}`);
/** Always with a result, null beside an error. */
const completion = (invocationId: string | undefined, result: string, error?: string): string =>
  json(`{"result":${result},${error === undefined ? '' : `"error":"${error}",`}"type":3,"invocationId":"${invocationId}"}`);
const result = (value: unknown, invocationId = '1'): object => ({ type: 3, invocationId, result: value });

interface Question {
  readonly invocationId: string;
}

describe('the Swift client over WebSockets', () => {
  test('writes fields in any order and escapes slashes', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(call('Echo', '["a\\/b"]'));
    expect(await socket.messages(1)).toEqual([result('a/b')]);
  });

  test('says in a text frame that binary ones of MessagePack follow', async ({ open }) => {
    const socket = await open('/hub');
    expect(await socket.handshake('messagepack', { binary: false })).toEqual({ binary: true, bytes: Buffer.from(json({})) });
    socket.send(binary([1, {}, '1', 'Echo', ['a'], []]));
    const { binary: isBinary, bytes } = await socket.frame();
    expect([isBinary, wholeMessages(bytes, 'messagepack')]).toEqual([true, [[3, {}, '1', 3, 'a']]]);
  });

  test.for([
    ['a text', '"yes"', undefined, { result: { answered: 'yes' } }],
    ['null', 'null', undefined, { result: { answered: null } }],
    [
      'an error, with a null beside',
      'null',
      'No handler registered for method: answer',
      { error: expect.stringContaining('No handler registered') },
    ],
  ] as const)('gives as a client result %s, and stays connected', async ([, value, error, answer], { connect }) => {
    const socket = await connect('/hubd');
    socket.send(call('Ask', '["well?"]'));
    const [question] = (await socket.messages(1)) as Question[];
    socket.send(completion(question?.invocationId, value, error));
    expect(await socket.messages(1)).toEqual([{ type: 3, invocationId: '1', ...answer }]);
    socket.send(call('Echo', '["still here"]', '2'));
    expect(await socket.messages(1)).toEqual([result('still here', '2')]);
  });

  test('gives a client result of nothing in MessagePack as null', async ({ connect }) => {
    const socket = await connect('/hubd', 'messagepack');
    socket.send(binary([1, {}, '1', 'Ask', ['well?'], []]));
    const [question] = (await socket.messages(1)) as [unknown, unknown, string][];
    socket.send(binary([3, {}, question?.[2], 3, null]));
    expect(await socket.messages(1)).toEqual([[3, {}, '1', 3, { answered: null }]]);
  });

  test.for([
    ['a completion that has a result', undefined, { result: 'xy' }],
    ['an error, with a null beside', 'no more', { error: expect.stringMatching(/HubException: no more$/) }],
  ] as const)('ends an upload by %s', async ([, error, answer], { connect }) => {
    const socket = await connect('/testhub');
    const items = ['x', 'y'].map((item) => `{"item":"${item}","type":2,"invocationId":"1"}`);
    socket.send(json('{"streamIds":["1"],"arguments":[],"invocationId":"2","type":1,"target":"StreamingConcat"}', ...items));
    socket.send(completion('1', 'null', error));
    expect(await socket.messages(1)).toEqual([{ type: 3, invocationId: '2', ...answer }]);
  });

  test('ends an upload in MessagePack by a result of nil', async ({ connect }) => {
    const socket = await connect('/testhub', 'messagepack');
    socket.send(binary([1, {}, '2', 'StreamingConcat', [], ['1']], [2, {}, '1', 'x'], [3, {}, '1', 3, null]));
    expect(await socket.messages(1)).toEqual([[3, {}, '2', 3, 'x']]);
  });

  test('says nothing when a handler of a client result fails: the call ends by its time-out', async ({ connect, host }) => {
    const socket = await connect('/hubd');
    socket.send(call('Ask', '["well?"]'));
    await socket.messages(1);
    host.advance(31_000);
    const messages = (await socket.messages(3)) as { type: number; error?: string }[];
    expect(messages.filter(({ type }) => type !== 6)).toEqual([{ type: 3, invocationId: '1', error: expect.stringContaining('Ask') }]);
  });

  test('stops without a word, and is gone for the hub', async ({ ask, connect }) => {
    const socket = await connect('/testhub');
    socket.send(call('GetCallerConnectionId', '[]'));
    const [answer] = (await socket.messages(1)) as { result: string }[];
    socket.close();
    await expect.poll(async () => (await ask(`/clientresult/${answer?.result}`)).body.toString(), slow).toMatch(/does not exist/);
  });

  test('is closed without its doing, because it ignores close messages', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(call('Abort', '[]'));
    expect(await socket.end()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });

  test('is never told that stateful reconnect is there unless it asks', async ({ ask }) => {
    expect(await negotiate(ask, '/stateful')).not.toHaveProperty('useStatefulReconnect');
  });
});

describe('the Swift client without WebSockets', () => {
  test('opens an event stream with its token in the query, and drops it when it stops', async ({ host }) => {
    const token = host.known['accessToken'] ?? '';
    const headers = { Authorization: `Bearer ${token}` };
    const session = await HttpSession.negotiate(`${host.url}/authorizedhub`, { headers });
    const listening = new HttpSession(session.url);
    const events = await listening.events(`&access_token=${token}`);
    expect((await events.next()).value).toBe('');
    await session.send(handshake('json') + call('Echo', '["a"]'), { 'Content-Type': 'text/plain;charset=UTF-8' });
    let came = '';
    while (!came.includes('"a"')) came += (await events.next()).value ?? '';
    expect(came).toBe(json({}, result('a')));
    listening.cut();
    await expect.poll(async () => (await session.send('x')).status, slow).toBe(404);
  });

  test('polls until it is told to stop: the poll that waits ends with its DELETE, and the one behind a close message with 204', async ({
    host,
  }) => {
    const leaving = await HttpSession.poll(`${host.url}/hub`, { pollQuery: '&_=1' });
    const poll = leaving.poll();
    await host.roundTrip();
    expect((await leaving.delete()).status).toBe(202);
    expect([200, 204]).toContain((await poll).status);

    const told = await HttpSession.poll(`${host.url}/hub`, { pollQuery: '&_=1' });
    await told.send(call('Abort', '[]'));
    expect(await told.messages(1)).toEqual([{ type: 7 }]);
    expect((await told.poll()).status).toBe(204);
  });

  test('cancels the poll before its DELETE', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`);
    const again = new HttpSession(session.url);
    const poll = session.poll().catch(() => 'cancelled');
    await host.roundTrip();
    session.cut();
    expect(await poll).toBe('cancelled');
    expect((await again.delete()).status).toBe(202);
  });
});
