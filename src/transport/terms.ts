import type { ConnectionRequest, TransportName } from './connection.ts';

/** What one connection may, where that is not what its endpoint says. What is left out, the endpoint says. */
export interface Terms {
  /** Of the endpoint's transports, those that the client may use: others are neither offered to it nor accepted from it. */
  readonly transports?: readonly TransportName[] | undefined;
  /** Instead of the endpoint's option. */
  readonly allowStatefulReconnects?: boolean | undefined;
  /**
   * Milliseconds, above 0, that the connection outlives its client's absence, instead of the endpoint's option: not taken up after
   * negotiate, not polled any more, not back after its WebSocket was lost under stateful reconnect.
   */
  readonly disconnectTimeout?: number | undefined;
  /** Milliseconds, above 0, that a client may be away between two polls, instead of either. */
  readonly pollingTimeout?: number | undefined;
  /** Why there is to be no connection. It is the error of the negotiate answer; a WebSocket without negotiation is refused with 403 and it. */
  readonly error?: string | undefined;
}

/**
 * The terms of a new connection; undefined for those of the endpoint. Asked once for each, by the request that makes it: negotiate, or a
 * WebSocket without negotiation. If it throws, the request is refused as if `authenticate` had thrown.
 */
export type TermsOf = (user: unknown, request: ConnectionRequest) => Terms | undefined;

/** Whether an endpoint with these transports offers one of them on these terms. */
export function offers(transports: readonly TransportName[], terms: Terms | undefined, transport: TransportName): boolean {
  return transports.includes(transport) && terms?.transports?.includes(transport) !== false;
}
