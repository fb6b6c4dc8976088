import type { JwtClaims } from '../authentication/jwt-options.ts';
import type { ConnectionRequest, TransportName } from '../transport/connection.ts';
import { claimInteger, claimText } from './claims.ts';
import { hubName, isFor } from './token-audience.ts';

/** Bits of the claim `asrs.s.htt`. */
const transportBits: readonly (readonly [number, TransportName])[] = [
  [1, 'webSockets'],
  [2, 'serverSentEvents'],
  [4, 'longPolling'],
];

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
  const transports = claimInteger(claims, 'asrs.s.htt', 1, 7);
  return {
    hub,
    userId: claimText(claims, 'asrs.s.uid') ?? claimText(claims, 'nameid'),
    server: stickyServer(claims),
    handshakeTimeout: inMilliseconds(claimInteger(claims, 'asrs.s.cht', 1, 30)),
    pollingTimeout: inMilliseconds(claimInteger(claims, 'asrs.s.ttl', 1, 300)),
    transports: transports === undefined ? undefined : transportsOf(transports),
    closesAt: closingTime(claims),
    diagnostic: isTrue(claims, 'asrs.s.dc'),
  };
}

function stickyServer(claims: JwtClaims): StickyServer | undefined {
  const id = claimText(claims, 'asrs.s.sn');
  const mode = claimText(claims, 'asrs.s.ssticky')?.toLowerCase();
  if (id === undefined || (mode !== 'preferred' && mode !== 'required')) return undefined;
  return { id, required: mode === 'required' };
}

/** With closing on expiry, the time that the app server put into the token; the token's own where it put none. */
function closingTime(claims: JwtClaims): number | undefined {
  if (!isTrue(claims, 'asrs.s.coae')) return undefined;
  return inMilliseconds(claimInteger(claims, 'asrs.s.aeo', 0, Number.MAX_SAFE_INTEGER) ?? claims.exp);
}

const isTrue = (claims: JwtClaims, name: string): boolean => claimText(claims, name)?.toLowerCase() === 'true';
const inMilliseconds = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1_000);
const transportsOf = (bits: number): readonly TransportName[] =>
  transportBits.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
