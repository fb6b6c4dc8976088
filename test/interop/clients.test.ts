import { describe, expect } from 'vitest';
import { binary, clientTest as test, negotiate, slow } from './clients/fixtures.ts';
import { HttpSession } from './clients/http-session.ts';
import { handshake, json, wholeMessages } from './clients/strict-socket.ts';

/** What every official client needs of a server, whatever its language: the page docs/clients.md names the clients behind each. */

const protocols = ['json', 'messagepack'] as const;
const call = (target: string, args: readonly unknown[] = [], invocationId = '1'): object => ({
  type: 1,
  invocationId,
  target,
  arguments: args,
});
const result = (value: unknown, invocationId = '1'): object => ({ type: 3, invocationId, result: value });
const ping = { type: 6 };

const encoded = (message: object, protocol: (typeof protocols)[number]): Buffer =>
  protocol === 'json' ? Buffer.from(json(message)) : binary(message as unknown[]);

/** Names of properties with null at the top of a message. */
const nulls = (message: unknown): string[] =>
  Object.entries(message as object)
    .filter(([, value]) => value === null)
    .map(([name]) => name);

describe('negotiation', () => {
  const availableTransports = [
    { transport: 'WebSockets', transferFormats: ['Text', 'Binary'] },
    { transport: 'ServerSentEvents', transferFormats: ['Text'] },
    { transport: 'LongPolling', transferFormats: ['Text', 'Binary'] },
  ];

  test('has the exact names that clients look for, and nothing about stateful reconnect unless it was asked for', async ({ ask }) => {
    const { status, body } = await ask('/hub/negotiate?negotiateVersion=1', { method: 'POST' });
    expect(status).toBe(200);
    const id = expect.any(String);
    expect(JSON.parse(body.toString())).toStrictEqual({ negotiateVersion: 1, connectionId: id, connectionToken: id, availableTransports });
  });

  test('without a version, gives an id alone that a connection is asked for by', async ({ ask, open }) => {
    const { body } = await ask('/hub/negotiate', { method: 'POST' });
    const answer = JSON.parse(body.toString()) as { connectionId: string };
    expect(answer).toStrictEqual({ negotiateVersion: 0, connectionId: expect.any(String), availableTransports });
    await (await open(`/hub?id=${answer.connectionId}`)).handshake('json');
  });

  test('gives tokens that stand in a query as they are, and have no "_=" to be cut at', async ({ ask }) => {
    const tokens = await Promise.all(Array.from({ length: 200 }, () => negotiate(ask, '/hub')));
    for (const { connectionId, connectionToken } of tokens) expect(connectionId + connectionToken).toMatch(/^[\w-]+$/);
  });

  test('that nothing follows is forgotten', async ({ ask, host }) => {
    const { connectionToken } = await negotiate(ask, '/hub');
    host.advance(14_000);
    expect(await ask(`/hub?id=${connectionToken}`, { method: 'POST' })).toMatchObject({ status: 200 });
    host.advance(3_000);
    expect(await ask(`/hub?id=${connectionToken}`, { method: 'POST' })).toMatchObject({ status: 404 });
  });

  test('looks at no content type, nor do sends', async ({ host, ask }) => {
    const bare = await HttpSession.poll(`${host.url}/hub`, { protocol: 'messagepack' });
    for (const headers of [{}, { 'Content-Type': 'text/plain' }, { 'Content-Type': 'application/json; charset=utf-8' }]) {
      expect((await ask('/hub/negotiate?negotiateVersion=1', { method: 'POST', headers })).status).toBe(200);
      expect((await bare.send(binary([1, {}, '1', 'Echo', ['a'], []]), headers)).status).toBe(200);
      expect(await bare.messages(1)).toEqual([[3, {}, '1', 3, 'a']]);
    }
  });
});

