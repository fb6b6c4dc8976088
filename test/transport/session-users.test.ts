import { describe, expect, test } from 'vitest';
import type { UserTraits } from '../../src/transport/options.ts';
import { Onlooker } from './application.ts';
import { ask, eventStream, negotiate } from './http-client.ts';
import { ann, as, serveUsers, users, type User } from './known-users.ts';
import { serve } from './serve.ts';
import { handshakeFields, head, RawSocket } from './websocket-client.ts';

const CHANGED = 'The user associated with this connection changed.';

describe('a connection token of another user', () => {
  const others: [string, User | undefined, User | undefined][] = [
    ['another id', ann, { id: 'bob' }],
    ['no user any more', ann, undefined],
    ['a user all at once', undefined, ann],
    ['a user without an id', ann, {}],
    ['an anonymous one, where users have no id', {}, undefined],
  ];

  test.each(others)('%s: is refused before a transport is there', async (_name, owner, other) => {
    const served = await serveUsers();
    const { url, token } = await negotiate(served, as(owner));
    const requests = ['GET', 'POST', 'DELETE'].map((method) => ask(url, { method, headers: as(other) }));
    requests.push(ask(url, { headers: { ...as(other), ...eventStream } }));
    for (const answer of await Promise.all(requests)) expect([answer.status, answer.body]).toEqual([403, CHANGED]);
    const raw = new RawSocket(served.port);
    raw.write(head(`GET /hub?id=${token} HTTP/1.1`, ...handshakeFields, ...(other ? [`X-User: ${JSON.stringify(other)}`] : [])));
    expect(await raw.end()).toContain(`HTTP/1.1 403 Forbidden\r\n`);
    expect(new Set(served.said())).toEqual(new Set(['transport.user-changed']));
    expect(served.onlooker.peers).toEqual([]);
    expect((await ask(url, { headers: as(owner) })).status).toBe(200);
  });

  test('is refused on a connection that lives, which goes on', async () => {
    const served = await serveUsers();
    const { url } = await negotiate(served, as(ann));
    await ask(url, { headers: as(ann) });
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await ask(url, { method, headers: as({ id: 'bob' }), ...(method === 'POST' && { body: 'forged' }) });
      expect([method, answer.status, answer.body]).toEqual([method, 403, CHANGED]);
    }
    expect((await ask(url, { method: 'POST', headers: as(ann), body: 'own' })).status).toBe(200);
    const peer = await served.onlooker.peer();
    expect([peer.text, peer.closings]).toEqual(['own', []]);
  });

  test('is the same user with a renewed token', async () => {
    const served = await serveUsers();
    const { url } = await negotiate(served, as({ ...ann, exp: 1, role: 'a' }));
    await ask(url, { headers: as({ ...ann, exp: 2, role: 'b' }) });
    expect((await ask(url, { method: 'POST', headers: as({ ...ann, exp: 3 }), body: 'hi' })).status).toBe(200);
  });

  test('may be anybody where nobody is asked who it is', async () => {
    const onlooker = new Onlooker();
    const { url } = await negotiate(await serve({ opened: onlooker.opened }));
    expect((await ask(url, { headers: { Authorization: 'x' } })).status).toBe(200);
    expect((await ask(url, { method: 'POST', headers: { Authorization: 'y' }, body: 'z' })).status).toBe(200);
  });

  test('a hook that fails on its user costs that request only', async () => {
    const failing: UserTraits = {
      ...users,
      idOf: () => {
        throw new Error('idOf');
      },
    };
    const served = await serveUsers({ users: failing, authorize: () => Promise.resolve(true) });
    expect((await ask(`${served.hub}/negotiate`, { method: 'POST', headers: as(ann) })).status).toBe(500);
    expect((await ask(`${served.hub}/negotiate`, { method: 'POST' })).status).toBe(200);
    expect(served.said()).toEqual(['transport.hook-failed']);
  });
});
