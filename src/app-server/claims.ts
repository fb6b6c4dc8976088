import { NAME_IDENTIFIER, shortClaimName } from '../authentication/claim-names.ts';
import { SystemClaim } from '../authentication/system-claims.ts';

/** Claims by name: what a host's user is made of and made into. */
export type ClaimSet = Readonly<Record<string, unknown>>;

const SYSTEM = 'asrs.';
const SYSTEM_OURS = 'asrs.s.';
const USERS_OWN = 'asrs.u.';

/** What a token says for itself. A user's own claim of such a name travels under another. */
const reserved = new Set(['aud', 'exp', 'iat', 'nbf', 'iss', 'actort', 'acr', 'azp', 'c_hash', 'jti', 'nonce']);
/** Times of a token: they come back as text. */
const times = new Set(['exp', 'nbf', 'iat']);

/** The claims of a user as a token carries them: under short names, and those that would be a token's own out of its way. */
export function tokenClaims(user: ClaimSet): Record<string, unknown> {
  const claims = new Map<string, unknown>();
  for (const [name, value] of Object.entries(user)) {
    if (value === undefined || value === null || typeof value === 'function' || typeof value === 'symbol') continue;
    const short = shortClaimName(name);
    const key = reserved.has(short) || short.startsWith(SYSTEM) ? USERS_OWN + short : short;
    claims.set(key, typeof value === 'bigint' ? String(value) : value);
  }
  return Object.fromEntries(claims);
}

/** Who a client is, as the service tells its app server. */
export interface RelayedIdentity {
  /** Undefined where nothing is left of them, and there is no user id: an anonymous client. */
  readonly claims: ClaimSet | undefined;
  readonly userId: string | undefined;
  /** The path that it negotiated at, where its token says so. */
  readonly path: string | undefined;
}

/** Sorts what a token said: what is the user's, and what was said to us. */
export function relayedIdentity(pairs: readonly (readonly [string, string])[]): RelayedIdentity {
  const values = new Map<string, string | string[]>();
  const system = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (name.startsWith(SYSTEM_OURS)) system.set(name, value);
    else if (!reserved.has(name)) include(values, ownName(name), value);
  }
  const claims = new Map<string, unknown>(values);
  for (const name of times) {
    const value = values.get(name);
    if (typeof value === 'string' && /^\d{1,15}$/.test(value)) claims.set(name, Number(value));
  }
  const nameId = values.get('nameid');
  const userId = system.get(SystemClaim.userId) ?? (typeof nameId === 'string' ? nameId : undefined);
  return {
    claims: claims.size === 0 && userId === undefined ? undefined : Object.fromEntries(claims),
    userId,
    path: system.get(SystemClaim.path),
  };
}

/** .NET takes `sub` and `nameid` for one. Here it is the former: the default user id. */
function ownName(name: string): string {
  if (name.startsWith(USERS_OWN)) return name.slice(USERS_OWN.length);
  return name === NAME_IDENTIFIER ? 'sub' : shortClaimName(name);
}

function include(values: Map<string, string | string[]>, name: string, value: string): void {
  const known = values.get(name);
  if (known === undefined) values.set(name, value);
  else if (typeof known === 'string') values.set(name, [known, value]);
  else known.push(value);
}
