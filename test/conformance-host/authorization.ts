import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { bearerToken, defineHub, method, type Claims } from 'signalbox';
import { jwtBearer } from 'signalbox/jwt';
import { z } from 'zod';
import { hasSegment } from './request-path.ts';

const NAME_IDENTIFIER = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';
const LIFETIME = '5s';

/** Issues and checks the tokens of the hub that wants one. The key lives as long as this. */
export class Tokens {
  readonly #key = randomBytes(32);
  /** The claims of a request's token. Only the hub that wants a token looks for one: elsewhere, whatever it is, it is ignored. */
  readonly authenticate = jwtBearer({
    secret: this.#key,
    token: (request) => (hasSegment(request.url.pathname, '/authorizedhub') ? bearerToken(request) : undefined),
  });

  /**
   * @param user - default `testuser`
   * @param scope - default none
   */
  issue(user: string | null, scope: string | null): Promise<string> {
    return new SignJWT({ [NAME_IDENTIFIER]: user || 'testuser', ...(scope && { scope }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setExpirationTime(LIFETIME)
      .setIssuer('SignalRTestServer')
      .setAudience('SignalRTests')
      .sign(this.#key);
  }
}

/** The value of the claim that names a user. */
export function nameIdentifierOf(user: Claims): string | undefined {
  return claimOf(user, NAME_IDENTIFIER);
}

function claimOf(user: Claims | undefined, type: string): string | undefined {
  const value = user?.[type];
  return typeof value === 'string' ? value : undefined;
}

export function isAuthorized({ user }: { readonly user: Claims | undefined }): boolean {
  return user !== undefined && nameIdentifierOf(user) !== undefined;
}

/** The hub that wants a token. */
export const authorizedHub = defineHub()({
  methods: {
    Echo: method([z.string().nullable()], (_, message) => message),
    GetUserNameIdentifier: method([], ({ user }) => claimOf(user, NAME_IDENTIFIER) ?? ''),
    GetUserClaim: method([z.string()], ({ user }, type) => claimOf(user, type) ?? ''),
  },
});
