/** Who sent a request, and how long that is certain. */
export interface Identity {
  /** What `authenticate` made of the request; undefined or null for an anonymous one. */
  readonly user: unknown;
  /** The id of the user, where it has one. */
  readonly id: string | undefined;
  /** Milliseconds since 1970 when the authentication expires; undefined where it does not, or nobody asks. */
  readonly expires: number | undefined;
}

/** Everybody, where nobody is asked who it is. */
export const anonymous: Identity = { user: undefined, id: undefined, expires: undefined };

export const isAnonymous = ({ user }: Identity): boolean => user === undefined || user === null;

/**
 * Whether two requests come from the same user. Tokens and the objects made of them differ with every renewal, so the ids
 * decide; users without an id are told from anonymous ones only.
 */
export function isSameUser(one: Identity, other: Identity): boolean {
  return one.id === other.id && isAnonymous(one) === isAnonymous(other);
}

/** Whether `next` is good for a shorter time than `current`: it was issued before, whenever it arrived. */
export function isOlder(next: Identity, current: Identity): boolean {
  return next.expires !== undefined && current.expires !== undefined && next.expires < current.expires;
}

const LARGEST_SECONDS = 0x7fff_ffff;

/** How long an authentication is good from now, in whole seconds; undefined where it does not expire, or has. */
export function secondsLeft({ expires }: Identity): number | undefined {
  const left = expires === undefined ? 0 : expires - Date.now();
  return left > 0 ? Math.min(Math.floor(left / 1_000), LARGEST_SECONDS) : undefined;
}
