import type { TransportName } from '../transport/connection.ts';

/** What a token says to the service, or to the app server that gets the client. */
export const SystemClaim = {
  userId: 'asrs.s.uid',
  serverId: 'asrs.s.sn',
  stickyMode: 'asrs.s.ssticky',
  handshakeTimeout: 'asrs.s.cht',
  diagnostic: 'asrs.s.dc',
  detailedErrors: 'asrs.s.derror',
  pollInterval: 'asrs.s.ttl',
  transports: 'asrs.s.htt',
  closeOnExpiration: 'asrs.s.coae',
  expiresAt: 'asrs.s.aeo',
  /** Ours: the path that the client negotiated at. Its query says so, too, but is its own to write. */
  path: 'asrs.s.signalbox.path',
} as const;

/** What the claim `transports` is made of: the sum of those that a client may use. */
export const transportBits: Readonly<Record<TransportName, number>> = { webSockets: 1, serverSentEvents: 2, longPolling: 4 };
