import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { SignalR } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as jwt from '../../examples/authentication/jwt.ts';
import { knownUsers, othersTokens, ownTokens } from '../../examples/authentication/keys.ts';
import { apiKeys, signalr as ownTokensHost } from '../../examples/authentication/own-tokens.ts';
import { signalr as policies } from '../../examples/authentication/policies.ts';
import { serve as serveRefreshing } from '../../examples/authentication/refresh.ts';
import { accounts, signalr as sessions } from '../../examples/authentication/sessions.ts';
import { ask, type Answered, type Asked } from '../transport/http-client.ts';
import { listen } from '../transport/serve.ts';
import { inSeconds, request, SECRET, secretToken } from './tokens.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const page = read('docs/authentication.md');

/** Where a host negotiates, and what it answers. */
async function negotiates(signalr: SignalR<never>, path: string): Promise<(headers?: Asked['headers']) => Promise<Answered>> {
  const server = createServer();
  signalr.attach(server);
  const origin = `http://127.0.0.1:${await listen(server)}`;
  onTestFinished(() => signalr.close());
  return (headers = {}) => ask(`${origin}${path}/negotiate?negotiateVersion=1`, { method: 'POST', headers });
}

describe('docs/authentication.md', () => {
  const examples = readdirSync(new URL('examples/authentication/', root));

  test.each(examples)('shows examples/authentication/%s as it is', (file) => {
    expect(page).toContain(`\`\`\`ts\n${read(`examples/authentication/${file}`).trim()}\n\`\`\``);
  });

  test('shows no other code but two lines on origins', () => {
    const blocks = page.split('```ts').length - 1;
    expect(blocks).toBe(examples.length + 1);
  });
});

describe('what the page shows', () => {
  test('a token wanted, and none there', async () => {
    const negotiate = await negotiates(jwt.signalr as never, '/chat');
    const answer = await negotiate();
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  test('keys of several kinds', async () => {
    const own = ownTokens(SECRET, `${SECRET} before`);
    expect(await own(request(await secretToken({}, `${SECRET} before`)))).toMatchObject({ sub: 'ann' });
    expect(() => othersTokens('no PEM')).toThrow(/publicKey/);
    const known = knownUsers(SECRET, async (id) => (id === 'ann' ? { name: 'Ann' } : undefined));
    expect(await known(request(await secretToken()))).toEqual({ name: 'Ann' });
    await expect(known(request(await secretToken({ sub: 'bob' })))).rejects.toThrow('invalid_token');
  });

  test('a session', async () => {
    accounts.set('s1', { id: 'ann', name: 'Ann', signedInUntil: new Date(Date.now() + 60_000) });
    const negotiate = await negotiates(sessions as never, '/profile');
    expect((await negotiate({ Cookie: 'a=b; session=s1' })).status).toBe(200);
    expect((await negotiate({ Cookie: 'session=s2' })).status).toBe(401);
    expect((await negotiate({ Cookie: 'session=s1', Origin: 'https://evil.example' })).status).toBe(403);
  });

  test('a token of its own', async () => {
    apiKeys.set('k', 'ann');
    const negotiate = await negotiates(ownTokensHost.mapConnection('/own', () => {}) as never, '/own');
    const statuses = [await negotiate(), await negotiate({ Authorization: 'Bearer k' }), await negotiate({ Authorization: 'Bearer x' })];
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 401]);
  });

  test('policies', async () => {
    const negotiate = await negotiates(policies as never, '/documents');
    expect((await negotiate()).status).toBe(401);
  });

  test('a refresh', async () => {
    const negotiate = await negotiates(serveRefreshing(SECRET) as never, '/prices');
    const answer = await negotiate({ Authorization: `Bearer ${await secretToken({ exp: inSeconds(3_600) })}` });
    expect(answer.body).toContain('"tokenLifetimeSeconds":3');
  });
});
