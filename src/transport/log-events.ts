import type { LogEvent } from '../base/log.ts';

/** What the transport floor has to say to operators. */
export const transportEvents = {
  hookFailed: {
    id: 'transport.hook-failed',
    level: 'error',
    text: 'authenticate, authorize or a feature failed; the request is answered with 500',
  },
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
  stoppedPolling: { id: 'transport.stopped-polling', level: 'debug', text: 'A client stopped polling; its connection ends' },
  notTaken: {
    id: 'transport.not-taken',
    level: 'warn',
    text: 'A connection ended, and the application did not take what had been received before',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
