import { randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { AuthenticationError, bearerToken, defineHub, method, type Claims, type ConnectionRequest } from 'signalbox';
import { z } from 'zod';
import { hasSegment } from './request-path.ts';

const NAME_IDENTIFIER = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';
const LIFETIME = '5s';
/** Seconds that clocks may differ by, so that a token lives on after its time. */
const CLOCK_SKEW = 300;

/** Issues and checks the tokens of the hub that wants one. The key lives as long as this. */
export class Tokens {
  readonly #key = randomBytes(32);

  issue(): Promise<string> {
    return new SignJWT({ [NAME_IDENTIFIER]: 'testuser' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setExpirationTime(LIFETIME)
      .setIssuer('SignalRTestServer')
      .setAudience('SignalRTests')
      .sign(this.#key);
  }

  /**
   * The claims of a request's token. Only the hub that wants a token looks for one: elsewhere, whatever it is, it is ignored.
   *
   * @throws AuthenticationError when the token is not good
   */
  async authenticate(request: ConnectionRequest): Promise<Claims | undefined> {
    if (!hasSegment(request.url.pathname, '/authorizedhub')) return undefined;
    const token = bearerToken(request);
    return token === undefined ? undefined : await this.#verify(token);
  }

  async #verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: ['HS256'], requiredClaims: ['exp'], clockTolerance: CLOCK_SKEW });
      return payload;
    } catch (error) {
      throw new AuthenticationError(challengeFor(error));
    }
  }
}

function challengeFor(error: unknown): string {
  const invalid = 'Bearer error="invalid_token"';
  return error instanceof errors.JWSSignatureVerificationFailed ? `${invalid}, error_description="The signature is invalid"` : invalid;
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
