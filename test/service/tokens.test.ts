import { CompactSign, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedServer } from './app-server.ts';
import { Bystanders } from './bystanders.ts';
import { RawClient } from './raw-client.ts';
import { ACCESS_KEY, ServiceRig, tokenFor } from './rig.ts';

const OTHER_KEY = 'zyxwvutsrqponmlkjihgfedcba9876543210zyxwvuts';
const NEVER_A_KEY = 'another-key-that-nobody-gave-to-the-service-1';

type Door = 'client' | 'server';
const seconds = (): number => Math.floor(Date.now() / 1_000);
const claimsOf = (door: Door): JWTPayload => ({ aud: `http://127.0.0.1/${door}/?hub=chat`, exp: seconds() + 3_600, nameid: 'server-9' });

/** Signed with the access key, with any claims. */
const signed = (claims: JWTPayload, algorithm = 'HS256'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(Buffer.from(ACCESS_KEY));

const signedText = (text: string): Promise<string> =>
  new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(ACCESS_KEY));

const turned = (text: string): string => Array.from(text).toReversed().join('');

const bad: readonly (readonly [string, (door: Door) => string | Promise<string>])[] = [
  ['of another key', (door) => tokenFor(door, 'chat', {}, { key: NEVER_A_KEY })],
  ['that has expired, past what clocks may differ by', (door) => tokenFor(door, 'chat', {}, { expires: -301 })],
  ['that is not valid yet', (door) => signed({ ...claimsOf(door), nbf: seconds() + 600 })],
  ['without an end', (door) => signed({ aud: claimsOf(door).aud as string })],
  ['whose end is no number', (door) => signed({ ...claimsOf(door), exp: 'never' as unknown as number })],
  ['without an audience', () => signed({ exp: seconds() + 60 })],
  ['whose audience is no text', (door) => signed({ ...claimsOf(door), aud: 7 as unknown as string })],
  ['whose audience is a list of no texts', (door) => signed({ ...claimsOf(door), aud: [7, null] as unknown as string[] })],
  ['for the other door', (door) => tokenFor(door === 'client' ? 'server' : 'client', 'chat')],
  ['for another hub', (door) => tokenFor(door, 'other')],
  ['for a hub whose name ends alike', (door) => tokenFor(door, 'xchat')],
  ['for a hub whose name begins alike', (door) => tokenFor(door, 'chats')],
  ['for another path', (door) => tokenFor(door, 'chat', {}, { audience: `http://127.0.0.1/not${door}/?hub=chat` })],
  ['for the REST API', (door) => tokenFor(door, 'chat', {}, { audience: 'http://127.0.0.1/api/hubs/chat' })],
  ['that is not signed', (door) => new UnsecuredJWT(claimsOf(door)).encode()],
  [
    'that says it is not signed, and keeps the signature',
    async (door) => {
      const [, claims, signature] = (await signed(claimsOf(door))).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.${signature}`;
    },
  ],
  [
    'of another algorithm',
    async (door) => {
      const { privateKey } = await generateKeyPair('ES256');
      return new SignJWT(claimsOf(door)).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    },
  ],
  [
    'whose claims were changed',
    async (door) => {
      const [head, , signature] = (await signed(claimsOf(door))).split('.');
      return `${head}.${Buffer.from(JSON.stringify({ ...claimsOf(door), nameid: 'root' })).toString('base64url')}.${signature}`;
    },
  ],
  ['whose signature is cut', async (door) => (await signed(claimsOf(door))).slice(0, -5)],
  ['without a signature', async (door) => (await signed(claimsOf(door))).replace(/[^.]+$/, '')],
  ['of words', () => 'not.a.token'],
  ['backwards', async (door) => turned(await signed(claimsOf(door)))],
  ['of dots', () => '.'.repeat(1_000)],
  ['of 12 KB', () => 'x'.repeat(12_000)],
  ['whose claims are a list', (door) => signedText(JSON.stringify([claimsOf(door)]))],
  ['whose claims are no JSON', () => signedText('{"aud":')],
];

let rig: ServiceRig;
let bystanders: Bystanders;

beforeEach(async () => {
  rig = await ServiceRig.start();
  bystanders = await Bystanders.of(rig);
});
afterEach(() => rig.close());

describe.each(['client', 'server'] as const)('at /%s/, a token', (door) => {
  const dial = (token: string): Promise<unknown> =>
    door === 'client' ? RawClient.dial(rig, { token }) : ScriptedServer.dial(rig, { serverId: 'server-9' }, token);

  test.each(bad)('%s is refused with 401', async (_, makeToken) => {
    await expect(dial(await makeToken(door))).rejects.toThrow('401');
    await bystanders.unharmed();
    expect(rig.logged.filter(({ id }) => id.startsWith('transport.hook'))).toEqual([]);
  });

  test('larger than any header is refused before it is looked at', async () => {
    await expect(dial('x'.repeat(40_000))).rejects.toThrow('431');
    await bystanders.unharmed();
  });

  test.each(['HS256', 'HS384', 'HS512'])('of %s is good', async (algorithm) => {
    await expect(dial(await signed(claimsOf(door), algorithm))).resolves.toBeDefined();
  });

  test('is good up to five minutes past its end, as app servers with other clocks expect', async () => {
    await expect(dial(await tokenFor(door, 'chat', {}, { expires: -200 }))).resolves.toBeDefined();
  });

  test('is good behind any proxy: host, port, case and a path before it are not looked at', async () => {
    const audience = `https://front.example:8443/signalr/${door}/?hub=Chat`;
    await expect(dial(await tokenFor(door, 'chat', {}, { audience }))).resolves.toBeDefined();
  });
});

