import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { AccessTokens } from '../../src/authentication/access-token.ts';
import { parseServiceConnectionString } from '../../src/authentication/connection-string.ts';

const KEY = 'an access key of a service, 32 bytes or more';
const endpoint = parseServiceConnectionString(`Endpoint=http://127.0.0.1:8898;AccessKey=${KEY};ClientEndpoint=https://elsewhere.example/x`);
const secret = Buffer.from(KEY);

describe('access tokens', () => {
  it('of servers name the server and the hub, and are good for their lifetime', async () => {
    const token = await new AccessTokens(endpoint, { lifetime: 60_000, algorithm: 'HS256' }).forServer('app_chathub', 'box_1');
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.stringMatching(/^\d+$/) as string });
    const { payload } = await jwtVerify(token, secret);
    const { nbf, exp, iat, ...rest } = payload;
    expect(rest).toEqual({ nameid: 'box_1', iss: 'azure-signalr', aud: 'http://127.0.0.1/server/?hub=app_chathub' });
    expect(nbf).toBe(iat);
    expect(exp).toBe((iat ?? 0) + 60);
  });

  it('of clients carry claims, those of one name as an array, and can be signed with HS512', async () => {
    const tokens = new AccessTokens(endpoint, { lifetime: 60_000, algorithm: 'HS512' });
    const token = await tokens.forClient('chathub', { 'asrs.s.uid': 'ann', role: ['a', 'b'], level: 3, exp: 1, aud: 'x' });
    expect(decodeProtectedHeader(token).alg).toBe('HS512');
    const { payload } = await jwtVerify(token, secret);
    expect(payload).toMatchObject({ 'asrs.s.uid': 'ann', role: ['a', 'b'], level: 3, aud: 'http://127.0.0.1/client/?hub=chathub' });
    expect(payload.exp).toBeGreaterThan(Date.now() / 1_000);
  });
});