describe('tokens', () => {
  test.for([
    ['in the header', (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
    ['in the query', (token: string) => ({ query: `&access_token=${token}` })],
    [
      'in the header, whatever the query has',
      (token: string) => ({ headers: { Authorization: `Bearer ${token}` }, query: '&access_token=bad' }),
    ],
  ] as const)('are taken %s', async ([, place], { ask, host }) => {
    const { headers = {}, query = '' }: { headers?: Record<string, string>; query?: string } = place(host.known['accessToken'] ?? '');
    expect((await ask(`/authorizedhub/negotiate?negotiateVersion=1${query}`, { method: 'POST', headers })).status).toBe(200);
  });

  test('in the header count before those in the query', async ({ ask, host }) => {
    const path = `/authorizedhub/negotiate?negotiateVersion=1&access_token=${host.known['accessToken']}`;
    expect((await ask(path, { method: 'POST', headers: { Authorization: 'Bearer bad' } })).status).toBe(401);
  });
});

describe('frames', () => {
  for (const protocol of protocols) {
    const message = protocol === 'json' ? json(call('Echo', ['a'])) : binary([1, {}, '1', 'Echo', ['a'], []]);
    const answer = protocol === 'json' ? result('a') : [3, {}, '1', 3, 'a'];

    test.for([
      { shaking: false, speaking: false },
      { shaking: false, speaking: true },
      { shaking: true, speaking: false },
      { shaking: true, speaking: true },
    ])(`of either type bring ${protocol} (%j), which answers in its own`, async ({ shaking, speaking }, { open }) => {
      const socket = await open('/hub');
      expect((await socket.handshake(protocol, { binary: shaking })).binary).toBe(protocol === 'messagepack');
      socket.send(message, { binary: speaking });
      const frame = await socket.frame();
      expect(frame.binary).toBe(protocol === 'messagepack');
      expect(wholeMessages(frame.bytes, protocol)).toEqual([answer]);
    });

    test(`may cut ${protocol} anywhere, and hold many messages`, async ({ open }) => {
      const socket = await open('/hub');
      const sent = Buffer.concat([Buffer.from(handshake(protocol)), Buffer.from(message), Buffer.from(message)]);
      // Each byte a fragment or a WebSocket message of its own, in turns.
      sent.forEach((byte, i) => socket.send(Buffer.of(byte), { binary: true, fin: i % 3 === 2 || i === sent.length - 1 }));
      let came = Buffer.alloc(0);
      const whole = Buffer.concat([Buffer.from(json({})), ...[answer, answer].map((one) => encoded(one, protocol))]);
      while (came.length < whole.length) came = Buffer.concat([came, (await socket.frame()).bytes]);
      expect(came).toEqual(whole);
    });
  }

  test('a POST may hold many messages or a part of one', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`);
    const sent = json(call('Echo', ['a']), call('Echo', ['b'], '2'));
    for (const part of [sent.slice(0, 20), sent.slice(20, 90), sent.slice(90)]) await session.send(part);
    expect(await session.messages(2)).toEqual([result('a'), result('b', '2')]);
  });

  test('hub messages come whole: in every WebSocket message, event and poll', async ({ host, connect }) => {
    const count = 40;
    const calls = Array.from({ length: count }, (_, i) => call('Echo', ['x'.repeat(i * 500)], String(i)));
    const answers = calls.map((_, i) => result('x'.repeat(i * 500), String(i)));
    const socket = await connect('/hub');
    const polled = await HttpSession.poll(`${host.url}/hub`);
    const streamed = await HttpSession.negotiate(`${host.url}/hub`);
    const events = await streamed.events();
    await events.next();
    await streamed.send(handshake('json'));
    await events.next();
    const sent = Promise.all(
      [polled, streamed].map(async (session) => {
        for (const one of calls) await session.send(json(one));
      }),
    );
    for (const one of calls) socket.send(json(one));
    // What reads here fails for a part of a message.
    expect(await socket.messages(count)).toEqual(answers);
    const streaming: unknown[] = [];
    const reading = polled.messages(count);
    while (streaming.length < count) streaming.push(...wholeMessages(Buffer.from((await events.next()).value ?? ''), 'json'));
    expect(streaming).toEqual(answers);
    expect(await reading).toEqual(answers);
    await sent;
    streamed.cut();
  });
});

describe('hub messages in JSON', () => {
  test.for([
    ['a result', call('Echo', ['a']), result('a')],
    ['a result of null', call('Echo', [null]), result(null)],
    ['a call without a result', call('InvokeWithString', ['a']), { type: 1, target: 'Message', arguments: ['a'] }],
    [
      'an error',
      call('ThrowException', ['bad']),
      {
        type: 3,
        invocationId: '1',
        error: "An unexpected error occurred invoking 'ThrowException' on the server. InvalidOperationException: bad",
      },
    ],
    ['an item', { type: 4, invocationId: '1', target: 'Stream', arguments: [] }, { type: 2, invocationId: '1', item: 'a' }],
    ['the end of a stream', { type: 4, invocationId: '1', target: 'EmptyStream', arguments: [] }, { type: 3, invocationId: '1' }],
    ['the end', { type: 7 }, { type: 7 }],
  ] as const)('have the names that clients look for, and no null but a result: %s', async ([, sent, answer], { connect }) => {
    const socket = await connect('/testhub');
    socket.send(json(sent));
    const [message] = await socket.messages(1);
    expect(message).toStrictEqual(answer);
    expect(nulls(message).filter((name) => name !== 'result')).toEqual([]);
  });

  test('are taken with their fields in any order, and with fields that nobody knows', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(
      json('{"zzz":{"a":[1]},"streamIds":[],"arguments":["a"],"target":"eCHO","later":null,"invocationId":"1","headers":{},"type":1}'),
    );
    expect(await socket.messages(1)).toEqual([result('a')]);
  });

  test('are of types 1, 2, 3, 6 and 7 only, for a client that asked for stateful reconnect in vain', async ({ ask, host, open }) => {
    const { body } = await ask('/testhub/negotiate?negotiateVersion=1&useStatefulReconnect=true', { method: 'POST' });
    const socket = await open(`/testhub?id=${(JSON.parse(body.toString()) as { connectionToken: string }).connectionToken}`);
    await socket.handshake('json');
    socket.send(json({ type: 4, invocationId: '1', target: 'Stream', arguments: [] }, call('InvokeWithString', ['a'], '2'), ping));
    const messages = await socket.messages(6);
    host.advance(16_000);
    messages.push(...(await socket.messages(1)));
    socket.send(json({ type: 7 }));
    messages.push(...(await socket.end()).messages);
    expect(messages.map((message) => (message as { type: number }).type)).toEqual([2, 2, 2, 3, 1, 3, 6, 7]);
  });
});

describe('hub messages in MessagePack', () => {
  test('have the exact number of items, and headers that are a map', async ({ connect, host }) => {
    const socket = await connect('/testhub', 'messagepack');
    socket.send(binary([1, {}, '1', 'InvokeWithString', ['a'], []]));
    expect(await socket.messages(2)).toEqual([
      [1, {}, null, 'Message', ['a'], []],
      [3, {}, '1', 3, null],
    ]);
    socket.send(binary([4, {}, '2', 'Stream', [], []]));
    expect(await socket.messages(4)).toEqual([...['a', 'b', 'c'].map((item) => [2, {}, '2', item]), [3, {}, '2', 2]]);
    socket.send(binary([1, {}, '3', 'ThrowException', ['bad'], []]));
    expect(await socket.messages(1)).toEqual([[3, {}, '3', 1, expect.stringMatching(/bad$/)]]);
    host.advance(16_000);
    expect(await socket.messages(1)).toEqual([[6]]);
    socket.send(binary([7, null, false]));
    expect(await socket.end()).toEqual({ messages: [[7, null, false]], code: 1000 });
  });

  test('have no timestamp that the application did not ask for: a date that came as text goes as text', async ({ connect }) => {
    const socket = await connect('/hub', 'messagepack');
    const date = '2001-02-03T04:05:06.789Z';
    socket.send(binary([1, {}, '1', 'EchoDateTime', [date], []]));
    expect(await socket.messages(1)).toEqual([[3, {}, '1', 3, date]]);
  });
});

describe('the end', () => {
  test.for(protocols)('over WebSockets is a close message and code 1000 at once (%s)', async (protocol, { connect }) => {
    const socket = await connect('/hub', protocol);
    socket.send(protocol === 'json' ? json(call('Abort')) : binary([1, {}, '1', 'Abort', [], []]));
    expect(await socket.end()).toEqual({ messages: [protocol === 'json' ? { type: 7 } : [7, null, false]], code: 1000 });
  });

  test('over server-sent events is a close message and the end of the stream', async ({ host }) => {
    const session = await HttpSession.negotiate(`${host.url}/hub`);
    const events = await session.events();
    await session.send(handshake('json') + json(call('Abort')));
    const came: unknown[] = [];
    for (let event = await events.next(); !event.done; event = await events.next()) came.push(event.value);
    expect(came.join('')).toBe(json({}, { type: 7 }));
  });

  test('over long polling is a close message, and 204 for the poll behind it', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`);
    await session.send(json(call('Abort')));
    expect(await session.messages(1)).toEqual([{ type: 7 }]);
    expect(await session.poll()).toMatchObject({ status: 204 });
  });

  test('allows to reconnect only where that makes sense', async ({ connect, open }) => {
    const broken = await connect('/hub');
    broken.send(json('{"type":1}'));
    expect((await broken.end()).messages).toEqual([{ type: 7, error: 'Connection closed with an error.', allowReconnect: true }]);
    const refused = await open('/connthrowd');
    refused.send(handshake('json'));
    const error = 'Connection closed with an error. InvalidOperationException: no entry';
    expect((await refused.end()).messages).toEqual([{}, { type: 7, error }]);
  });
});

