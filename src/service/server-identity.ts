import type { JwtClaims } from '../authentication/jwt-options.ts';
import { randomId } from '../base/ids.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import { claimText } from './claims.ts';
import { hubName, isFor } from './token-audience.ts';

/** The longest id and name of an app server that is kept. */
const LONGEST = 200;

/** An app server as one of its connections shows it. */
export interface ServerIdentity {
  readonly hub: string;
  /** Of the app server: all its connections share it. */
  readonly serverId: string;
  /** Of the connection, which its app server has chosen. */
  readonly connectionId: string;
  /** The SDK and its version. */
  readonly userAgent: string;
}

/** Who sends a request to `/server/`; undefined where the token is not for that. */
export function serverIdentity(claims: JwtClaims, { url, headers }: ConnectionRequest): ServerIdentity | undefined {
  const hub = hubName(url.searchParams.get('hub'));
  if (hub === undefined || !isFor(claims, 'server', hub)) return undefined;
  // The token is signed, and the header is not.
  const serverId = claimText(claims, 'nameid') ?? headers.get('x-asrs-server-id') ?? randomId();
  return {
    hub,
    serverId: serverId.slice(0, LONGEST),
    connectionId: (url.searchParams.get('cid') ?? randomId()).slice(0, LONGEST),
    userAgent: (headers.get('asrs-user-agent') ?? headers.get('user-agent') ?? '').slice(0, LONGEST),
  };
}
