import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { echo, Onlooker } from './application.ts';
import { ask, eventStream, negotiate, open, startPolling } from './http-client.ts';
import { requestTo, serve, type Setup } from './serve.ts';
import { clientFrame, handshakeFields, head, message, openWebSocket, RawSocket } from './websocket-client.ts';

/** Sends an upgrade and reads until the server ends. */
async function refused(port: number, target: string, fields: readonly string[] = handshakeFields): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(head(`GET ${target} HTTP/1.1`, ...fields));
  return raw.end();
}

/** The parts of an answer on a bare socket. */
function parsed(text: string): { status: string; fields: readonly string[]; body: string } {
  const [top = '', body = ''] = text.split('\r\n\r\n');
  const [status = '', ...fields] = top.split('\r\n');
  return { status, fields: fields.filter((field) => !field.startsWith('Date:')), body };
}

const replaced = (name: string, value: string): string[] => [
  ...handshakeFields.filter((field) => !field.startsWith(`${name}:`)),
  `${name}: ${value}`,
];

describe('a WebSocket upgrade', () => {
  test('is accepted without sub-protocol and without extension, whatever is offered', async () => {
    const { port } = await serve();
    const raw = new RawSocket(port);
    raw.write(
      head(
        'GET /hub HTTP/1.1',
        ...handshakeFields,
        'Sec-WebSocket-Protocol: signalr, other',
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Origin: http://elsewhere.example',
      ),
    );
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    const accept = createHash('sha1').update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    expect(parsed(raw.text)).toEqual({
      status: 'HTTP/1.1 101 Switching Protocols',
      fields: ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`],
      body: '',
    });
  });

  test.each(['', '?id=', '?ID=', '?x=1'])('without an id (%s) makes a connection of its own', async (query) => {
    const onlooker = new Onlooker();
    const { hub } = await serve({ opened: onlooker.opened });
    await openWebSocket(hub + query);
    await openWebSocket(hub + query);
    const [one, other] = [await onlooker.peer(0), await onlooker.peer(1)];
    expect(one.connection.id).toMatch(/^[\w-]{22}$/);
    expect(other.connection.id).not.toBe(one.connection.id);
  });

  test('takes up a negotiated connection', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const { id, url } = await negotiate(served);
    await openWebSocket(url);
    expect((await onlooker.peer()).connection).toMatchObject({ id, transport: 'webSockets', binary: true, format: 'text' });
  });

  test('reads frames that come together with it', async () => {
    const { port } = await serve({ opened: echo });
    const raw = new RawSocket(port);
    raw.write(Buffer.concat([Buffer.from(head('GET /hub HTTP/1.1', ...handshakeFields)), clientFrame(1, 'early')]));
    await raw.until(({ text }) => text.endsWith('early'));
    expect(raw.text.endsWith('\x81\x05early')).toBe(true);
  });

  test('remembers its request', async () => {
    const onlooker = new Onlooker();
    const { hub, port } = await serve({ opened: onlooker.opened });
    await openWebSocket(`${hub}?a=b%20c`, { headers: { 'X-Thing': 'some thing', Cookie: 'a=1' } });
    const { request } = (await onlooker.peer()).connection;
    expect(request.url.href).toBe(`http://127.0.0.1:${port}/hub?a=b%20c`);
    expect(request.headers.get('x-thing')).toBe('some thing');
    expect(request.headers.get('cookie')).toBe('a=1');
    expect(request.remoteAddress).toBe('127.0.0.1');
  });
});

describe('a refused upgrade', () => {
  const onlyPolling: Setup = { options: { transports: ['longPolling'] } };
  const plain = 'Content-Type: text/plain';

  test.each([
    ['an unknown id', {}, '/hub?id=nosuch', '404 Not Found', [], 'No Connection with that ID'],
    [
      'an endpoint without WebSockets',
      onlyPolling,
      '/hub',
      '404 Not Found',
      [plain],
      'WebSockets transport not supported by this end point type',
    ],
    ['the same, with an unknown id', onlyPolling, '/hub?id=nosuch', '404 Not Found', [], 'No Connection with that ID'],
  ] as const)('%s', async (_name, setup, target, status, fields, body) => {
    const { port } = await serve(setup);
    const answer = parsed(await refused(port, target));
    expect(answer).toEqual({
      status: `HTTP/1.1 ${status}`,
      fields: ['Connection: close', ...fields, `Content-Length: ${body.length}`],
      body,
    });
  });

  test('a second WebSocket on a live id: 409, and the first goes on', async () => {
    const served = await serve();
    const { url, token } = await negotiate(served);
    const first = await openWebSocket(url);
    const answer = parsed(await refused(served.port, `/hub?id=${token}`));
    expect(answer).toEqual({
      status: 'HTTP/1.1 409 Conflict',
      fields: ['Connection: close', plain, 'Content-Length: 0'],
      body: '',
    });
    first.send('still there');
    expect((await message(first)).text).toBe('still there');
  });

  test('a WebSocket on an id of another transport: 400', async () => {
    const served = await serve();
    const polled = await startPolling(served);
    const streamed = await negotiate(served);
    await open(streamed.url, { headers: eventStream });
    for (const { token } of [polled, streamed]) {
      const { status, body } = parsed(await refused(served.port, `/hub?id=${token}`));
      expect([status, body]).toEqual(['HTTP/1.1 400 Bad Request', 'Cannot change transports mid-connection']);
    }
  });

  test('extensions that make no sense leave the connection to be taken up', async () => {
    const served = await serve({ options: { webSockets: { perMessageDeflate: true } } });
    const { url, token } = await negotiate(served);
    const text = await refused(served.port, `/hub?id=${token}`, [...handshakeFields, 'Sec-WebSocket-Extensions: ;;']);
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(url)).status).toBe(200);
  });
});

