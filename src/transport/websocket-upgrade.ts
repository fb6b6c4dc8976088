import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type Server, type ServerOptions } from 'ws';
import type { EndpointOptions } from './options.ts';
import { ServerWebSocket } from './websocket.ts';

/** 16 bytes of base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = '13';

/** Whether a request asks for a WebSocket as RFC 6455 says. What does not is an ordinary request with odd headers. */
export function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === VERSION &&
    KEY.test(headers['sec-websocket-key'] ?? '')
  );
}

/** What does the WebSocket handshakes of an endpoint. */
export function webSocketServer(options: EndpointOptions): Server<typeof ServerWebSocket> {
  const settings: ServerOptions<typeof ServerWebSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    WebSocket: ServerWebSocket,
    clientTracking: false,
    maxPayload: options.maximumWebSocketMessageSize,
    closeTimeout: options.webSocketCloseTimeout,
    perMessageDeflate: options.perMessageDeflate,
    // MessagePack comes in text frames too.
    skipUTF8Validation: true,
    // No sub-protocol is accepted, whatever is offered.
    handleProtocols: () => false,
  };
  return new WebSocketServer(settings);
}