describe('long polling', () => {
  test('begins with an empty poll, takes sends with 200 and DELETE with 202, and knows nothing afterwards', async ({ host }) => {
    const session = await HttpSession.negotiate(`${host.url}/hub`);
    expect(await session.poll()).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(await session.send(handshake('json'))).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await session.poll()).body.toString()).toBe(json({}));
    expect(await session.delete()).toMatchObject({ status: 202 });
    expect(await session.delete()).toMatchObject({ status: 404 });
  });

  test('answers a poll within 90 s, before any client gives up', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`);
    const poll = session.poll();
    await host.roundTrip();
    host.advance(90_200);
    expect(await poll).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  test('lets a second poll take the place of one that is stuck', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`);
    const again = new HttpSession(session.url);
    const stuck = session.poll();
    await host.roundTrip();
    const poll = again.poll();
    expect(await stuck).toMatchObject({ status: 204 });
    await session.send(json(call('Echo', ['a'])));
    expect(wholeMessages((await poll).body, 'json')).toEqual([result('a')]);
  });
});

describe('clients that are gone', () => {
  test('are noticed when their WebSocket ends without a word', async ({ ask, connect }) => {
    const socket = await connect('/testhub');
    socket.send(json(call('GetCallerConnectionId')));
    const [answer] = (await socket.messages(1)) as { result: string }[];
    socket.cut();
    await expect.poll(async () => (await ask(`/clientresult/${answer?.result}`)).body.toString(), slow).toMatch(/does not exist/);
  });

  test('are noticed when their event stream ends without a DELETE', async ({ host }) => {
    const session = await HttpSession.negotiate(`${host.url}/hub`);
    const events = await session.events();
    await events.next();
    await session.send(handshake('json'));
    await events.next();
    session.cut();
    await expect.poll(async () => (await new HttpSession(session.url).send('x')).status, slow).toBe(404);
  });

  test('do not keep a hub waiting for a client result', async ({ ask, connect, host }) => {
    const socket = await connect('/testhub');
    socket.send(json(call('GetCallerConnectionId')));
    const [{ result: id } = { result: '' }] = (await socket.messages(1)) as { result: string }[];
    const asked = ask(`/clientresult/${id}`);
    expect(await socket.messages(1)).toMatchObject([{ type: 1, target: 'Result' }]);
    host.advance(31_000);
    expect((await asked).body.toString()).toMatch(/30000 ms|30,000|time/);
    socket.send(json(call('Echo', ['a'], '2')));
    await socket.through(result('a', '2'));
  });
});

