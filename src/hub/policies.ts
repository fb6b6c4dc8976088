/** Who asks: what `authorize` gets first, of hubs, endpoints and methods alike. */
interface Asker {
  readonly user: unknown;
}

/** An `authorize` for everyone whom `authenticate` knows: `{ authorize: authenticated }`. */
export function authenticated({ user }: Asker): boolean {
  return user !== undefined && user !== null;
}

/**
 * An `authorize` for those whose user has a property `claim`, such as a token's claim, with one of `values`; with any value where none is
 * given. A claim that is a list has each of its items: `requireClaim('role', 'editor', 'admin')`. Case counts.
 */
export function requireClaim(claim: string, ...values: readonly (string | number | boolean)[]): (asker: Asker) => boolean {
  return ({ user }) => {
    if (typeof user !== 'object' || user === null || !Object.hasOwn(user, claim)) return false;
    const held: unknown = (user as Readonly<Record<string, unknown>>)[claim];
    if (values.length === 0) return held !== undefined && held !== null;
    const items: readonly unknown[] = Array.isArray(held) ? held : [held];
    return items.some((item) => values.some((value) => value === item));
  };
}
