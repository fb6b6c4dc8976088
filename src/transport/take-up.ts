import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connection, ConnectionRequest } from './connection.ts';
import { transportEvents } from './log-events.ts';
import { LongPollingWire } from './long-polling.ts';
import { openingRequest } from './opening-request.ts';
import type { EndpointContext } from './options.ts';
import { ServerSentEventsWire } from './server-sent-events.ts';
import type { Session } from './session.ts';
import { WebSocketWire, type ServerWebSocket } from './websocket.ts';

/** What an application does with a new connection: before anything is read from it, and after the client was answered. */
export type Opened = (connection: Connection) => void;

/** Lets transports take sessions up, and tells the application. */
export class TakeUp {
  readonly #context: EndpointContext;
  readonly #opened: Opened;

  constructor(context: EndpointContext, opened: Opened) {
    this.#context = context;
    this.#opened = opened;
  }

  webSocket(session: Session, webSocket: ServerWebSocket, socket: Duplex, request: ConnectionRequest, user: unknown): void {
    const wire = new WebSocketWire(webSocket, socket);
    if (session.stateful) return this.#statefulWebSocket(session, wire, request, user);
    const connection = session.takeUp(wire, request, user);
    wire.start(connection);
    this.#open(connection);
  }

  serverSentEvents(session: Session, request: IncomingMessage, response: ServerResponse, user: unknown): void {
    const wire = new ServerSentEventsWire(this.#context, response, session.sends);
    const connection = session.takeUp(wire, openingRequest(request, this.#context.options.features), user);
    wire.start(connection);
    this.#open(connection);
  }

  longPolling(session: Session, request: IncomingMessage, response: ServerResponse, user: unknown): void {
    const wire = new LongPollingWire(this.#context, session);
    const connection = session.takeUp(wire, openingRequest(request, this.#context.options.features), user, wire);
    wire.start(connection, response);
    this.#open(connection);
  }

  #statefulWebSocket(session: Session, wire: WebSocketWire, request: ConnectionRequest, user: unknown): void {
    const { statefulConnection } = session;
    if (statefulConnection === undefined) {
      const connection = session.takeUpStateful(wire, request, user);
      wire.start(connection.carrier);
      this.#open(connection);
    } else {
      // The user stays whom the connection began with: that this one may come was asked at the door.
      wire.start(session.takeOver(statefulConnection, wire));
      statefulConnection.begin();
    }
  }

  #open(connection: Connection): void {
    try {
      this.#opened(connection);
    } catch (error) {
      this.#context.log(transportEvents.openedFailed, { connectionId: connection.id, transport: connection.transport }, error);
      connection.abort(error instanceof Error ? error : undefined);
    }
  }
}