describe('a sub-protocol', () => {
  const offering = (...names: readonly string[]): readonly string[] => [...handshakeFields, `Sec-WebSocket-Protocol: ${names.join(', ')}`];
  const chosen = async (setup: Setup, fields: readonly string[]): Promise<string | undefined> => {
    const { port } = await serve(setup);
    const raw = new RawSocket(port);
    raw.write(head('GET /hub HTTP/1.1', ...fields));
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 101 /);
    return /sec-websocket-protocol: (.*)\r/i.exec(raw.text)?.[1];
  };

  test('is chosen by webSockets.subProtocol, among those that the client offers', async () => {
    const offers: (readonly string[])[] = [];
    const subProtocol = (offered: readonly string[]): string | undefined => {
      offers.push(offered);
      return offered.at(-1);
    };
    expect(await chosen({ options: { webSockets: { subProtocol } } }, offering('one', 'two'))).toBe('two');
    expect(offers).toEqual([['one', 'two']]);
  });

  test('is none by default, none where none is chosen, and not asked for where none is offered', async () => {
    expect(await chosen({}, offering('one'))).toBeUndefined();
    expect(await chosen({ options: { webSockets: { subProtocol: () => undefined } } }, offering('one'))).toBeUndefined();
    const failing = (): never => {
      throw new Error('asked');
    };
    expect(await chosen({ options: { webSockets: { subProtocol: failing } } }, handshakeFields)).toBeUndefined();
  });

  test.each([
    ['was not offered', () => 'three'],
    [
      'fails to be chosen',
      () => {
        throw new Error('no choice');
      },
    ],
  ])('that %s: 500, and a log entry', async (_name, subProtocol) => {
    const served = await serve({ options: { webSockets: { subProtocol } } });
    const { status } = parsed(await refused(served.port, '/hub', offering('one', 'two')));
    expect(status).toBe('HTTP/1.1 500 Internal Server Error');
    expect(served.said()).toEqual(['transport.sub-protocol-failed']);
  });
});

describe('what is no WebSocket handshake is an ordinary request', () => {
  test.each([
    ['version 8', replaced('Sec-WebSocket-Version', '8')],
    ['no version', handshakeFields.filter((field) => !field.includes('Version'))],
    ['a bad key', replaced('Sec-WebSocket-Key', 'short')],
    ['another protocol', replaced('Upgrade', 'h2c')],
  ])('%s', async (_name, fields) => {
    const { port } = await serve();
    const raw = new RawSocket(port);
    raw.write(head('GET /hub HTTP/1.1', ...fields));
    await raw.until(({ text }) => text.endsWith('0\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(raw.text).toContain('Connection ID required');
    expect(raw.text).toMatch(/Connection: keep-alive/i);
  });

  test('of the method POST', async () => {
    const served = await serve();
    const { token } = await startPolling(served);
    const raw = new RawSocket(served.port);
    raw.write(`${head(`POST /hub?id=${token} HTTP/1.1`, ...handshakeFields, 'Content-Length: 2')}hi`);
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect((await ask(`${served.hub}?id=${token}`)).body).toBe('hi');
  });

  test('to the path of negotiate', async () => {
    const { port } = await serve();
    const raw = new RawSocket(port);
    raw.write(head('GET /hub/negotiate HTTP/1.1', ...handshakeFields));
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 405 /);
  });

  describe('behind a poll that waits', () => {
    async function behindPoll(): Promise<{ readonly raw: RawSocket; readonly url: string; readonly hub: string }> {
      const served = await serve();
      const { token, url } = await startPolling(served);
      const raw = new RawSocket(served.port);
      const asked = requestTo(served.server);
      raw.write(head(`GET /hub?id=${token} HTTP/1.1`, 'Host: x') + head('GET /hub HTTP/1.1', ...replaced('Sec-WebSocket-Key', 'short')));
      await asked;
      return { raw, url, hub: served.hub };
    }

    test('it is answered after that, and so is what follows', async () => {
      const { raw, url } = await behindPoll();
      expect(raw.text).toBe('');
      await ask(url, { method: 'DELETE' });
      await raw.until(({ text }) => text.includes('Connection ID required'));
      raw.write(head('GET /hub/negotiate HTTP/1.1', 'Host: x'));
      await raw.until(({ text }) => text.includes(' 405 '));
      expect(raw.text.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 400', 'HTTP/1.1 405']);
    });

    test('a client that is gone by then is forgotten', async () => {
      const { raw, url, hub } = await behindPoll();
      raw.socket.resetAndDestroy();
      await ask(url, { method: 'DELETE' });
      expect((await ask(`${hub}/negotiate`, { method: 'POST' })).status).toBe(200);
    });
  });
});
