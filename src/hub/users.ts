import type { UserTraits } from '../transport/options.ts';

interface UserOptions<User> {
  readonly userId?: (user: User) => string | undefined;
  readonly expiresAt?: (user: User) => Date | undefined;
}

/** What transports have to know of the users of a host. */
export function userTraits<User>({ userId, expiresAt }: UserOptions<User>): UserTraits {
  return {
    idOf: userId === undefined ? subject : (user) => userId(user as User),
    expiryOf: expiresAt === undefined ? expirationTime : (user) => timeOf(expiresAt(user as User)),
  };
}

/** The user id of a user that has the claims of a token. */
export function subject(user: unknown): string | undefined {
  const id = claimOf(user, 'sub');
  return typeof id === 'string' ? id : undefined;
}

/** When a token expires, of which these are the claims: milliseconds since 1970. */
function expirationTime(user: unknown): number | undefined {
  const seconds = claimOf(user, 'exp');
  return typeof seconds === 'number' ? seconds * 1_000 : undefined;
}

function claimOf(user: unknown, claim: 'sub' | 'exp'): unknown {
  return typeof user === 'object' && user !== null && claim in user
    ? (user as { readonly [name in typeof claim]?: unknown })[claim]
    : undefined;
}

function timeOf(date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  const time = date.getTime();
  if (Number.isNaN(time)) throw new TypeError('expiresAt returned an invalid Date');
  return time;
}
