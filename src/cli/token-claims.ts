import { SystemClaim } from '../authentication/system-claims.ts';

type Claims = Readonly<Record<string, string | readonly string[]>>;

/** Those that every token has of itself. */
const OWN = new Set(['aud', 'exp', 'iat', 'iss', 'nbf']);

/** The claims of a client. Those with one name are a list. What is wrong goes to the problems. */
export function claimsOf(user: string | undefined, given: readonly string[], problems: string[]): Claims {
  const claims = new Map<string, string[]>(
    user === undefined
      ? []
      : [
          [SystemClaim.userId, [user]],
          ['nameid', [user]],
        ],
  );
  for (const claim of given) {
    const equals = claim.indexOf('=');
    const name = claim.slice(0, Math.max(equals, 0));
    if (name === '' || OWN.has(name)) {
      problems.push(`--claim ${name} (on the command line). Allowed: <name>=<value>, and not ${[...OWN].join(', ')}.`);
    } else claims.set(name, [...(claims.get(name) ?? []), claim.slice(equals + 1)]);
  }
  return Object.fromEntries([...claims].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]));
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a time such as `1h`; undefined for what is none. */
export function millisecondsOf(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (units[unit] ?? 0);
}
