import { createSecretKey, type KeyObject } from 'node:crypto';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { codedError } from '../base/errors.ts';
import { AuthenticationError } from '../transport/admission.ts';
import { bearerToken } from '../transport/bearer-token.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import { challengeFor, INVALID_TOKEN } from './challenges.ts';
import type { JwtClaims } from './jwt-options.ts';

/** The shortest access key: as long as the hash of HS256 (RFC 7518, section 3.2). */
export const LEAST_ACCESS_KEY = 32;
const ALGORITHMS = ['HS256', 'HS384', 'HS512'];
/** Seconds that the clocks of an app server and of the service may differ by, as in ASP.NET Core. */
const CLOCK_TOLERANCE = 300;

/** Checks tokens that were signed with an access key: the SDK's `kid` tells nothing, so each key is tried. */
export class AccessKeys {
  #keys: readonly KeyObject[];

  /** @throws SignalboxError SIGNALBOX_INVALID_OPTION for a list that is empty, or a key that is shorter than `LEAST_ACCESS_KEY` bytes */
  constructor(keys: readonly string[]) {
    this.#keys = usableKeys(keys);
  }

  /**
   * From now on these keys count, and no others.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_OPTION as the constructor does; then the keys stay as they were
   */
  replace(keys: readonly string[]): void {
    this.#keys = usableKeys(keys);
  }

  /**
   * An `authenticate` that makes a user of a good token's claims.
   *
   * @param makeUser - undefined refuses the token: it was made for something else
   */
  authenticate<User>(
    makeUser: (claims: JwtClaims, request: ConnectionRequest) => User | undefined,
  ): (request: ConnectionRequest) => Promise<User | undefined> {
    return async (request) => {
      const token = bearerToken(request);
      if (token === undefined) return undefined;
      const user = makeUser(await this.verify(token), request);
      if (user === undefined) throw new AuthenticationError(INVALID_TOKEN);
      return user;
    };
  }

  /**
   * The claims of a token.
   *
   * @throws AuthenticationError where the token is not good
   */
  async verify(token: string): Promise<JwtClaims> {
    let failure: unknown;
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ALGORITHMS,
          clockTolerance: CLOCK_TOLERANCE,
          requiredClaims: ['exp'],
        });
        return payload;
      } catch (error) {
        failure = error;
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    const challenge = challengeFor(failure);
    if (challenge === undefined) throw failure;
    throw new AuthenticationError(challenge);
  }
}

/**
 * The claims of the token that a request shows, without a check: for requests that were let in. Read again where they are needed, they need not be
 * kept with every connection.
 *
 * @throws JWTInvalid where there is none
 */
export const admittedClaims = (request: ConnectionRequest): JwtClaims => decodeJwt(bearerToken(request) ?? '');

const isLong = (key: string): boolean => Buffer.byteLength(key) >= LEAST_ACCESS_KEY;

function usableKeys(keys: readonly string[]): readonly KeyObject[] {
  const usable = Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'string' && isLong(key));
  if (!usable) {
    const given = Array.isArray(keys) && keys.length > 0 ? 'a list with a shorter one' : 'none';
    throw codedError('SIGNALBOX_INVALID_OPTION', {
      option: 'accessKeys',
      given,
      expected: `a list of keys, each of ${LEAST_ACCESS_KEY} bytes or more`,
    });
  }
  return keys.map((key) => createSecretKey(Buffer.from(key)));
}
