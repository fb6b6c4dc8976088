import type { KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { codedError, describe, type SignalboxError } from '../base/errors.ts';
import type { ConnectionRequest } from '../transport/connection.ts';

/** The claims of a token, by name (RFC 7519). Times are seconds since 1970. */
export interface JwtClaims {
  readonly iss?: string;
  /** Whom the token was issued for: the user id, unless the host has a `userId`. */
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** A public key: PEM (SPKI, or an X.509 certificate), a JWK or Node's own object. RSA of 2,048 bits or more, EC (P-256, P-384, P-521) or Ed25519. */
export type PublicKey = string | JWK | KeyObject;

/** How `jwtBearer` checks tokens. At least one of `secret`, `publicKey` and `jwks` is needed. */
export interface JwtBearerOptions {
  /**
   * What the issuer signs with and shares with this server, 32 bytes or more: HS256, from 48 bytes on HS384, from 64 on HS512. Several while
   * one replaces another. Text counts as UTF-8.
   */
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The public key of the issuer, or several of them. A token that names its key (`kid`) is tried with keys of that name and of none. */
  readonly publicKey?: PublicKey | readonly PublicKey[];
  /**
   * The issuer's public keys: a key set, or the address of one, which is fetched when the first token comes, and again every ten minutes and
   * when a token names a key that it lacks, at most every 30 seconds. While it can't be fetched, keys that were, count for an hour.
   */
  readonly jwks?: JSONWebKeySet | URL | string;
  /** Whether `jwks` has to be an `https` address. Loopback addresses need not. Default true. */
  readonly requireHttps?: boolean;
  /** The claim `iss` has to be this, or one of these; null: anything. Required with public keys: others may sign with them, too. Default with `secret`: null. */
  readonly issuer?: string | readonly string[] | null;
  /** The claim `aud` has to hold this, or one of these; null: anything. Required with public keys. Default with `secret`: null. */
  readonly audience?: string | readonly string[] | null;
  /**
   * The algorithms that count. Default: those that fit the keys; for `jwks` RS256 to RS512, PS256 to PS512, ES256 to ES512, EdDSA and Ed25519.
   * Never `none`, and never a public key taken for a secret.
   */
  readonly algorithms?: readonly string[];
  /** Milliseconds that clocks may differ by: so long a token is good after its `exp` and before its `nbf`. Default 300,000, as in ASP.NET Core. */
  readonly clockTolerance?: number;
  /** Claims that a token must have, whatever their values. `exp` comes first unless `requireExpiration` is false. Default: no others. */
  readonly requiredClaims?: readonly string[];
  /** Whether tokens without `exp` are refused. Default true. */
  readonly requireExpiration?: boolean;
  /** Where a request has its token. Default: `bearerToken`, which reads the header `Authorization`, else the query's `access_token`. */
  readonly token?: (request: ConnectionRequest) => string | undefined;
}

const CLOCK_TOLERANCE = 300_000;

/** What of the options is given to `jose` with every token. */
export interface ClaimChecks {
  readonly issuer?: string[];
  readonly audience?: string[];
  readonly requiredClaims: string[];
  /** Seconds. */
  readonly clockTolerance: number;
}

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION */
export function claimChecks(options: JwtBearerOptions): ClaimChecks {
  const { clockTolerance = CLOCK_TOLERANCE, requiredClaims = [], requireExpiration = true } = options;
  if (!Number.isFinite(clockTolerance) || clockTolerance < 0)
    throw invalid('clockTolerance', clockTolerance, 'a number of milliseconds, 0 or above');
  if (typeof requireExpiration !== 'boolean') throw invalid('requireExpiration', requireExpiration, 'true or false');
  if (!isTexts(requiredClaims)) throw invalid('requiredClaims', requiredClaims, 'a list of names of claims');
  const issuer = accepted(options, 'issuer');
  const audience = accepted(options, 'audience');
  return {
    ...(issuer && { issuer }),
    ...(audience && { audience }),
    requiredClaims: requireExpiration ? ['exp', ...requiredClaims] : [...requiredClaims],
    clockTolerance: clockTolerance / 1_000,
  };
}

/** The values of a claim that are accepted; undefined for any. */
function accepted(options: JwtBearerOptions, claim: 'issuer' | 'audience'): string[] | undefined {
  const given = options[claim];
  const values: unknown = typeof given === 'string' ? [given] : given;
  if (values === null || (values === undefined && options.publicKey === undefined && options.jwks === undefined)) return undefined;
  if (isTexts(values) && values.length > 0 && !values.includes('')) return [...values];
  throw invalid(claim, given, `the tokens' ${claim}, a list of such, or null for any`);
}

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** The error of an option that is wrong. What keys are is not shown. */
export function invalid(option: string, given: unknown, expected: string): SignalboxError {
  return codedError('SIGNALBOX_INVALID_OPTION', { option: `${option} of jwtBearer`, given: describe(given), expected });
}
