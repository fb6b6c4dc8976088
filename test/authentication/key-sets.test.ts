import { createServer } from 'node:http';
import { AuthenticationError, SignalR, type ConnectionRequest } from 'signalbox';
import { jwtBearer, type JwtClaims } from 'signalbox/jwt';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LogEvent } from '../../src/base/log.ts';
import { ask } from '../transport/http-client.ts';
import { listen } from '../transport/serve.ts';
import { issuer, KeyServer, request, tokenOf, type Issuer } from './tokens.ts';

type Authenticate = (request: ConnectionRequest) => Promise<JwtClaims | undefined>;

const anybody = { issuer: null, audience: null };
const NOT_FOUND = 'Bearer error="invalid_token", error_description="The signature key was not found"';
const SECONDS = 1_000;
const MINUTES = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const pass = (milliseconds: number): unknown => vi.setSystemTime(Date.now() + milliseconds);

/** What comes of a token: its user's id, its challenge, or the code of an error. */
async function outcome(authenticate: Authenticate, signer: Issuer): Promise<unknown> {
  try {
    return (await authenticate(request(await tokenOf(signer, { exp: Math.floor(Date.now() / 1_000) + 60 }))))?.sub;
  } catch (error) {
    return error instanceof AuthenticationError ? error.challenge : (error as { readonly code?: string }).code;
  }
}

describe('a key set at an address', () => {
  test('is fetched when the first token comes, once for all that wait', async () => {
    const signer = await issuer('RS256', 'a');
    const server = new KeyServer([signer.jwk]);
    const authenticate = jwtBearer({ jwks: await server.start(), ...anybody });
    expect(await authenticate(request())).toBeUndefined();
    expect(server.fetches).toBe(0);
    expect(await Promise.all(Array.from({ length: 5 }, () => outcome(authenticate, signer)))).toEqual(Array(5).fill('ann'));
    expect(server.fetches).toBe(1);
  });

  test('is fetched again for a key that it lacks, but not at every such token', async () => {
    const [first, second] = [await issuer('ES256', 'first'), await issuer('ES256', 'second')];
    const server = new KeyServer([first.jwk]);
    const authenticate = jwtBearer({ jwks: new URL(await server.start()), ...anybody });
    expect(await outcome(authenticate, first)).toBe('ann');
    server.keys = [second.jwk];
    expect(await outcome(authenticate, second)).toBe(NOT_FOUND);
    expect(await outcome(authenticate, second)).toBe(NOT_FOUND);
    expect(server.fetches).toBe(1);
    pass(31 * SECONDS);
    expect(await outcome(authenticate, second)).toBe('ann');
    expect(server.fetches).toBe(2);
    expect(await outcome(authenticate, first)).toBe(NOT_FOUND);
  });

  test('is found among several keys of a kind, where a token does not name its own', async () => {
    const [first, second, other] = [await issuer('ES256'), await issuer('ES256'), await issuer('ES256')];
    const server = new KeyServer([first.jwk, second.jwk]);
    const authenticate = jwtBearer({ jwks: await server.start(), ...anybody });
    expect(await outcome(authenticate, second)).toBe('ann');
    expect(await outcome(authenticate, other)).toContain('The signature is invalid');
  });

  test.each<[string, (server: KeyServer) => void]>([
    ['is not there', (server) => server.stop()],
    ['fails', (server) => (server.status = 500)],
    ['is not JSON', (server) => (server.body = '<html>')],
    ['is no key set', (server) => (server.body = '{}')],
    ['has a broken key', (server) => (server.body = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid: 'a', x: '!', y: 1 }] }))],
  ])('that %s refuses tokens otherwise than bad ones, and is not asked at each of them', async (_name, breakIt) => {
    const signer = await issuer('ES256', 'a');
    const server = new KeyServer([signer.jwk]);
    const authenticate = jwtBearer({ jwks: await server.start(), ...anybody });
    breakIt(server);
    expect(await outcome(authenticate, signer)).toBe('SIGNALBOX_KEYS_UNAVAILABLE');
    const { fetches } = server;
    expect(await outcome(authenticate, signer)).toBe('SIGNALBOX_KEYS_UNAVAILABLE');
    expect(server.fetches).toBe(fetches);
  });

  test('keeps its keys for an hour while newer ones can not be had', async () => {
    const [known, unknown] = [await issuer('ES256', 'known'), await issuer('ES256', 'unknown')];
    const server = new KeyServer([known.jwk]);
    const authenticate = jwtBearer({ jwks: await server.start(), ...anybody });
    expect(await outcome(authenticate, known)).toBe('ann');
    server.status = 503;
    pass(11 * MINUTES);
    expect(await outcome(authenticate, known)).toBe('ann');
    expect(await outcome(authenticate, unknown)).toBe('SIGNALBOX_KEYS_UNAVAILABLE');
    expect(server.fetches).toBe(2);
    pass(50 * MINUTES);
    expect(await outcome(authenticate, known)).toBe('SIGNALBOX_KEYS_UNAVAILABLE');
    server.status = 200;
    pass(31 * SECONDS);
    expect(await outcome(authenticate, known)).toBe('ann');
  });
});

test('a host whose keys can not be had answers with 503, says so once, and serves everybody else', async () => {
  const signer = await issuer('ES256', 'a');
  const keyServer = new KeyServer([signer.jwk]);
  const jwks = await keyServer.start();
  keyServer.stop();
  const logged: { readonly event: LogEvent; readonly error: unknown }[] = [];
  const signalr = new SignalR({
    authenticate: jwtBearer({ jwks, ...anybody }),
    log: (event, _fields, error) => {
      if (event.level === 'error') logged.push({ event, error });
    },
  });
  signalr.mapConnection('/hub', async (connection) => {
    for await (const chunk of connection.frames()) connection.write(chunk);
  });
  const server = createServer();
  signalr.attach(server);
  const url = `http://127.0.0.1:${await listen(server)}/hub/negotiate`;
  onTestFinished(() => signalr.close());
  const headers = { Authorization: `Bearer ${await tokenOf(signer)}` };
  for (let i = 0; i < 3; i++) expect((await ask(url, { method: 'POST', headers })).status).toBe(503);
  expect((await ask(url, { method: 'POST' })).status).toBe(200);
  expect(logged.map(({ event, error }) => [event.id, (error as Error).message])).toEqual([
    ['transport.keys-unavailable', expect.stringMatching(/^The key set at 'http:\/\/127\.0\.0\.1:\d+\/keys' can't be used: /)],
  ]);
});
