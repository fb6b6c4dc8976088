import type { ConnectionRequest } from './connection.ts';

const SCHEME = /^bearer\s+/i;
const PARAMETER = 'access_token';

/**
 * The token that a client shows: in the `Authorization` header, with or without the word `Bearer` in any case; or, where
 * there is no such header, in the query parameter `access_token`, because a browser can't set headers on WebSockets and
 * event streams. Undefined where there is none.
 */
export function bearerToken({ headers, url }: ConnectionRequest): string | undefined {
  const authorization = headers.get('authorization');
  if (authorization !== null) return authorization.trim().replace(SCHEME, '') || undefined;
  for (const [name, value] of url.searchParams) if (name.toLowerCase() === PARAMETER) return value || undefined;
  return undefined;
}
