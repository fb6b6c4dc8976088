import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type Server, type ServerOptions } from 'ws';
import { answers, type Answer } from './answers.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';
import { WebSocketPieces } from './websocket-pieces.ts';
import { ServerWebSocket } from './websocket.ts';

/** 16 bytes of base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = '13';
/** Where nobody says more: without a hub. */
const LARGEST_MESSAGE = 1_048_576;

/** Whether a request asks for a WebSocket as RFC 6455 says. What does not is an ordinary request with odd headers. */
export function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === VERSION &&
    KEY.test(headers['sec-websocket-key'] ?? '')
  );
}

/** Does the WebSocket handshakes of an endpoint. */
export class WebSocketUpgrades {
  readonly #context: EndpointContext;
  readonly #server: Server<typeof ServerWebSocket>;
  /** The sub-protocol of the handshake that is being done. */
  #chosen: string | false = false;

  constructor(context: EndpointContext) {
    this.#context = context;
    this.#server = webSocketServer(context.options, () => this.#chosen);
  }

  /** Does a handshake, and hands over its WebSocket. Returns the answer to give instead where it has to be refused. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, accepted: (webSocket: ServerWebSocket) => void): Answer | undefined {
    try {
      this.#chosen = chosenSubProtocol(this.#context.options, request);
    } catch (error) {
      this.#context.log(transportEvents.subProtocolFailed, {}, error);
      return answers.failed;
    }
    const { readInPieces } = this.#context.options;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      if (readInPieces !== undefined && webSocket.extensions === '') cutMessages(webSocket, socket, readInPieces);
      accepted(webSocket);
    });
    return undefined;
  }
}

/** What is chosen of the sub-protocols that a client offers. */
function chosenSubProtocol({ webSockets: { subProtocol } }: EndpointOptions, { headers }: IncomingMessage): string | false {
  const field = headers['sec-websocket-protocol'];
  if (subProtocol === null || field === undefined) return false;
  const offered = field.split(',').map((name) => name.trim());
  const chosen = subProtocol(offered);
  if (chosen === undefined) return false;
  if (!offered.includes(chosen)) throw new TypeError(`The sub-protocol '${chosen}' was chosen, but not offered: ${offered.join(', ')}`);
  return chosen;
}

function webSocketServer({ webSockets }: EndpointOptions, chosen: () => string | false): Server<typeof ServerWebSocket> {
  const settings: ServerOptions<typeof ServerWebSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    WebSocket: ServerWebSocket,
    clientTracking: false,
    maxPayload: webSockets.maximumMessageSize ?? LARGEST_MESSAGE,
    closeTimeout: webSockets.closeTimeout,
    perMessageDeflate: webSockets.perMessageDeflate,
    // MessagePack comes in text frames too.
    skipUTF8Validation: true,
    handleProtocols: chosen,
  };
  return new WebSocketServer(settings);
}

/** Cuts the messages of a socket, before the library that reads it. */
class SocketPieces extends WebSocketPieces {
  readonly #socket: Duplex;
  readonly #read: (chunk: Buffer) => void;

  constructor(most: number, socket: Duplex, read: (chunk: Buffer) => void) {
    super(most);
    this.#socket = socket;
    this.#read = read;
  }

  protected override pass(bytes: Buffer): void {
    this.#read.call(this.#socket, bytes);
  }
}

/** Puts what cuts messages before the library, which listens to the socket by now, and has read nothing of it. */
function cutMessages(webSocket: ServerWebSocket, socket: Duplex, most: number): void {
  const read = socket.listeners('data').at(-1) as ((chunk: Buffer) => void) | undefined;
  if (read === undefined) return;
  const pieces = new SocketPieces(most, socket, read);
  webSocket.pieces = pieces;
  socket.on('data', (chunk: Buffer) => pieces.take(chunk));
  socket.off('data', read);
}
