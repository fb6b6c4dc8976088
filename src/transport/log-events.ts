import type { LogEvent } from '../base/log.ts';

/** What the transport floor has to say to operators. */
export const transportEvents = {
  hookFailed: {
    id: 'transport.hook-failed',
    level: 'error',
    text: 'authenticate, authorize or a feature failed; the request is answered with 500',
  },
  keysUnavailable: {
    id: 'transport.keys-unavailable',
    level: 'error',
    text: 'Keys to check tokens with are not to be had; requests that need them are answered with 503',
  },
  originCheckFailed: {
    id: 'transport.origin-check-failed',
    level: 'error',
    text: 'allowedOrigins failed; the request is answered with 500',
  },
  refreshFailed: {
    id: 'transport.refresh-failed',
    level: 'error',
    text: 'onAuthenticationRefresh failed; the request is answered with 500, and the connection goes on as it was',
  },
  userChanged: { id: 'transport.user-changed', level: 'warn', text: "A connection token was used by another user than its connection's" },
  refreshRejected: { id: 'transport.refresh-rejected', level: 'debug', text: 'onAuthenticationRefresh rejected a new authentication' },
  expired: { id: 'transport.authentication-expired', level: 'debug', text: 'The authentication of a client expired; its connection ends' },
  subProtocolFailed: {
    id: 'transport.sub-protocol-failed',
    level: 'error',
    text: 'webSockets.subProtocol failed; the upgrade is answered with 500',
  },
  openedFailed: { id: 'transport.opened-failed', level: 'error', text: 'The application failed to take a new connection, which ends' },
  listenerFailed: { id: 'transport.listener-failed', level: 'error', text: 'The application failed to take what a connection told it' },
  writeFailed: { id: 'transport.write-failed', level: 'error', text: 'What was written to a connection could not be sent' },
  slowReader: { id: 'transport.slow-reader', level: 'warn', text: 'A client reads too slowly; its connection is cut' },
  sendTimedOut: { id: 'transport.send-timed-out', level: 'warn', text: 'A client takes nothing of what it is sent; its connection is cut' },
  protocolError: { id: 'transport.protocol-error', level: 'debug', text: 'A client broke the WebSocket protocol; its connection ends' },
  abandoned: { id: 'transport.abandoned', level: 'debug', text: 'A client negotiated and did not come back' },
  stayedAway: {
    id: 'transport.stayed-away',
    level: 'debug',
    text: 'A client lost its WebSocket and did not come back by another one; its connection ends',
  },
  replaced: { id: 'transport.replaced', level: 'debug', text: 'A client came back by another WebSocket' },
  stoppedPolling: { id: 'transport.stopped-polling', level: 'debug', text: 'A client stopped polling; its connection ends' },
  serverFull: {
    id: 'transport.server-full',
    level: 'warn',
    text: 'The host has as many connections as connectionLimits.server allows; new ones are refused',
  },
  countFailed: {
    id: 'transport.count-failed',
    level: 'error',
    text: 'userId or connectionLimits.clientAddress failed; the request is answered with 500',
  },
  connectionRefused: {
    id: 'transport.connection-refused',
    level: 'debug',
    text: 'A user or an address has as many connections as connectionLimits allow; a new one is refused',
  },
  oldestClosed: {
    id: 'transport.oldest-closed',
    level: 'debug',
    text: 'A user or an address opened more connections than connectionLimits allow; its oldest one is closed',
  },
  descriptorsShort: {
    id: 'transport.descriptors-short',
    level: 'error',
    text: 'The process has no more file descriptors left than descriptorReserve; new connections are refused',
  },
  descriptorsEnough: {
    id: 'transport.descriptors-enough',
    level: 'warn',
    text: 'There are file descriptors again; new connections are taken',
  },
  notTaken: {
    id: 'transport.not-taken',
    level: 'warn',
    text: 'A connection ended, and the application did not take what had been received before',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
