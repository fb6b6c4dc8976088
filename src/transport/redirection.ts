import type { MaybePromise } from '../base/promise.ts';
import { json, plain, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';

/** Where a client is to connect instead, and as whom; or why it can't for now. */
export type Redirection =
  | {
      /** What to negotiate with: a URL without `/negotiate`, query and all. */
      readonly url: string;
      /** What the client is to send there as its bearer token. */
      readonly accessToken: string;
    }
  | { readonly status: 413 | 500 | 503; readonly text: string };

/**
 * Where a client is to connect instead of here; undefined for here. Asked for every negotiate request, after its version was found good,
 * and for every WebSocket without negotiation. If it throws or rejects, the request is refused as if `authenticate` had.
 */
export type Redirect = (user: unknown, request: ConnectionRequest) => MaybePromise<Redirection | undefined>;

/** The negotiate answer. The version is 0 whatever the client asked for: it negotiates once more, elsewhere. */
export function redirectionAnswer(redirection: Redirection): Answer {
  if ('status' in redirection) return plain(redirection.status, redirection.text);
  const { url, accessToken } = redirection;
  return json(200, { negotiateVersion: 0, url, accessToken, availableTransports: [] });
}
