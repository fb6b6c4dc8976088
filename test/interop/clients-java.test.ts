import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, expect } from 'vitest';
import { binary, clientTest as test, negotiate } from './clients/fixtures.ts';
import { HttpSession } from './clients/http-session.ts';
import { handshake, json } from './clients/strict-socket.ts';

/** The Java client's habits, played from what its sources say. */

const agent = { 'User-Agent': 'Microsoft SignalR/10.0 (10.0.12; Linux; Java; 21)' };
const frames = { binary: true };
const call = (target: string, args: readonly unknown[] = [], invocationId = '1'): object => ({
  type: 1,
  invocationId,
  target,
  arguments: args,
});
const text = { 'Content-Type': 'text/plain' };
const closing = { type: 7, allowReconnect: false };

describe('the Java client over WebSockets', () => {
  test('sends JSON in binary frames, from the handshake to the close message', async ({ ask, open }) => {
    const { connectionToken } = await negotiate(ask, '/hub', agent);
    const socket = await open(`/hub?id=${connectionToken}`, agent);
    // Whole in one frame, and before anything else.
    expect(await socket.handshake('json', frames)).toEqual({ binary: false, bytes: Buffer.from(json({})) });
    socket.send(json({ type: 6 }), frames);
    socket.send(json(call('Echo', ['a'])), frames);
    expect(await socket.messages(1)).toEqual([{ type: 3, invocationId: '1', result: 'a' }]);
    socket.send(json(closing), frames);
    expect(await socket.end()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });

  test('closes the WebSocket with a reason right behind its close message', async ({ connect }) => {
    const socket = await connect('/hub', 'json', frames);
    socket.send(json(closing), frames);
    socket.close(1000, 'HubConnection stopped.');
    expect((await socket.end()).code).toBe(1000);
  });

  test('answers a close message with its own, which is too late and does no harm', async ({ connect }) => {
    const socket = await connect('/hub', 'json', frames);
    socket.send(json({ type: 1, target: 'Abort', arguments: [] }) + json(closing), frames);
    expect(await socket.end()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });

  test('sends MessagePack of six items, and cancels a stream by three', async ({ connect }) => {
    const socket = await connect('/testhub', 'messagepack');
    socket.send(binary([1, {}, null, 'Echo', ['unheard'], []], [1, {}, '1', 'Echo', ['a'], []]));
    expect(await socket.messages(1)).toEqual([[3, {}, '1', 3, 'a']]);
    socket.send(binary([4, {}, '2', 'InfiniteStream', [], []]));
    socket.send(binary([5, {}, '2']));
    const messages = await socket.messages(2);
    expect(messages).toContainEqual([3, {}, '2', 2]);
    expect(messages).toContainEqual([1, {}, null, 'StreamCanceled', [], []]);
  });

  test.for([
    ['null, which it leaves out', { type: 3, invocationId: '?' }, { answered: null }],
    ['a text', { type: 3, invocationId: '?', result: 'yes' }, { answered: 'yes' }],
  ] as const)('gives as a client result %s', async ([, answer, answered], { connect }) => {
    const socket = await connect('/hubd', 'json', frames);
    socket.send(json(call('Ask', ['well?'])), frames);
    const [question] = (await socket.messages(1)) as { invocationId: string }[];
    expect(question).toStrictEqual({ type: 1, invocationId: expect.any(String), target: 'answer', arguments: ['well?'] });
    socket.send(json({ ...answer, invocationId: question?.invocationId }), frames);
    expect(await socket.messages(1)).toEqual([{ type: 3, invocationId: '1', result: answered }]);
  });

  test('gives no result without a handler', async ({ connect }) => {
    const socket = await connect('/hubd', 'json', frames);
    socket.send(json(call('Ask', ['well?'])), frames);
    const [question] = (await socket.messages(1)) as { invocationId: string }[];
    socket.send(json({ type: 3, invocationId: question?.invocationId, error: 'Client did not provide a result.' }), frames);
    expect(await socket.messages(1)).toMatchObject([{ error: expect.stringContaining('Client did not provide a result.') }]);
  });
});

describe('the Java client over long polling', () => {
  test.for([
    ['json', json(call('Echo', ['a'])), { type: 3, invocationId: '1', result: 'a' }],
    ['messagepack', binary([1, {}, '1', 'Echo', ['a'], []]), [3, {}, '1', 3, 'a']],
  ] as const)('calls every body text and ends polls in a time (%s)', async ([protocol, sent, answer], { host }) => {
    const session = await HttpSession.poll(`${host.url}/hub`, { protocol, headers: agent, pollQuery: '&_=1760000000000' });
    expect((await session.send(sent, text)).status).toBe(200);
    expect(await session.messages(1)).toEqual([answer]);
    await session.send(protocol === 'json' ? json(closing) : binary([7, null, false]), text);
    expect(await session.messages(1)).toHaveLength(1);
    expect((await session.delete()).status).toBe(202);
  });

  test('brings its token with every request, in the header', async ({ host }) => {
    const headers = { ...agent, Authorization: `Bearer ${host.known['accessToken']}` };
    const session = await HttpSession.poll(`${host.url}/authorizedhub`, { headers, pollQuery: '&_=1' });
    await session.send(json(call('Echo', ['a'])), text);
    expect(await session.messages(1)).toEqual([{ type: 3, invocationId: '1', result: 'a' }]);
    const anonymous = new HttpSession(session.url);
    expect([(await anonymous.poll()).status, (await anonymous.send('')).status, (await anonymous.delete()).status]).toEqual([
      401, 401, 401,
    ]);
  });

  test('is polled on without pings', async ({ host }) => {
    const session = await HttpSession.poll(`${host.url}/fast`);
    for (let i = 0; i < 5; i++) {
      const poll = session.poll();
      await host.roundTrip();
      host.advance(2_300);
      expect(await poll).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    }
  });
});

describe('a Java program that asks for HTTP/2 on a plain connection', () => {
  const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA'];

  test('is served over HTTP/1.1: negotiation, polls and sends, over one TCP connection', async ({ host }) => {
    const { hostname, port } = new URL(host.url);
    const tcp = connectTcp(Number(port), hostname).setEncoding('utf8');
    const ask = async (method: string, path: string, body = ''): Promise<string> => {
      const head = [`${method} ${path} HTTP/1.1`, `Host: ${hostname}`, ...h2c, `Content-Length: ${Buffer.byteLength(body)}`];
      tcp.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      let answer = '';
      // Every answer here has a length.
      while (!isWhole(answer)) answer += (await once(tcp, 'data'))[0] as string;
      return answer;
    };
    const negotiated = await ask('POST', '/hub/negotiate?negotiateVersion=1');
    const token = /"connectionToken":"([^"]+)"/.exec(negotiated)?.[1];
    expect(await ask('GET', `/hub?id=${token}`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask('POST', `/hub?id=${token}`, handshake('json') + json(call('Echo', ['a'])))).toMatch(/^HTTP\/1\.1 200 /);
    let polled = '';
    while (!polled.includes('"result":"a"')) polled += await ask('GET', `/hub?id=${token}`);
    expect(await ask('DELETE', `/hub?id=${token}`)).toMatch(/^HTTP\/1\.1 202 /);
    tcp.destroy();
  });
});

/** Whether the text is an answer with the whole of its body. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(answer)?.[1];
  return end >= 0 && Buffer.byteLength(answer.slice(end + 4)) >= Number(length ?? 0);
}
