/** What `user` is where a host has no type of its own for it: the claims of the caller's token, by name. */
export interface Claims {
  /** The subject: who the token was issued for. The default user id. */
  readonly sub?: string;
  readonly [claim: string]: unknown;
}
