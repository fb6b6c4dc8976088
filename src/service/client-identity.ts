import type { JwtClaims } from '../authentication/jwt-options.ts';
import { SystemClaim, transportBits } from '../authentication/system-claims.ts';
import type { ConnectionRequest, TransportName } from '../transport/connection.ts';
import { claimInteger, claimText } from './claims.ts';
import { hubName, isFor } from './token-audience.ts';

/** The app server that a client is to be served by. */
export interface StickyServer {
  readonly id: string;
  /** Whether no other will do. */
  readonly required: boolean;
}

/** A client as its token has it: whom it is for, who it is, and how it is to be treated. */
export interface ClientIdentity {
  readonly hub: string;
  readonly userId: string | undefined;
  readonly server: StickyServer | undefined;
  /** Milliseconds for the handshake, where the token says. */
  readonly handshakeTimeout: number | undefined;
  /** Milliseconds that a client may stay away between two polls, where the token says. */
  readonly pollingTimeout: number | undefined;
  /** The transports that are left to it; undefined for all. */
  readonly transports: readonly TransportName[] | undefined;
  /** Milliseconds since 1970 when the connection is closed. */
  readonly closesAt: number | undefined;
  readonly diagnostic: boolean;
}

/** Who sends a request to `/client/`; undefined where the token is not for that. */
export function clientIdentity(claims: JwtClaims, request: ConnectionRequest): ClientIdentity | undefined {
  const hub = hubName(request.url.searchParams.get('hub'));
  if (hub === undefined || !isFor(claims, 'client', hub)) return undefined;
  const transports = claimInteger(claims, SystemClaim.transports, 1, 7);
  return {
    hub,
    userId: claimText(claims, SystemClaim.userId) ?? claimText(claims, 'nameid'),
    server: stickyServer(claims),
    handshakeTimeout: inMilliseconds(claimInteger(claims, SystemClaim.handshakeTimeout, 1, 30)),
    pollingTimeout: inMilliseconds(claimInteger(claims, SystemClaim.pollInterval, 1, 300)),
    transports: transports === undefined ? undefined : transportsOf(transports),
    closesAt: closingTime(claims),
    diagnostic: isTrue(claims, SystemClaim.diagnostic),
  };
}

function stickyServer(claims: JwtClaims): StickyServer | undefined {
  const id = claimText(claims, SystemClaim.serverId);
  const mode = claimText(claims, SystemClaim.stickyMode)?.toLowerCase();
  if (id === undefined || (mode !== 'preferred' && mode !== 'required')) return undefined;
  return { id, required: mode === 'required' };
}

/** With closing on expiry, the time that the app server put into the token; the token's own where it put none. */
function closingTime(claims: JwtClaims): number | undefined {
  if (!isTrue(claims, SystemClaim.closeOnExpiration)) return undefined;
  return inMilliseconds(claimInteger(claims, SystemClaim.expiresAt, 0, Number.MAX_SAFE_INTEGER) ?? claims.exp);
}

const isTrue = (claims: JwtClaims, name: string): boolean => claimText(claims, name)?.toLowerCase() === 'true';
const inMilliseconds = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1_000);
const transportsOf = (bits: number): readonly TransportName[] =>
  (Object.keys(transportBits) as TransportName[]).filter((name) => (bits & transportBits[name]) !== 0);
