import { decodeProtectedHeader, errors, jwtVerify, type CryptoKey, type JWSHeaderParameters, type JWTPayload } from 'jose';
import { AuthenticationError } from '../transport/admission.ts';
import { bearerToken } from '../transport/bearer-token.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import { challengeFor, INVALID_TOKEN } from './challenges.ts';
import { claimChecks, invalid, type ClaimChecks, type JwtBearerOptions, type JwtClaims } from './jwt-options.ts';
import { keyFinder, type KeyFinder } from './key-sets.ts';
import { publicAlgorithms, verificationKeys, type VerificationKey } from './verification-keys.ts';

type Authenticate<User> = (request: ConnectionRequest) => Promise<User | undefined>;

/** Makes a host's user of a good token's claims. */
type MakeUser<User> = (claims: JwtClaims, request: ConnectionRequest) => User | undefined | Promise<User | undefined>;

/**
 * An `authenticate` for tokens that a request bears (JSON Web Tokens, RFC 7519): `new SignalR({ authenticate: jwtBearer({ … }) })`. A request
 * without a token is anonymous; one whose token is not good is refused with 401 and the challenge of ASP.NET Core. Where a key set can't be
 * fetched that a token needs, the request is answered with 503.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for options that are wrong or unsafe
 */
export function jwtBearer(options: JwtBearerOptions): Authenticate<JwtClaims>;
/**
 * The same with users of the host's own kind, such as records of a database. Make it in a constant before the host, or name the type,
 * `jwtBearer<Account>(…)`: TypeScript does not find it within the host's options.
 *
 * @param makeUser - makes one of a good token's claims. Nothing in its place refuses the token. Keep `exp`, or give the host an `expiresAt`,
 *   where connections are to end with their tokens
 */
export function jwtBearer<User>(options: JwtBearerOptions, makeUser: MakeUser<User>): Authenticate<User>;
export function jwtBearer(options: JwtBearerOptions, makeUser?: MakeUser<unknown>): Authenticate<unknown> {
  const verifier = new Verifier(options);
  const { token: tokenOf = bearerToken } = options;
  return async (request) => {
    const token = tokenOf(request);
    if (token === undefined) return undefined;
    const claims = await verifier.verify(token);
    if (makeUser === undefined) return claims;
    const user: unknown = await makeUser(claims, request);
    if (user === undefined || user === null) throw new AuthenticationError(INVALID_TOKEN);
    return user;
  };
}

/** Checks tokens. */
class Verifier {
  readonly #keys: readonly VerificationKey[];
  readonly #find: KeyFinder | undefined;
  readonly #algorithms: readonly string[];
  readonly #checks: ClaimChecks;

  constructor(options: JwtBearerOptions) {
    this.#keys = verificationKeys(options);
    this.#find = keyFinder(options);
    this.#algorithms = algorithms(options, this.#keys);
    this.#checks = claimChecks(options);
  }

  /** @throws AuthenticationError where the token is not good */
  async verify(token: string): Promise<JwtClaims> {
    try {
      return await this.#verify(token, headerOf(token));
    } catch (error) {
      const challenge = challengeFor(error);
      if (challenge === undefined) throw error;
      throw new AuthenticationError(challenge);
    }
  }

  async #verify(token: string, header: JWSHeaderParameters): Promise<JWTPayload> {
    const { alg, kid } = header;
    if (alg === undefined) throw new errors.JWSInvalid();
    if (!this.#algorithms.includes(alg)) throw new errors.JOSEAlgNotAllowed();
    const fitting = this.#keys.filter(
      (key) => key.algorithms.includes(alg) && (key.kid === undefined || kid === undefined || key.kid === kid),
    );
    for (const { key } of fitting) {
      const claims = await this.#signedWith(token, key);
      if (claims !== undefined) return claims;
    }
    if (this.#find !== undefined && publicAlgorithms.includes(alg)) return this.#verifyWithSet(token, this.#find);
    throw fitting.length > 0 ? new errors.JWSSignatureVerificationFailed() : new errors.JWKSNoMatchingKey();
  }

  async #verifyWithSet(token: string, find: KeyFinder): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, find, this.#options);
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // The token does not name its key, and the set has several of the kind.
      for await (const key of error) {
        const claims = await this.#signedWith(token, key);
        if (claims !== undefined) return claims;
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  /** The claims of a token, or undefined where it was signed with another key. */
  async #signedWith(token: string, key: Parameters<typeof jwtVerify>[1]): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, key as CryptoKey, this.#options);
      return payload;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
      throw error;
    }
  }

  get #options(): ClaimChecks & { readonly algorithms: string[] } {
    return { ...this.#checks, algorithms: [...this.#algorithms] };
  }
}

/** @throws JWSInvalid where a token is none */
function headerOf(token: string): JWSHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new errors.JWSInvalid();
  }
}

function algorithms({ algorithms: given, jwks, secret, publicKey }: JwtBearerOptions, keys: readonly VerificationKey[]): readonly string[] {
  if (keys.length === 0 && jwks === undefined) throw invalid('secret, publicKey or jwks', secret ?? publicKey, 'at least one key');
  const fitting = new Set([...keys.flatMap((key) => key.algorithms), ...(jwks === undefined ? [] : publicAlgorithms)]);
  if (given === undefined) return [...fitting];
  const names: readonly unknown[] = Array.isArray(given) && given.length > 0 ? given : [given];
  const wrong = names.filter((name) => typeof name !== 'string' || !fitting.has(name));
  if (wrong.length > 0) throw invalid('algorithms', wrong[0], `names of algorithms that fit a key: ${[...fitting].join(', ')}`);
  return [...given];
}
