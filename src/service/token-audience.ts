import type { JwtClaims } from '../authentication/jwt-options.ts';

const HUB = /^[A-Za-z][\w`,.[\]]{0,255}$/;

/** The name of a hub as a request has it, in the case in which all of them count; undefined where it can't be one. */
export function hubName(given: string | null): string | undefined {
  return given !== null && HUB.test(given) ? given.toLowerCase() : undefined;
}

/**
 * Whether a token was made for a hub at one of the service's two doors. Its audience is the address that its maker knows, without the port, and
 * proxies and further endpoints differ from what is dialled: so the end of the path and the hub decide.
 */
export function isFor({ aud }: JwtClaims, door: 'client' | 'server', hub: string): boolean {
  const wanted = `/${door}/?hub=${hub}`;
  return ([aud] as readonly unknown[]).flat().some((audience) => typeof audience === 'string' && audience.toLowerCase().endsWith(wanted));
}
