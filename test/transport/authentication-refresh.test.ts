import { describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { AuthenticationRefresh } from '../../src/transport/options.ts';
import { turns } from './application.ts';
import { ask, negotiate, type Answered } from './http-client.ts';
import { ann, as, serveUsers, type User } from './known-users.ts';
import { requestTo, type Served } from './serve.ts';
import { openWebSocket } from './websocket-client.ts';

describe('with enableAuthenticationRefresh', () => {
  const later = Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000;
  const enabled = { enableAuthenticationRefresh: true };
  const annUntil = (exp: number, role: string): User => ({ ...ann, exp, role });
  const refresh = (served: Served, token: string, user: User | undefined): Promise<Answered> =>
    ask(`${served.hub}/refresh?id=${token}`, { method: 'POST', headers: as(user) });
  const code = (error: string): string => JSON.stringify({ error });

  test('negotiate tells how long the token lives', async () => {
    const served = await serveUsers(enabled);
    const lifetimeFor = async (user: User | undefined): Promise<unknown> => {
      const { body } = await ask(`${served.hub}/negotiate?negotiateVersion=1`, { method: 'POST', headers: as(user) });
      const answer = JSON.parse(body) as Record<string, unknown>;
      if ('tokenLifetimeSeconds' in answer)
        expect(Object.keys(answer).slice(0, 4)).toEqual(['negotiateVersion', 'connectionId', 'connectionToken', 'tokenLifetimeSeconds']);
      return answer['tokenLifetimeSeconds'];
    };
    const seconds = await lifetimeFor(annUntil(later, ''));
    expect(seconds).toBeGreaterThan(3_500);
    expect(seconds).toBeLessThanOrEqual(3_600);
    expect(await lifetimeFor(ann)).toBeUndefined();
    expect(await lifetimeFor(annUntil(Date.now() - 1, ''))).toBeUndefined();
    expect(await lifetimeFor(annUntil(Number.MAX_SAFE_INTEGER, ''))).toBe(0x7fff_ffff);
  });

  test('a WebSocket gets a new user, who is told to the application', async () => {
    const served = await serveUsers(enabled);
    const headers = as(annUntil(later, 'first'));
    const { url, token } = await negotiate(served, headers);
    await openWebSocket(url, { headers });
    const answer = await refresh(served, token, annUntil(later + 60_000, 'second'));
    expect([answer.status, answer.headers['content-type'], answer.headers['content-length']]).toEqual([
      200,
      'application/json',
      String(answer.body.length),
    ]);
    expect(answer.body).toMatch(/^\{"tokenLifetimeSeconds":3[56]\d\d\}$/);
    const peer = await served.onlooker.peer();
    expect([peer.connection.user, peer.refreshes.length]).toEqual([annUntil(later + 60_000, 'second'), 1]);
    expect((await refresh(served, token, { ...ann, role: 'third' })).body).toBe('{}');
    expect(peer.connection.user).toEqual({ ...ann, role: 'third' });
  });

  test('is refused in the words of the reference server', async () => {
    const served = await serveUsers({ ...enabled, onAuthenticationRefresh: ({ user }) => (user as User).role !== 'rejected' });
    const { token } = await negotiate(served, as(ann));
    const { body } = await ask(`${served.hub}/negotiate`, { method: 'POST', headers: as(ann) });
    const old = (JSON.parse(body) as { readonly connectionId: string }).connectionId;
    const cases: [Answered, number, string][] = [
      [await ask(`${served.hub}/refresh`, { method: 'POST', headers: as(ann) }), 400, code('missing_connection_token')],
      [await refresh(served, '', ann), 400, code('missing_connection_token')],
      [await refresh(served, 'nosuch', ann), 404, code('connection_not_found')],
      [await refresh(served, old, ann), 400, code('unsupported_negotiate_version')],
      [await refresh(served, token, { id: 'bob' }), 403, code('user_changed')],
      [await refresh(served, token, undefined), 403, code('user_changed')],
      [await refresh(served, token, { ...ann, role: 'rejected' }), 403, code('permission_change_rejected')],
      [await refresh(served, token, { ...ann, role: 'accepted' }), 200, '{}'],
    ];
    for (const [answer, status, expected] of cases) expect([answer.status, answer.body]).toEqual([status, expected]);
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask(`${served.hub}/refresh?id=${token}`, { method });
      expect([answer.status, answer.headers.allow, answer.body]).toEqual([405, 'POST', '']);
    }
  });

  test('is for those who may use the endpoint', async () => {
    const served = await serveUsers({ ...enabled, authorize: (user) => user !== null });
    const { token } = await negotiate(served, as(ann));
    expect((await refresh(served, token, undefined)).status).toBe(401);
  });

  test('is not there without the option', async () => {
    const served = await serveUsers();
    const { token } = await negotiate(served, as(ann));
    const answer = await refresh(served, token, ann);
    expect([answer.status, answer.headers['content-type']]).toEqual([404, undefined]);
  });

  test('the application is asked, with what it has to know', async () => {
    const seen: AuthenticationRefresh[] = [];
    const served = await serveUsers({ ...enabled, onAuthenticationRefresh: async (asked) => seen.push(asked) > 0 });
    const { id, token } = await negotiate(served, as(ann));
    await refresh(served, token, annUntil(later, 'b'));
    expect(seen).toEqual([
      { connectionId: id, previousUser: ann, user: annUntil(later, 'b'), expires: new Date(later), request: expect.anything() as unknown },
    ]);
    expect(seen[0]?.request.url.pathname).toBe('/hub/refresh');
  });

  test.each(['throws', 'rejects'])('an application that %s costs the request', async (how) => {
    const served = await serveUsers({
      ...enabled,
      onAuthenticationRefresh: () => {
        if (how === 'throws') throw new Error('x');
        return Promise.reject(new Error('x'));
      },
    });
    const { token } = await negotiate(served, as(ann));
    expect((await refresh(served, token, annUntil(later, 'b'))).status).toBe(500);
    expect(served.said()).toEqual(['transport.refresh-failed']);
  });

  test('an older token does not replace a newer one, whichever is decided first', async () => {
    const gates: (() => void)[] = [];
    const served = await serveUsers({
      ...enabled,
      onAuthenticationRefresh: () => new Promise((resolve) => gates.push(() => resolve(true))),
    });
    const headers = as(annUntil(later, 'first'));
    const { url, token } = await negotiate(served, headers);
    await openWebSocket(url, { headers });
    const older = refresh(served, token, annUntil(later + 1_000, 'older'));
    while (gates.length < 1) await turns();
    const newer = refresh(served, token, annUntil(later + 2_000, 'newer'));
    while (gates.length < 2) await turns();
    gates[1]?.();
    await newer;
    gates[0]?.();
    expect((await older).status).toBe(200);
    const peer = await served.onlooker.peer();
    expect(peer.connection.user).toMatchObject({ role: 'newer' });
  });

  test('a connection that ends while the application thinks is not found', async () => {
    const gates: (() => void)[] = [];
    const served = await serveUsers({
      ...enabled,
      onAuthenticationRefresh: () => new Promise((resolve) => gates.push(() => resolve(true))),
    });
    const headers = as(ann);
    const { url, token } = await negotiate(served, headers);
    const webSocket = await openWebSocket(url, { headers });
    const answer = refresh(served, token, annUntil(later, 'b'));
    while (gates.length < 1) await turns();
    webSocket.terminate();
    await (await served.onlooker.peer()).ended();
    gates[0]?.();
    expect([(await answer).status, (await answer).body]).toEqual([404, code('connection_not_found')]);
  });

  describe('a poll', () => {
    const poll = (url: string, user: User): Promise<Answered> => ask(url, { headers: as(user) });

    test('with a renewed token refreshes, with the same or an older one it does not', async () => {
      const served = await serveUsers(enabled);
      const { url } = await negotiate(served, as(annUntil(later, 'a')));
      await poll(url, annUntil(later, 'a'));
      const peer = await served.onlooker.peer();
      const polls = [poll(url, annUntil(later, 'a'))];
      await vi.waitFor(() => expect(peer.refreshes).toEqual([]));
      polls.push(poll(url, annUntil(later + 1_000, 'b')));
      await peer.until(({ refreshes }) => refreshes.length === 1);
      polls.push(poll(url, annUntil(later, 'a')));
      await polls[1];
      expect([peer.connection.user, peer.refreshes.length]).toEqual([annUntil(later + 1_000, 'b'), 1]);
      peer.connection.write('data');
      const answers = await Promise.all(polls);
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 200]);
    });

    test.each(['at once', 'later'])('that the application rejects %s ends the connection', async (when) => {
      const rejected = (): boolean | Promise<boolean> => (when === 'later' ? Promise.resolve(false) : false);
      const served = await serveUsers({ ...enabled, onAuthenticationRefresh: rejected });
      const { url } = await negotiate(served, as(ann));
      await poll(url, ann);
      const answer = await poll(url, annUntil(later, 'b'));
      expect([answer.status, answer.body, answer.headers.pragma]).toEqual([403, code('permission_change_rejected'), 'no-cache']);
      const peer = await served.onlooker.peer();
      expect([peer.closings, peer.connection.user]).toEqual([[undefined], ann]);
    });

    test('is told of an end that comes while the application thinks, last data first', async () => {
      let accept = (): void => {};
      const served = await serveUsers({
        ...enabled,
        onAuthenticationRefresh: () => new Promise((resolve) => (accept = () => resolve(true))),
      });
      const { url } = await negotiate(served, as(ann));
      await poll(url, ann);
      const peer = await served.onlooker.peer();
      const thinking = poll(url, annUntil(later, 'b'));
      await requestTo(served.server);
      peer.connection.write('farewell');
      peer.connection.close();
      accept();
      expect(await thinking).toMatchObject({ status: 200, body: 'farewell' });
      expect(await poll(url, annUntil(later, 'b'))).toMatchObject({ status: 204 });
    });

    test('waits for the application, and then goes on', async () => {
      const served = await serveUsers({
        ...enabled,
        onAuthenticationRefresh: () => new Promise((resolve) => setImmediate(() => resolve(true))),
      });
      const { url } = await negotiate(served, as(ann));
      await poll(url, ann);
      const peer = await served.onlooker.peer();
      peer.connection.write('data');
      expect(await poll(url, annUntil(later, 'b'))).toMatchObject({ status: 200, body: 'data' });
      expect(peer.connection.user).toEqual(annUntil(later, 'b'));
    });
  });

  test.each(['at once', 'later'])('comes too late for a connection that has ended and was not polled since (accepted %s)', async (when) => {
    const fake = new FakeClock();
    let accept = (): void => {};
    const served = await serveUsers(
      {
        ...enabled,
        closeOnAuthenticationExpiration: true,
        onAuthenticationRefresh: () => when === 'at once' || new Promise((resolve) => (accept = () => resolve(true))),
      },
      fake,
    );
    const headers = as(annUntil(later, 'a'));
    const { url, token } = await negotiate(served, headers);
    await ask(url, { headers });
    const peer = await served.onlooker.peer();
    const end = (): void => peer.connection.close();
    if (when === 'at once') end();
    const answer = refresh(served, token, annUntil(later + 60_000, 'b'));
    if (when === 'later') {
      await requestTo(served.server);
      end();
      accept();
    }
    expect(await answer).toMatchObject({ status: 404, body: code('connection_not_found') });
    fake.advance(15_200);
    expect(fake.tasks).toBe(0);
  });

  test('the new expiry counts', async () => {
    const fake = new FakeClock();
    const served = await serveUsers({ ...enabled, closeOnAuthenticationExpiration: true }, fake);
    const headers = as(annUntil(later, 'a'));
    const { url, token } = await negotiate(served, headers);
    await openWebSocket(url, { headers });
    const peer = await served.onlooker.peer();
    await refresh(served, token, annUntil(later + 7_200_000, 'b'));
    vi.useFakeTimers({ toFake: ['Date'], now: later + 3_600_000 });
    try {
      fake.advance(61_000);
      await turns(3);
      expect(peer.closings).toEqual([]);
      vi.setSystemTime(later + 7_200_001);
      fake.advance(61_000);
      expect(await peer.ended()).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});
