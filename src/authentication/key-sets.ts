import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwksCache,
  type FlattenedJWSInput,
  type JWKSCacheInput,
  type CryptoKey,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { codedError } from '../base/errors.ts';
import { invalid, type JwtBearerOptions } from './jwt-options.ts';

/** Finds the key that a token was signed with, or throws `jose`'s error for why there is none. */
export type KeyFinder = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** Milliseconds between two fetches, however many tokens ask for keys that are not there. */
const COOLDOWN = 30_000;
/** Milliseconds after which keys are fetched again, and within which a fetch has to be done. */
const MAX_AGE = 600_000;
const TIMEOUT = 5_000;
/** Milliseconds for which keys count while no newer ones can be had: the reference server's "last known good" lifetime. */
const LAST_KNOWN_GOOD = 3_600_000;

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION */
export function keyFinder({ jwks, requireHttps = true }: JwtBearerOptions): KeyFinder | undefined {
  if (jwks === undefined) return undefined;
  const expected = requireHttps ? 'a key set, or the https address of one (see requireHttps)' : 'a key set, or the address of one';
  if (typeof jwks === 'string' || jwks instanceof URL) {
    if (!URL.canParse(String(jwks))) throw invalid('jwks', jwks, expected);
    const url = new URL(jwks);
    if (!mayBeAsked(url, requireHttps)) throw invalid('jwks', url.href, expected);
    const keys = new RemoteKeys(url);
    return (header, token) => keys.find(header, token);
  }
  try {
    return createLocalJWKSet(jwks);
  } catch {
    throw invalid('jwks', jwks, expected);
  }
}

function mayBeAsked({ protocol, hostname }: URL, requireHttps: boolean): boolean {
  if (protocol === 'https:') return true;
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'http:' && (loopback || !requireHttps);
}

/** Whether an error says something of a token, and not of where keys come from. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported;

/** A key set at an address. A failed fetch is not repeated at once, and does not forget the keys there are. */
class RemoteKeys {
  readonly #url: URL;
  readonly #fetched: KeyFinder;
  /** Filled in by `jose`: the newest keys, and when they came. */
  readonly #newest: JWKSCacheInput = {};
  /** The newest keys, whatever their age. */
  #last: { readonly jwks: JSONWebKeySet; readonly find: KeyFinder } | undefined;
  #failure: { readonly error: Error; readonly until: number } | undefined;

  constructor(url: URL) {
    this.#url = url;
    this.#fetched = createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT,
      cacheMaxAge: MAX_AGE,
      cooldownDuration: COOLDOWN,
      [jwksCache]: this.#newest,
    });
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#failure === undefined || Date.now() >= this.#failure.until) {
      try {
        const key = await this.#fetched(header, token);
        this.#failure = undefined;
        return key;
      } catch (error) {
        if (isOfToken(error)) throw error;
        this.#failure = { error: this.#unavailable(error), until: Date.now() + COOLDOWN };
      }
    }
    return this.#findInLast(header, token, this.#failure.error);
  }

  async #findInLast(header: JWSHeaderParameters, token: FlattenedJWSInput, failure: Error): Promise<CryptoKey> {
    const { jwks, uat } = this.#newest;
    if (jwks === undefined || Date.now() > uat + LAST_KNOWN_GOOD) throw failure;
    if (this.#last?.jwks !== jwks) this.#last = { jwks, find: createLocalJWKSet(jwks) };
    try {
      return await this.#last.find(header, token);
    } catch (error) {
      // Newer keys may have the one that is missing.
      throw error instanceof errors.JWKSMultipleMatchingKeys ? error : failure;
    }
  }

  #unavailable(cause: unknown): Error {
    const { origin, pathname } = this.#url;
    const reason = cause instanceof Error ? reasonOf(cause) : String(cause);
    return codedError('SIGNALBOX_KEYS_UNAVAILABLE', { url: origin + pathname, reason }, { cause });
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
}