test('there is no way in without a token, nor with two hubs, nor with a name that is none', async () => {
  const get = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${rig.url}${path}`, { method: 'POST', headers })).status;
  expect(await get('/client/negotiate?hub=chat')).toBe(401);
  expect(await get('/client/negotiate')).toBe(400);
  const headers = { Authorization: `Bearer ${await tokenFor('client', 'chat')}` };
  expect(await get('/client/negotiate?hub=chat&negotiateVersion=1', headers)).toBe(200);
  expect(await get('/client/negotiate?hub=other&hub=chat', headers)).toBe(401);
  expect(await get('/client/negotiate?hub=', headers)).toBe(400);
  expect(await get(`/client/negotiate?hub=${encodeURIComponent('chat\n')}`, headers)).toBe(400);
  expect(await get('/client/negotiate?hub=ch%2fat', headers)).toBe(400);
  await bystanders.unharmed();
});

test('app servers have no negotiation, and come by no other transport', async () => {
  const headers = { Authorization: `Bearer ${await tokenFor('server', 'chat')}` };
  const { status } = await fetch(`${rig.url}/server/?hub=chat&cid=x`, { headers: { ...headers, Accept: 'text/event-stream' } });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(rig.service.hubs.get('chat')?.links.size).toBe(1);
});

describe('several access keys', () => {
  test('are all good, and one that was taken out is not', async () => {
    await using both = await ServiceRig.start({ accessKeys: [ACCESS_KEY, OTHER_KEY] });
    await using later = await ServiceRig.start({ accessKeys: [OTHER_KEY] });
    const [old, current] = [await tokenFor('client', 'chat'), await tokenFor('client', 'chat', {}, { key: OTHER_KEY })];
    for (const token of [old, current]) await expect(RawClient.dial(both, { token })).resolves.toBeDefined();
    await expect(RawClient.dial(later, { token: current })).resolves.toBeDefined();
    await expect(RawClient.dial(later, { token: old })).rejects.toThrow('401');
  });

  test('of which one is no key at all are refused at the start', async () => {
    for (const accessKeys of [[], ['short'], [ACCESS_KEY, 'short'], undefined, ACCESS_KEY]) {
      await expect(ServiceRig.start({ accessKeys: accessKeys as unknown as string[] })).rejects.toThrow(/accessKeys/);
    }
  });
});
