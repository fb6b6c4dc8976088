import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { turns } from './application.ts';
import { ask, eventStream, negotiate, open } from './http-client.ts';
import { ann, as, authenticate, serveUsers, users } from './known-users.ts';
import { serve, type Setup } from './serve.ts';
import { openWebSocket } from './websocket-client.ts';

type Options = NonNullable<Setup['options']>;

describe('with closeOnAuthenticationExpiration', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const DAY = 86_400_000;
  const clock = (): FakeClock => new FakeClock();

  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
  afterEach(() => void vi.useRealTimers());

  /** Lets time pass on the wheel's clock and on the wall, in steps: long ones would leave the one behind the other. */
  function pass(fake: FakeClock, milliseconds: number, step = 10_000): void {
    for (let left = milliseconds; left > 0; left -= step) {
      vi.setSystemTime(Date.now() + Math.min(left, step));
      fake.advance(Math.min(left, step));
    }
  }

  const expiring = { closeOnAuthenticationExpiration: true };

  test.each<[string, number]>([
    ['soon', 5_000],
    ['after the longest time of a system timer', 30 * DAY],
  ])('a WebSocket whose user expires %s is closed then', async (_name, lifetime) => {
    const fake = clock();
    const served = await serveUsers(expiring, fake);
    const headers = as({ ...ann, exp: NOW + lifetime });
    await openWebSocket((await negotiate(served, headers)).url, { headers: headers });
    const peer = await served.onlooker.peer();
    pass(fake, lifetime - 1_000, lifetime / 50);
    await turns(3);
    expect(peer.closings).toEqual([]);
    pass(fake, 1_300, 100);
    expect(await peer.ended()).toBeUndefined();
    expect(served.said()).toEqual(['transport.authentication-expired']);
  });

  test('the wall clock counts, also where it was set', async () => {
    const fake = clock();
    const served = await serveUsers(expiring, fake);
    const headers = as({ ...ann, exp: NOW + DAY });
    await openWebSocket((await negotiate(served, headers)).url, { headers: headers });
    const peer = await served.onlooker.peer();
    vi.setSystemTime(NOW + DAY + 1);
    fake.advance(61_000);
    expect(await peer.ended()).toBeUndefined();
  });

  test('a poll with a newer token keeps a connection, whose user stays as it was', async () => {
    const fake = clock();
    const served = await serveUsers(expiring, fake);
    const { url } = await negotiate(served, as({ ...ann, exp: NOW + 10_000 }));
    await ask(url, { headers: as({ ...ann, exp: NOW + 10_000 }) });
    const peer = await served.onlooker.peer();
    pass(fake, 5_000, 100);
    const poll = ask(url, { headers: as({ ...ann, exp: NOW + 20_000 }) });
    await vi.waitFor(() => expect(peer.connection.alive).toBe(5_000));
    pass(fake, 10_000, 100);
    await turns(3);
    expect([peer.closings, peer.connection.user, peer.refreshes]).toEqual([[], { ...ann, exp: NOW + 10_000 }, []]);
    pass(fake, 5_300, 100);
    expect(await peer.ended()).toBeUndefined();
    expect((await poll).status).toBe(204);
  });

  test('an application that has a word to say says it', async () => {
    const fake = clock();
    const said: string[] = [];
    const setup: Setup = {
      clock: fake,
      options: { authenticate, users, ...expiring },
      opened: (connection) =>
        connection.receive({
          received: () => {},
          drained: () => {},
          closed: () => void said.push('closed'),
          expired: () => {
            connection.write('farewell');
            connection.close();
          },
        }),
    };
    const headers = as({ ...ann, exp: NOW + 1_000 });
    const stream = await open((await negotiate(await serve(setup), headers)).url, { headers: { ...headers, ...eventStream } });
    while (fake.tasks === 0) await turns();
    pass(fake, 1_300, 100);
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect([text, said]).toEqual([':\r\ndata: farewell\r\n\r\n', ['closed']]);
  });

  test.each<[string, Options, number | undefined]>([
    ['a user that does not expire', expiring, undefined],
    ['a user that expires, without the option', {}, NOW + 1_000],
  ])('%s stays, and nobody waits for it', async (_name, options, exp) => {
    const fake = clock();
    const served = await serveUsers(options, fake);
    const headers = as(exp === undefined ? ann : { ...ann, exp });
    await openWebSocket((await negotiate(served, headers)).url, { headers: headers });
    const peer = await served.onlooker.peer();
    expect(fake.tasks).toBe(0);
    pass(fake, 10_000, 1_000);
    await turns(3);
    expect(peer.closings).toEqual([]);
  });

  test('a connection that has ended is not waited for', async () => {
    const fake = clock();
    const served = await serveUsers(expiring, fake);
    const headers = as({ ...ann, exp: NOW + DAY });
    const webSocket = await openWebSocket((await negotiate(served, headers)).url, { headers: headers });
    const peer = await served.onlooker.peer();
    expect(fake.tasks).toBe(1);
    webSocket.terminate();
    await peer.ended();
    expect(fake.tasks).toBe(0);
  });
});