describe('keep-alive', () => {
  test('is a ping every 15 s over WebSockets and server-sent events, and none over long polling', async ({ connect, host }) => {
    const socket = await connect('/hub');
    const polled = await HttpSession.poll(`${host.url}/hub`);
    const poll = polled.poll();
    const streamed = await HttpSession.negotiate(`${host.url}/hub`);
    const events = await streamed.events();
    await events.next();
    await streamed.send(handshake('json'));
    await events.next();
    for (let i = 0; i < 3; i++) {
      host.advance(15_300);
      expect(await socket.messages(1)).toEqual([ping]);
      expect((await events.next()).value).toBe(json(ping));
    }
    await polled.send(json(call('Echo', ['first'])));
    expect(wholeMessages((await poll).body, 'json')).toEqual([result('first')]);
    streamed.cut();
  });

  test('needs a client ping every 16 s only, and answers none', async ({ connect, host }) => {
    const socket = await connect('/hub');
    for (let i = 0; i < 20; i++) {
      socket.send(json(ping));
      await host.roundTrip();
      host.advance(16_000);
    }
    socket.send(json(call('Echo', ['a'])));
    const messages = await socket.through(result('a'));
    // One each 15 s or a tick later, in 320 s.
    expect(messages.length - 1).toBeGreaterThan(15);
    expect(messages.length - 1).toBeLessThan(23);
  });
});

