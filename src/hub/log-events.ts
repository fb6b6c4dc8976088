import type { LogEvent } from '../base/log.ts';

/** What the hub floor has to say to operators. */
export const hubEvents = {
  handshakeRefused: { id: 'hub.handshake-refused', level: 'debug', text: 'A client was refused in the handshake' },
  protocolError: { id: 'hub.protocol-error', level: 'debug', text: 'A client broke the hub protocol; its connection ends' },
  timedOut: { id: 'hub.timed-out', level: 'debug', text: 'A client was silent for too long; its connection ends' },
  bufferOverflowed: {
    id: 'hub.buffer-overflowed',
    level: 'warn',
    text: 'A client with stateful reconnect left too much unacknowledged; its connection is cut',
  },
  notAcknowledged: {
    id: 'hub.not-acknowledged',
    level: 'warn',
    text: 'A client with stateful reconnect acknowledges nothing; its connection ends',
  },
  methodFailed: { id: 'hub.method-failed', level: 'error', text: 'A hub method failed' },
  callRefused: { id: 'hub.call-refused', level: 'debug', text: 'A call was refused, or failed in words meant for its caller' },
  connectedRefused: { id: 'hub.connected-refused', level: 'debug', text: 'The connected handler refused a client; the connection ends' },
  connectedFailed: { id: 'hub.connected-failed', level: 'error', text: 'The connected handler failed; the connection ends' },
  refreshedFailed: { id: 'hub.authentication-refreshed-failed', level: 'error', text: 'The authenticationRefreshed handler failed' },
  disconnectedFailed: { id: 'hub.disconnected-failed', level: 'error', text: 'The disconnected handler failed' },
  foreignResult: { id: 'hub.foreign-result', level: 'warn', text: 'A client answered what another was asked; its connection ends' },
  handlerFailed: { id: 'hub.handler-failed', level: 'error', text: 'The handler of a raw connection failed; the connection ends' },
  backplaneFailed: { id: 'hub.backplane-failed', level: 'error', text: 'The backplane failed to let a connection in or out' },
} as const satisfies Readonly<Record<string, LogEvent>>;
