import { createSecretKey, generateKeyPairSync, KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { exportSPKI, SignJWT } from 'jose';
import { AuthenticationError, type ConnectionRequest } from 'signalbox';
import { memoryRequest } from 'signalbox/conformance';
import { jwtBearer, type JwtBearerOptions } from 'signalbox/jwt';
import { describe, expect, test } from 'vitest';
import { inSeconds, issuer, rawToken, request, SECRET, secretToken, tokenOf } from './tokens.ts';

type Authenticate = (request: ConnectionRequest) => Promise<unknown>;

/** The challenge that a request is refused with; undefined where it is not. */
async function challenge(authenticate: Authenticate, token: string): Promise<string | undefined> {
  try {
    await authenticate(request(`Bearer ${token}`));
    return undefined;
  } catch (error) {
    if (error instanceof AuthenticationError) return error.challenge;
    throw error;
  }
}

const INVALID = 'Bearer error="invalid_token"';
const because = (description: string): string => `${INVALID}, error_description="${description}"`;
const SIGNATURE = because('The signature is invalid');
const anybody = { issuer: null, audience: null };

/** As .NET writes it. */
const moment = (seconds: number): string => {
  const date = new Date(seconds * 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
};

describe('a request', () => {
  const authenticate = jwtBearer({ secret: SECRET });

  test('without a token is anonymous', async () => {
    expect(await authenticate(request())).toBeUndefined();
  });

  test.each(['Bearer ', 'bearer ', ''])("shows its token behind '%s'", async (scheme) => {
    expect(await authenticate(request(scheme + (await secretToken())))).toMatchObject({ sub: 'ann' });
  });

  test('may show it in the query, where no header does', async () => {
    const token = await secretToken();
    expect(await authenticate(request(undefined, `?id=x&access_token=${token}`))).toMatchObject({ sub: 'ann' });
    await expect(authenticate(request('Bearer garbage', `?access_token=${token}`))).rejects.toThrow(AuthenticationError);
  });

  test('has it where an option says', async () => {
    const fromCookie = jwtBearer({ secret: SECRET, token: ({ cookies }) => cookies.get('session') });
    const headers = { cookie: `a=b; session=${await secretToken()}` };
    expect(await fromCookie(memoryRequest({ headers }))).toMatchObject({ sub: 'ann' });
    expect(await fromCookie(request(`Bearer ${await secretToken()}`))).toBeUndefined();
  });
});

describe('the user', () => {
  test('is the claims', async () => {
    const claims = { sub: 'ann', exp: inSeconds(60), role: ['a', 'b'] };
    expect(await jwtBearer({ secret: SECRET })(request(await secretToken(claims)))).toEqual(claims);
  });

  test('is what an option makes of them; nothing refuses the token', async () => {
    const authenticate = jwtBearer({ secret: SECRET }, async ({ sub }, { url }) =>
      sub === 'ann' ? { name: sub + url.search } : undefined,
    );
    expect(await authenticate(request(await secretToken(), '?q'))).toEqual({ name: 'ann?q' });
    expect(await challenge(authenticate, await secretToken({ sub: 'bob' }))).toBe(INVALID);
  });
});

describe('a token that is not good', () => {
  const authenticate = jwtBearer({ secret: SECRET, issuer: 'us', audience: ['a', 'b'], requiredClaims: ['sub'] });
  const good = { iss: 'us', aud: 'a' };

  test.each(['garbage', 'Basic abc', 'a.b.c', '..', 'e30.e30.e30', 'x'.repeat(5_000)])('%s is none', async (token) => {
    expect(await challenge(authenticate, token)).toBe(INVALID);
  });

  test('was tampered with', async () => {
    const [header, , signature] = (await secretToken(good)).split('.');
    const claims = Buffer.from(JSON.stringify({ ...good, sub: 'root', exp: inSeconds(60) })).toString('base64url');
    expect(await challenge(authenticate, `${header}.${claims}.${signature}`)).toBe(SIGNATURE);
    expect(await challenge(authenticate, await secretToken(good, `${SECRET}!`))).toBe(SIGNATURE);
  });

  test('expired longer ago than clocks may differ by', async () => {
    expect(await challenge(authenticate, await secretToken({ ...good, exp: inSeconds(-290) }))).toBeUndefined();
    const exp = inSeconds(-301);
    expect(await challenge(authenticate, await secretToken({ ...good, exp }))).toBe(because(`The token expired at '${moment(exp)}'`));
    const exact = jwtBearer({ secret: SECRET, clockTolerance: 0 });
    const now = inSeconds(0);
    expect(await challenge(exact, await secretToken({ exp: now }))).toBe(because(`The token expired at '${moment(now)}'`));
  });

  test('is not good yet', async () => {
    expect(await challenge(authenticate, await secretToken({ ...good, nbf: inSeconds(290) }))).toBeUndefined();
    const nbf = inSeconds(400);
    expect(await challenge(authenticate, await secretToken({ ...good, nbf }))).toBe(
      because(`The token is not valid before '${moment(nbf)}'`),
    );
  });

  test.each<[string, Record<string, unknown>, string | undefined]>([
    ['is for one of the audiences', { aud: ['x', 'b'] }, undefined],
    ['is for others', { aud: 'x' }, "The audience 'x' is invalid"],
    ['is for several others', { aud: ['x', 'y'] }, "The audience 'x, y' is invalid"],
    ['is for nobody', { aud: undefined }, "The audience '(null)' is invalid"],
    ['is of another issuer', { iss: 'them' }, "The issuer 'them' is invalid"],
    ['is of no issuer', { iss: undefined }, "The issuer '(null)' is invalid"],
    ['lives for ever', { exp: undefined }, 'The token has no expiration'],
    ['lacks a claim', { sub: undefined }, "The claim 'sub' is missing"],
    ['has what no header may have', { aud: 'a"b\\c\r\nX: y\u{1F600}' }, "The audience 'a?b?c??X: y??' is invalid"],
    ['has much to say', { aud: 'x'.repeat(999) }, `The audience '${'x'.repeat(186)}`],
  ])('%s', async (_name, claims, description) => {
    expect(await challenge(authenticate, await secretToken({ ...good, ...claims }))).toBe(description && because(description));
  });

  test.each<[string, Record<string, unknown>]>([
    ['exp is text', { exp: 'tomorrow' }],
    ['nbf is text', { nbf: 'x' }],
    ['exp is beyond all dates', { exp: 8.64e15 + 1, nbf: 8.64e15 }],
  ])('%s', async (_name, claims) => {
    const token = rawToken({ alg: 'HS256' }, { ...good, ...claims });
    const signed = await new SignJWT({ ...good, sub: 'x', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET));
    expect(await challenge(authenticate, token)).toBe(SIGNATURE);
    expect(await challenge(authenticate, signed)).toMatch(/^Bearer error="invalid_token"/);
  });

  test('whatever it is, never fails otherwise', async () => {
    const token = await secretToken(good);
    const mutated = fc
      .tuple(fc.nat(token.lastIndexOf('.') - 1), fc.string({ unit: 'binary-ascii' }))
      .map(([at, text]) => token.slice(0, at) + text + token.slice(at + 1));
    const parts = fc.tuple(fc.json(), fc.json(), fc.base64String()).map(([header, claims, signature]) =>
      [header, claims]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.')
        .concat('.', signature),
    );
    const header = fc.record({
      alg: fc.constantFrom('HS256', 'none', 'RS256', 'x'),
      kid: fc.anything(),
      crit: fc.anything(),
      b64: fc.boolean(),
    });
    const odd = fc.tuple(header, fc.dictionary(fc.string(), fc.jsonValue())).map(([head, claims]) => rawToken(head, claims, 'AAAA'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, parts, odd, fc.string()), async (text) => {
        if (text === token) return;
        const reader = jwtBearer({ secret: SECRET, issuer: 'us', audience: 'a', token: () => text });
        await expect(reader(request())).rejects.toThrow(AuthenticationError);
      }),
      { numRuns: 300 },
    );
  });
});

describe('algorithms', () => {
  test('none is never good', async () => {
    const authenticate = jwtBearer({ secret: SECRET, jwks: { keys: [(await issuer('RS256')).jwk] }, ...anybody });
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await challenge(authenticate, rawToken({ alg }, { sub: 'x', exp: inSeconds(60) }))).toBe(SIGNATURE);
    }
  });

  test('a public key is no secret, in whatever shape it is given', async () => {
    const { publicKey, jwk } = await issuer('RS256');
    const pem = await exportSPKI(publicKey);
    const forged = await new SignJWT({ sub: 'root', exp: inSeconds(60) }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(pem));
    for (const options of [{ publicKey: pem }, { publicKey: jwk }, { jwks: { keys: [jwk] } }, { publicKey: pem, secret: SECRET }])
      expect(await challenge(jwtBearer({ ...options, ...anybody }), forged)).toBe(SIGNATURE);
    expect(() => jwtBearer({ secret: pem })).toThrow(/no PEM/);
  });

  test.each(['RS256', 'RS512', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    '%s is checked with a public key of any shape',
    async (alg) => {
      const signer = await issuer(alg);
      const other = await issuer(alg);
      const keys = [await exportSPKI(signer.publicKey), signer.jwk, KeyObject.from(signer.publicKey), KeyObject.from(signer.privateKey)];
      for (const publicKey of keys) {
        const authenticate = jwtBearer({ publicKey, ...anybody });
        expect(await authenticate(request(await tokenOf(signer)))).toMatchObject({ sub: 'ann' });
        expect(await challenge(authenticate, await tokenOf(other))).toBe(SIGNATURE);
      }
    },
  );

  test.each<[string, number]>([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('%s asks for a secret of %i bytes', async (alg, length) => {
    const secret = 'x'.repeat(length);
    expect(await challenge(jwtBearer({ secret }), await secretToken({}, secret, alg))).toBeUndefined();
    expect(await challenge(jwtBearer({ secret: Buffer.from(secret) }), await secretToken({}, secret, alg))).toBeUndefined();
    const shorter = 'x'.repeat(length - 1);
    if (length === 32) expect(() => jwtBearer({ secret: shorter })).toThrow(/secret of jwtBearer is 31/);
    else expect(await challenge(jwtBearer({ secret: shorter }), await secretToken({}, shorter, alg))).toBe(SIGNATURE);
  });

  test('can be narrowed', async () => {
    const secret = 'x'.repeat(64);
    const authenticate = jwtBearer({ secret, algorithms: ['HS512'] });
    expect(await challenge(authenticate, await secretToken({}, secret, 'HS512'))).toBeUndefined();
    expect(await challenge(authenticate, await secretToken({}, secret, 'HS256'))).toBe(SIGNATURE);
  });
});

describe('several keys', () => {
  test('of one kind count while one replaces another', async () => {
    const [old, fresh] = [await issuer('ES256', 'old'), await issuer('ES256', 'new')];
    const authenticate = jwtBearer({ publicKey: [old.jwk, fresh.jwk], secret: [SECRET, `${SECRET}2`], ...anybody });
    const unnamed = { ...fresh, kid: undefined };
    for (const token of [tokenOf(old), tokenOf(fresh), tokenOf(unnamed), secretToken(), secretToken({}, `${SECRET}2`)])
      expect(await challenge(authenticate, await token)).toBeUndefined();
    expect(await challenge(authenticate, await tokenOf({ ...fresh, kid: 'old' }))).toBe(SIGNATURE);
    expect(await challenge(authenticate, await tokenOf(await issuer('ES256', 'other')))).toBe(because('The signature key was not found'));
  });

  test('of a JWK keep to the algorithm that it names', async () => {
    const signer = await issuer('RS256');
    const authenticate = jwtBearer({ publicKey: { ...signer.jwk, alg: 'PS256' }, ...anybody });
    expect(await challenge(authenticate, await tokenOf(signer))).toBe(SIGNATURE);
  });
});

describe('options that are wrong', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
  test.each<[string, JwtBearerOptions, string]>([
    ['no key', {}, 'secret, publicKey or jwks'],
    ['a short secret', { secret: 'short' }, 'secret'],
    ['a secret of another kind', { secret: 5 as never }, 'secret'],
    ['no PEM', { publicKey: 'nonsense', ...anybody }, 'publicKey'],
    ['a weak key', { publicKey: weak, ...anybody }, 'publicKey'],
    ['a key on another curve', { publicKey: curve, ...anybody }, 'publicKey'],
    ['a secret for a public key', { publicKey: createSecretKey(Buffer.from(SECRET)), ...anybody }, 'publicKey'],
    ['a secret JWK', { publicKey: { kty: 'oct', k: 'AAAA' }, ...anybody }, 'publicKey'],
    ['no audience', { jwks: { keys: [] }, issuer: 'x' }, 'audience'],
    ['no issuer', { jwks: { keys: [] }, audience: 'x' }, 'issuer'],
    ['an empty audience', { secret: SECRET, audience: [] }, 'audience'],
    ['an empty issuer', { secret: SECRET, issuer: '' }, 'issuer'],
    ['an algorithm without a key', { secret: SECRET, algorithms: ['RS256'] }, 'algorithms'],
    ['none', { secret: SECRET, algorithms: ['none'] }, 'algorithms'],
    ['no algorithm', { secret: SECRET, algorithms: [] }, 'algorithms'],
    ['a negative tolerance', { secret: SECRET, clockTolerance: -1 }, 'clockTolerance'],
    ['no tolerance', { secret: SECRET, clockTolerance: Number.NaN }, 'clockTolerance'],
    ['a claim that is none', { secret: SECRET, requiredClaims: [1 as never] }, 'requiredClaims'],
    ['a wish that is none', { secret: SECRET, requireExpiration: 'no' as never }, 'requireExpiration'],
    ['no address', { jwks: 'keys', ...anybody }, 'jwks'],
    ['an open address', { jwks: 'http://idp.example/keys', ...anybody }, 'jwks'],
    ['another kind of address', { jwks: new URL('file:///etc/keys'), requireHttps: false, ...anybody }, 'jwks'],
    ['no key set', { jwks: { keys: 'x' } as never, ...anybody }, 'jwks'],
  ])('%s', (_name, options, option) => {
    expect(() => jwtBearer(options)).toThrow(
      expect.objectContaining({
        code: 'SIGNALBOX_INVALID_OPTION',
        message: expect.stringContaining(`${option} of jwtBearer`) as string,
      }) as Error,
    );
  });

  test('what is allowed all the same', () => {
    jwtBearer({ jwks: 'http://idp.internal/keys', requireHttps: false, ...anybody });
    jwtBearer({ jwks: 'http://localhost:1/keys', ...anybody });
    jwtBearer({ jwks: 'https://idp.example/keys', issuer: 'x', audience: ['y'] });
    expect(() => jwtBearer({ secret: SECRET, requireExpiration: false })).not.toThrow();
  });

  test('a secret is not shown', () => {
    expect(() => jwtBearer({ secret: 'hunter2' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }) as Error,
    );
  });
});