describe('calls', () => {
  test.for(protocols)('with headers are like those without (%s)', async (protocol, { connect }) => {
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
    const socket = await connect('/testhub', protocol);
    const stream = { type: 4, headers, invocationId: '2', target: 'EmptyStream', arguments: [] };
    if (protocol === 'json') socket.send(json({ ...call('Echo', ['a']), headers }, stream));
    else socket.send(binary([1, headers, '1', 'Echo', ['a'], []], [4, headers, '2', 'EmptyStream', [], []]));
    const answers =
      protocol === 'json'
        ? [result('a'), { type: 3, invocationId: '2' }]
        : [
            [3, {}, '1', 3, 'a'],
            [3, {}, '2', 2],
          ];
    expect(await socket.messages(2)).toEqual(answers);
  });

  test.for([
    ['0', '1'],
    ['6', '7'],
    ['stream', '0'],
  ] as const)('number their streams as they like: stream %s of call %s', async ([stream, id], { connect }) => {
    const socket = await connect('/testhub');
    socket.send(json({ ...call('StreamingConcat', [], id), streamIds: [stream] }, { type: 2, invocationId: stream, item: 'x' }));
    socket.send(json({ type: 2, invocationId: stream, item: 'y' }, { type: 3, invocationId: stream }));
    expect(await socket.messages(1)).toEqual([result('xy', id)]);
  });

  test('whose upload ends in a long error text fail with it', async ({ connect }) => {
    const socket = await connect('/testhub');
    const error = `Stream errored by client: 'System.InvalidOperationException: ${'   at Program.Bad()\n'.repeat(200)}'`;
    socket.send(json({ ...call('StreamingConcat'), streamIds: ['2'] }, { type: 3, invocationId: '2', error }));
    const words = `An unexpected error occurred invoking 'StreamingConcat' on the server. HubException: ${error}`;
    expect(await socket.messages(1)).toEqual([{ type: 3, invocationId: '1', error: words }]);
  });
});
