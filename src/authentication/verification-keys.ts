import { createPublicKey, createSecretKey, KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { invalid, type JwtBearerOptions, type PublicKey } from './jwt-options.ts';

/** A key that signatures are checked with, and what it is good for. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
  /** The name that tokens call it by, where it has one. */
  readonly kid: string | undefined;
}

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const curves: Readonly<Record<string, readonly string[]>> = { prime256v1: ['ES256'], secp384r1: ['ES384'], secp521r1: ['ES512'] };
const ED25519 = ['EdDSA', 'Ed25519'];
/** Each asks for a secret as long as its hash (RFC 7518, section 3.2). */
const hmacs = [
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
] as const;
const LEAST_SECRET = 32;
const LEAST_MODULUS = 2_048;

/** What a set of public keys is good for. A public key is never a secret: anybody could sign with it. */
export const publicAlgorithms: readonly string[] = [...RSA, 'ES256', 'ES384', 'ES512', ...ED25519];

/**
 * The keys that are given with the options.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a key that can't be used or is too weak
 */
export function verificationKeys({ secret, publicKey }: JwtBearerOptions): readonly VerificationKey[] {
  return [...listOf<string | Uint8Array>(secret).map(secretKey), ...listOf<PublicKey>(publicKey).map(publicVerificationKey)];
}

const listOf = <T>(given: T | readonly T[] | undefined): readonly T[] => {
  if (given === undefined) return [];
  return Array.isArray(given) ? (given as readonly T[]) : [given as T];
};

function secretKey(secret: string | Uint8Array): VerificationKey {
  const usable = (typeof secret === 'string' && !secret.includes('-----BEGIN')) || secret instanceof Uint8Array;
  const bytes = usable ? Buffer.from(secret) : Buffer.alloc(0);
  // How long it is, is said; what it is, is not.
  if (bytes.length < LEAST_SECRET) {
    throw invalid(
      'secret',
      usable ? bytes.length : undefined,
      `a secret of ${LEAST_SECRET} bytes or more, as text or bytes, and no PEM (see publicKey)`,
    );
  }
  const algorithms = hmacs.filter(([, length]) => bytes.length >= length).map(([name]) => name);
  return { key: createSecretKey(bytes), algorithms, kid: undefined };
}

function publicVerificationKey(given: PublicKey): VerificationKey {
  const expected = 'a public key: PEM, JWK or KeyObject; RSA of 2,048 bits or more, EC (P-256, P-384, P-521) or Ed25519';
  const key = readKey(given);
  const fitting = key && algorithmsOf(key);
  if (key === undefined || fitting === undefined) throw invalid('publicKey', typeof given === 'string' ? 'PEM' : given, expected);
  const { alg, kid } = isJwk(given) ? given : { alg: undefined, kid: undefined };
  const algorithms = fitting.filter((name) => alg === undefined || name === alg);
  if (algorithms.length === 0) throw invalid('publicKey', `a key for ${alg}`, expected);
  return { key, algorithms, kid };
}

const isJwk = (given: PublicKey): given is JWK => typeof given === 'object' && !(given instanceof KeyObject);

function readKey(given: PublicKey): KeyObject | undefined {
  try {
    if (given instanceof KeyObject) return given.type === 'private' ? createPublicKey(given) : given;
    return createPublicKey(isJwk(given) ? { key: given, format: 'jwk' } : given);
  } catch {
    return undefined;
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): readonly string[] | undefined {
  if (asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= LEAST_MODULUS ? RSA : undefined;
  if (asymmetricKeyType === 'ec') return curves[details?.namedCurve ?? ''];
  return asymmetricKeyType === 'ed25519' ? ED25519 : undefined;
}
