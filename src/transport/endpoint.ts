import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../base/log.ts';
import { isPromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { admit, type Admission } from './admission.ts';
import { answers, refuseUpgrade, respond, unsupported, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';
import { OpeningRequest } from './opening-request.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';
import { pathOf, queryValue } from './request-target.ts';
import type { Send } from './send-queue.ts';
import { SessionRequests } from './session-requests.ts';
import { SessionStore } from './session-store.ts';
import { TakeUp, type Opened } from './take-up.ts';
import { WebSocketUpgrades, isWebSocketHandshake } from './websocket-upgrade.ts';

/** What an endpoint works with. */
export interface EndpointServices {
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Is given every new connection. */
  readonly opened: Opened;
}

/** The two resources of an endpoint: `{path}/negotiate` and `{path}` itself. */
export type Resource = 'negotiate' | 'connection';

/** Serves all HTTP of one path and makes connections of it. */
export class Endpoint {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;
  readonly #requests: SessionRequests;
  readonly #upgrades: WebSocketUpgrades;

  constructor(options: EndpointOptions, { wheel, log, opened }: EndpointServices) {
    this.#context = { options, wheel, log };
    this.#sessions = new SessionStore(this.#context);
    this.#takeUp = new TakeUp(this.#context, opened);
    this.#requests = new SessionRequests(options, this.#sessions, this.#takeUp);
    this.#upgrades = new WebSocketUpgrades(this.#context);
  }

  /**
   * Serves a request of this endpoint's path. Headers that were set on the response before are sent along.
   *
   * @param resource - what it is for; told by the last segment of its path, if left out
   */
  handle(request: IncomingMessage, response: ServerResponse, resource: Resource = resourceOf(request)): void {
    const admission = admit(this.#context, () => new OpeningRequest(request));
    if (!isPromise(admission)) {
      this.#serve(request, response, resource, admission);
      return;
    }
    // POSTs of one client keep their order, however long it takes to find out who sent each.
    const place = resource === 'connection' && request.method === 'POST' ? this.#requests.reserve(request, response) : undefined;
    void admission.then((found) => this.#serve(request, response, resource, found, place));
  }

  /**
   * Serves an upgrade of this endpoint's path. Returns false, and has done nothing, where it is no WebSocket handshake: that
   * is an ordinary request.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (!isWebSocketHandshake(request)) return false;
    const opening = new OpeningRequest(request);
    const admission = admit(this.#context, () => opening);
    if (!isPromise(admission)) {
      this.#accept(request, socket, head, opening, admission);
      return true;
    }
    // Until the WebSocket takes care of its socket, nobody else does.
    socket.on('error', ignore);
    void admission.then((found) => this.#acceptLate(request, socket, head, opening, found));
    return true;
  }

  /**
   * Takes no new connections from now on, and ends those there are when what they have queued is sent. Resolves when all
   * have ended; clients that do not answer are waited for no longer than `webSockets.closeTimeout` (an event stream whose
   * client does not read: `disconnectTimeout`).
   */
  close(): Promise<void> {
    return this.#sessions.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse, resource: Resource, admission: Admission, place?: Send): void {
    // A client that left while it was found out who it is gets no answer, and begins nothing.
    const refusal = response.destroyed || request.socket.destroyed ? answers.notFound : admission.refusal;
    const answer = refusal ?? this.#route(request, response, resource, admission.user, place);
    if (answer === undefined) return;
    place?.withdraw();
    respond(response, answer);
  }

  #route(request: IncomingMessage, response: ServerResponse, resource: Resource, user: unknown, place?: Send): Answer | undefined {
    const { method } = request;
    if (resource === 'negotiate') {
      return method === 'POST' ? this.#requests.negotiate(request, response) : answers.negotiateMethods;
    }
    if (method === 'GET') return this.#requests.get(request, response, user);
    if (method === 'POST') return this.#requests.post(request, response, place);
    return method === 'DELETE' ? this.#requests.delete(request, response) : answers.connectionMethods;
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, opening: ConnectionRequest, admission: Admission): void {
    const refusal = admission.refusal ?? this.#upgradeRefusal(request) ?? this.#upgrade(request, socket, head, opening, admission.user);
    if (refusal !== undefined) refuseUpgrade(socket, refusal);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, opening: ConnectionRequest, user: unknown): Answer | undefined {
    return this.#upgrades.accept(request, socket, head, (webSocket) => {
      const token = queryValue(request.url ?? '', 'id') ?? '';
      const session = this.#sessions.find(token) ?? this.#sessions.direct();
      this.#takeUp.webSocket(session, webSocket, socket, opening, user);
    });
  }

  #acceptLate(request: IncomingMessage, socket: Duplex, head: Buffer, opening: ConnectionRequest, admission: Admission): void {
    if (!socket.destroyed) this.#accept(request, socket, head, opening, admission);
    socket.off('error', ignore);
  }

  #upgradeRefusal(request: IncomingMessage): Answer | undefined {
    const token = queryValue(request.url ?? '', 'id') ?? '';
    if (token === '') {
      // It is a client that skips negotiation.
      if (!this.#context.options.transports.includes('webSockets')) return unsupported('webSockets');
      return this.#sessions.closing ? answers.closing : undefined;
    }
    const session = this.#sessions.find(token);
    return session === undefined ? answers.unknownIdOfUpgrade : session.refusal('webSockets');
  }
}

function resourceOf(request: IncomingMessage): Resource {
  return pathOf(request.url ?? '').endsWith('/negotiate') ? 'negotiate' : 'connection';
}

function ignore(): void {
  // The socket closes by itself after an error.
}
