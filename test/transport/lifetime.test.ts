import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Onlooker, turns } from './application.ts';
import { ask, eventStream, negotiate, open, post, startPolling, textOf } from './http-client.ts';
import { requestTo, serve } from './serve.ts';
import { closing, handshakeFields, head, openWebSocket, RawSocket } from './websocket-client.ts';

describe('a negotiated connection that nobody takes up', () => {
  test('is forgotten after the time-out', async () => {
    const clock = new FakeClock();
    const onlooker = new Onlooker();
    const served = await serve({ clock, opened: onlooker.opened });
    const early = await negotiate(served);
    const late = await negotiate(served);
    clock.advance(14_900);
    expect((await ask(early.url)).status).toBe(200);
    clock.advance(300);
    expect((await ask(late.url)).status).toBe(404);
    expect((await post(early.url, 'x')).status).toBe(200);
    expect(served.said()).toEqual(['transport.abandoned']);
    expect(onlooker.peers.length).toBe(1);
  });

  test('takes the POSTs that wait for it along', async () => {
    const clock = new FakeClock();
    const served = await serve({ clock, options: { applicationMaxBufferSize: 1 } });
    const { url } = await negotiate(served);
    const arrived = requestTo(served.server);
    const waiting = post(url, 'hello');
    await arrived;
    await turns();
    clock.advance(15_300);
    expect((await waiting).status).toBe(404);
  });

  test('is not forgotten once a WebSocket or an event stream took it up', async () => {
    const clock = new FakeClock();
    const onlooker = new Onlooker();
    const served = await serve({ clock, opened: onlooker.opened });
    await openWebSocket((await negotiate(served)).url);
    await open((await negotiate(served)).url, { headers: eventStream });
    clock.advance(600_000);
    expect((await onlooker.peer(0)).closings).toEqual([]);
    expect((await onlooker.peer(1)).closings).toEqual([]);
  });
});

describe('an endpoint that closes', () => {
  test('ends its connections with what they have queued, and then is done', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened });
    const webSocket = await openWebSocket(served.hub);
    const stream = await open((await negotiate(served)).url, { headers: eventStream });
    const { url } = await startPolling(served);
    const abandoned = await negotiate(served);
    for (const { connection } of onlooker.peers) connection.write('bye');
    const closed = closing(webSocket);
    const done = served.endpoint.close();
    expect(served.endpoint.close()).toBe(done);
    expect(await closed).toEqual([1000, '']);
    expect(await textOf(stream)).toContain('data: bye\r\n');
    expect((await ask(url)).body).toBe('bye');
    expect((await ask(url)).status).toBe(204);
    await done;
    expect(onlooker.peers.map(({ closings }) => closings)).toEqual([[undefined], [undefined], [undefined]]);
    expect((await ask(abandoned.url)).status).toBe(404);
  });

  test('takes no new ones', async () => {
    const { hub, port, endpoint } = await serve();
    await endpoint.close();
    const { status, body } = await ask(`${hub}/negotiate?negotiateVersion=1`, { method: 'POST' });
    expect([status, body]).toEqual([503, '']);
    const raw = new RawSocket(port);
    raw.write(head('GET /hub HTTP/1.1', ...handshakeFields));
    expect(await raw.end()).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
  });

  test('does not wait long for clients that are away', async () => {
    const clock = new FakeClock();
    const served = await serve({ clock });
    await startPolling(served);
    const done = served.endpoint.close();
    clock.advance(5_300);
    await done;
  });

  test('does not wait long for WebSockets that do not answer', async () => {
    const { port, endpoint } = await serve({ options: { webSockets: { closeTimeout: 50 } } });
    const raw = new RawSocket(port);
    raw.write(head('GET /hub HTTP/1.1', ...handshakeFields));
    await raw.until(({ text }) => text.includes('\r\n\r\n'));
    await endpoint.close();
    if (!raw.ended) await once(raw.socket, 'close');
  });
});
