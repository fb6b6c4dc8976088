import { describe, expect } from 'vitest';
import { clientTest as test, negotiate } from './clients/fixtures.ts';
import { framed } from './recorded/payload.ts';
import { handshake, json } from './clients/strict-socket.ts';

/** The C++ client's habits, played from what its sources say: WebSockets only, no streams, no close message. */

const call = (target: string, args: readonly unknown[], invocationId = '0'): string =>
  json({ arguments: args, invocationId, target, type: 1 });

describe('the C++ client', () => {
  test('calls a method and is called', async ({ ask, open }) => {
    const { connectionToken } = await negotiate(ask, '/testhub');
    const socket = await open(`/testhub?id=${connectionToken}`);
    await socket.handshake('json');
    socket.send(call('InvokeWithString', ['a']));
    expect(await socket.messages(2)).toStrictEqual([
      { type: 1, target: 'Message', arguments: ['a'] },
      { type: 3, invocationId: '0', result: null },
    ]);
  });

  test('follows a redirect with the token that it was given', async ({ ask, open }) => {
    const redirect = await ask('/redir/negotiate?negotiateVersion=1', { method: 'POST' });
    const { url, accessToken } = JSON.parse(redirect.body.toString()) as { url: string; accessToken: string };
    const headers = { Authorization: `Bearer ${accessToken}` };
    const { pathname, search } = new URL(url);
    const answer = await ask(`${pathname}/negotiate${search}&negotiateVersion=1`, { method: 'POST', headers });
    const { connectionToken } = JSON.parse(answer.body.toString()) as { connectionToken: string };
    const socket = await open(`${pathname}${search}&id=${connectionToken}`, headers);
    socket.send(handshake('json'));
    // Together with the answer to the handshake, as there is no reason to wait: every client reads on behind that.
    expect(await socket.messages(2)).toEqual([{}, { type: 1, target: 'm', arguments: ['after'] }]);
  });

  test('sends every number of MessagePack as a float of 64 bits', async ({ connect, host }) => {
    const socket = await connect('/hub', 'messagepack');
    // [1, {}, '0', 'Sleep', [300.0], []]: the method wants a whole number.
    const head = Buffer.from([0x96, 0x01, 0x80, 0xa1, 0x30, 0xa5, ...Buffer.from('Sleep'), 0x91, 0xcb]);
    const number = Buffer.alloc(8);
    number.writeDoubleBE(300);
    socket.send(framed(Buffer.concat([head, number, Buffer.of(0x90)])));
    await host.roundTrip();
    host.advance(300);
    expect(await socket.messages(1)).toEqual([[3, {}, '0', 3, 300]]);
  });

  test('is closed by the server without its doing: it knows no close message', async ({ connect }) => {
    const socket = await connect('/hub');
    socket.send(json({ arguments: [], target: 'Abort', type: 1 }));
    expect(await socket.end()).toEqual({ messages: [{ type: 7 }], code: 1000 });
  });

  test('may send no ping at all: its WebSocket answers for it', async ({ connect, host }) => {
    const socket = await connect('/fast');
    for (let i = 0; i < 8; i++) {
      host.advance(1_000);
      // Its pong is on its way before this.
      socket.send(call('Echo', [i], String(i)));
      await socket.through({ type: 3, invocationId: String(i), result: i });
    }
  });
});
