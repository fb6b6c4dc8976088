/**
 * The cookies of a `Cookie` header, by name. Of several with one name the first counts: browsers put the one with the most
 * particular path there (RFC 6265, section 5.4).
 */
export function cookiesOf(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const end = pair.indexOf('=');
    const name = end < 0 ? '' : pair.slice(0, end).trim();
    if (name !== '' && !cookies.has(name)) cookies.set(name, decoded(pair.slice(end + 1).trim()));
  }
  return cookies;
}

/** A cookie's value is its sender's own affair: what is not percent-encoded as it should be stays as it is. */
function decoded(value: string): string {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  if (!bare.includes('%')) return bare;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
