import { expect } from 'vitest';
import { fresh } from '../fixtures.ts';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { bytes, call, completion, plain, taken, unknown } from './answers.ts';
import { PolledConnection } from './polling.ts';
import { answer } from './request.ts';
import { handshake, record } from './socket.ts';

const gone = [unknown, unknown, unknown];

export function longPolling(test: WireTest, server: InteropServer): void {
  test('the first poll only starts the connection', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '' });
  });

  test('a poll brings all that waits, and a send says only that it arrived', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    expect(await connection.send(call('Text', ['é']) + call('Void', [], '2'))).toEqual(taken);
    let body = '';
    while (!body.includes('"2"')) body += (await connection.poll()).body;
    expect(body).toBe(completion('é') + completion(null, '2'));
  });

  test('messages may be cut between requests, and sent before a transport is chosen', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.send(handshake.slice(0, 9))).toEqual(taken);
    await connection.poll();
    expect(await connection.send(handshake.slice(9))).toEqual(taken);
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '{}\x1e' });
    await connection.send(call('Text', ['a']).slice(0, 30));
    await connection.send(call('Text', ['a']).slice(30));
    expect((await connection.poll()).body).toBe(completion('a'));
  });

  test('a second poll takes the place of the first', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const polls = [connection.poll(), connection.poll()];
    expect(await Promise.race(polls)).toEqual({ status: 204, contentType: plain, body: '' });
    await connection.send(call('Text', ['a']));
    expect((await Promise.all(polls)).map(({ body }) => body).toSorted()).toEqual(['', completion('a')]);
  });

  test('a poll that the client drops does not end the connection', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const { answered, drop } = await connection.waitingPoll();
    drop();
    await expect(answered).rejects.toThrow('socket hang up');
    await connection.send(call('Text', ['a']));
    expect((await connection.poll()).body).toBe(completion('a'));
  });

  test('DELETE ends the connection, and the waiting poll with it', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    const { answered } = await connection.waitingPoll();
    expect(await connection.delete()).toEqual({ status: 202, contentType: plain, body: '' });
    expect(await answered).toEqual({ status: 200, contentType: bytes, body: record({ type: 7, allowReconnect: true }) });
    expect(await Promise.all([connection.poll(), connection.send('x'), connection.delete()])).toEqual(gone);
  });

  test('a connection that the hub ends: the last words, then 204, then 404', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    await connection.send(record({ type: 1, target: 'Abort', arguments: [] }));
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: record({ type: 7 }) });
    expect(await connection.poll()).toEqual({ status: 204, contentType: plain, body: '' });
    expect(await Promise.all([connection.poll(), connection.send('x'), connection.delete()])).toEqual(gone);
  });

  test('a connection without a handshake can be deleted, too', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    await connection.poll();
    expect(await connection.delete()).toEqual({ status: 202, contentType: plain, body: '' });
    expect(await Promise.all([connection.poll(), connection.send('x'), connection.delete()])).toEqual(gone);
  });

  test('a handshake that is sent before the first poll is answered in the second', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    expect(await connection.send(handshake)).toEqual(taken);
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '' });
    expect(await connection.poll()).toEqual({ status: 200, contentType: bytes, body: '{}\x1e' });
  });

  test('a client of negotiate version 0 uses its id, which is no secret', async () => {
    const { body } = await answer(`${server.url}/hub/negotiate`, { method: 'POST' });
    const { connectionId } = JSON.parse(body) as { connectionId: string };
    const connection = new PolledConnection(`${server.url}/hub`, connectionId);
    await connection.poll();
    await connection.send(handshake);
    await connection.poll();
    await connection.send(call('Id', []));
    expect((await connection.poll()).body).toBe(completion(connectionId));
  });

  test('the hub sees the headers of the first poll', async () => {
    const connection = await PolledConnection.negotiate(`${server.url}/hub`);
    await connection.poll({ Authorization: 'Bearer first' });
    await connection.send(handshake);
    await connection.poll({ Authorization: 'Bearer second' });
    await connection.send(call('Token', []));
    expect((await connection.poll({ Authorization: 'Bearer third' })).body).toBe(completion('header Bearer first'));
  });

  test('a send is held back while the application takes no more', async () => {
    const [connection, other] = await Promise.all([
      PolledConnection.connect(`${server.url}/tight`),
      PolledConnection.connect(`${server.url}/hub`),
    ]);
    const gate = fresh('gate');
    await connection.send(call('Gate', [gate]));
    expect((await connection.poll()).body).toBe(record({ type: 1, target: 'entered', arguments: [gate] }));
    const large = call('Text', ['x'.repeat(2_000)], '2');
    let answered = 0;
    const sends = Array.from({ length: 4 }, () => connection.send(large).then(() => answered++));
    // Time enough to answer those that are not held back.
    for (let i = 0; i < 5; i++) await other.send(call('Void', [])).then(() => other.poll());
    expect(answered).toBeLessThan(2);
    await other.send(call('Open', [gate]));
    await Promise.all(sends);
    let body = '';
    while (body.split(completion('x'.repeat(2_000), '2')).length < 5) body += (await connection.poll()).body;
  });

  test('a send that breaks the protocol is taken like any other', async () => {
    const connection = await PolledConnection.connect(`${server.url}/hub`);
    expect(await connection.send(record('not json'))).toEqual(taken);
    const close = { type: 7, error: 'Connection closed with an error.', allowReconnect: true };
    expect((await connection.poll()).body).toBe(record(close));
  });
}
