/** What a request line asks for, read as the reference server does: paths and query names match in any case. */

const SLASH = '/';

/** The path in lower case, decoded, without a trailing slash. `url` is a request target, query and all. */
export function pathOf(url: string): string {
  const target = withoutOrigin(url);
  const end = target.search(/[?#]/);
  const path = decoded(end === -1 ? target : target.slice(0, end)).toLowerCase();
  return path.length > 1 && path.endsWith(SLASH) ? path.slice(0, -1) : path;
}

/** The first value of the query parameter `name`, which is given in lower case; undefined where there is none. */
export function queryValue(url: string, name: string): string | undefined {
  const start = url.indexOf('?');
  if (start === -1) return undefined;
  for (const [key, value] of new URLSearchParams(url.slice(start + 1))) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** Proxies may send a whole URL: what follows its host is the path and query. */
export function withoutOrigin(url: string): string {
  if (url.startsWith(SLASH)) return url;
  const origin = /^https?:\/\/[^/?#]*/i.exec(url);
  if (origin === null) return url;
  const rest = url.slice(origin[0].length);
  return rest.startsWith(SLASH) ? rest : SLASH + rest;
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    // An escaped slash is part of a segment and separates none: a proxy that guards paths sees it so, too.
    return decodeURIComponent(path.replaceAll(/%2f/gi, '%252f'));
  } catch {
    return path;
  }
}
