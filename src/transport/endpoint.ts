import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../base/log.ts';
import { isPromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { admit, type Admission } from './admission.ts';
import { answers, refuseUpgrade, respond, unsupported, type Answer } from './answers.ts';
import { AuthenticationRefreshes } from './authentication-refresh.ts';
import { Entry, type ConnectionLimits } from './connection-limits.ts';
import type { ConnectionRequest } from './connection.ts';
import type { Identity } from './identity.ts';
import { openingRequest } from './opening-request.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';
import { Origins } from './origins.ts';
import { pathOf, queryValue } from './request-target.ts';
import type { Send } from './send-queue.ts';
import { SessionRequests } from './session-requests.ts';
import { SessionStore } from './session-store.ts';
import { TakeUp, type Opened } from './take-up.ts';
import type { EndpointTelemetry } from './telemetry.ts';
import { WebSocketUpgrades, isWebSocketHandshake } from './websocket-upgrade.ts';

/** What an endpoint works with. */
export interface EndpointServices {
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** What the endpoints of a host take in together. Without them: everything. */
  readonly limits?: ConnectionLimits;
  /** Is given every new connection. */
  readonly opened: Opened;
  /** Hears of the endpoint's traffic. */
  readonly telemetry?: EndpointTelemetry | undefined;
}

/** The resources of an endpoint: `{path}/negotiate`, `{path}/refresh` where it has that, and `{path}` itself. */
export type Resource = 'negotiate' | 'refresh' | 'connection';

/** Serves all HTTP of one path and makes connections of it. */
export class Endpoint {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;
  readonly #requests: SessionRequests;
  readonly #upgrades: WebSocketUpgrades;
  readonly #refreshes: AuthenticationRefreshes;
  readonly #origins: Origins | undefined;

  constructor(options: EndpointOptions, { wheel, log, limits, opened, telemetry }: EndpointServices) {
    this.#context = { options, wheel, log, limits, telemetry };
    this.#sessions = new SessionStore(this.#context);
    this.#takeUp = new TakeUp(this.#context, opened);
    this.#refreshes = new AuthenticationRefreshes(this.#context, this.#sessions);
    this.#requests = new SessionRequests(this.#context, this.#sessions, this.#takeUp, this.#refreshes);
    this.#upgrades = new WebSocketUpgrades(this.#context);
    if (options.allowedOrigins !== null) this.#origins = new Origins(this.#context, options.allowedOrigins);
  }

  /** Whether it has the resource `refresh`. */
  get refreshes(): boolean {
    return this.#context.options.enableAuthenticationRefresh;
  }

  /**
   * Serves a request of this endpoint's path. Headers that were set on the response before are sent along.
   *
   * @param resource - what it is for; told by the last segment of its path, if left out
   */
  handle(request: IncomingMessage, response: ServerResponse, resource: Resource = resourceOf(request, this.refreshes)): void {
    const early = this.#origins?.check(request, response);
    if (early !== undefined) {
      // A preflight does not negotiate yet.
      if (resource === 'negotiate' && early.status !== 204) this.#context.telemetry?.negotiated('refused');
      return respond(response, early);
    }
    const admission = admit(this.#context, () => openingRequest(request, this.#context.options.features));
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
    const refusal = this.#origins?.refusal(request);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal);
      return true;
    }
    let opening: ConnectionRequest | undefined;
    const describe = (): ConnectionRequest => (opening ??= openingRequest(request, this.#context.options.features));
    const admission = admit(this.#context, describe);
    if (!isPromise(admission)) {
      this.#accept(request, socket, head, describe, admission);
      return true;
    }
    // Until the WebSocket takes care of its socket, nobody else does.
    socket.on('error', ignore);
    void admission.then((found) => this.#acceptLate(request, socket, head, describe, found));
    return true;
  }

  /** Takes no new connections from now on: `close` is to follow. */
  refuse(): void {
    this.#sessions.refuse();
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
    const answer = refusal ?? this.#route(request, response, resource, admission.identity, place);
    if (resource === 'negotiate') this.#context.telemetry?.negotiated(answer === undefined ? 'answered' : 'refused');
    if (answer === undefined) return;
    place?.withdraw();
    respond(response, answer);
  }

  #route(request: IncomingMessage, response: ServerResponse, resource: Resource, identity: Identity, place?: Send): Answer | undefined {
    const { method } = request;
    if (resource === 'refresh') return this.#refreshes.serve(request, response, identity);
    if (resource === 'negotiate') {
      return method === 'POST' ? this.#requests.negotiate(request, response, identity) : answers.negotiateMethods;
    }
    if (method === 'GET') return this.#requests.get(request, response, identity);
    if (method === 'POST') return this.#requests.post(request, response, identity, place);
    return method === 'DELETE' ? this.#requests.delete(request, response, identity) : answers.connectionMethods;
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, describe: () => ConnectionRequest, admission: Admission): void {
    const { refusal: turnedAway, identity } = admission;
    const refusal = turnedAway ?? this.#upgradeRefusal(request, identity) ?? this.#upgrade(request, socket, head, describe(), identity);
    if (refusal !== undefined) refuseUpgrade(socket, refusal);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, opening: ConnectionRequest, identity: Identity): Answer | undefined {
    const known = this.#sessions.find(queryValue(request.url ?? '', 'id') ?? '');
    const entry = this.#context.limits?.admit(request, identity.user, known);
    if (entry !== undefined && !(entry instanceof Entry)) return entry;
    return this.#upgrades.accept(request, socket, head, (webSocket) => {
      const session = known ?? this.#sessions.direct();
      entry?.connect(session);
      const returns = session.transport !== undefined && this.#context.options.enableAuthenticationRefresh;
      if (!returns) session.identify(identity);
      this.#takeUp.webSocket(session, webSocket, socket, opening, identity.user);
      // A client that comes back may bring a newer authentication. One that the application rejects ends the connection.
      if (returns) void this.#refreshes.take(session, identity, request);
    });
  }

  #acceptLate(request: IncomingMessage, socket: Duplex, head: Buffer, describe: () => ConnectionRequest, admission: Admission): void {
    if (!socket.destroyed) this.#accept(request, socket, head, describe, admission);
    socket.off('error', ignore);
  }

  #upgradeRefusal(request: IncomingMessage, identity: Identity): Answer | undefined {
    const token = queryValue(request.url ?? '', 'id') ?? '';
    if (token === '') {
      // It is a client that skips negotiation.
      if (!this.#context.options.transports.includes('webSockets')) return unsupported('webSockets');
      return this.#sessions.closing ? answers.closing : undefined;
    }
    const session = this.#sessions.find(token);
    if (session === undefined) return answers.unknownIdOfUpgrade;
    return session.admits(identity) ? session.refusal('webSockets') : answers.userChanged;
  }
}

function resourceOf(request: IncomingMessage, refreshes: boolean): Resource {
  const path = pathOf(request.url ?? '');
  if (path.endsWith('/negotiate')) return 'negotiate';
  return refreshes && path.endsWith('/refresh') ? 'refresh' : 'connection';
}

function ignore(): void {
  // The socket closes by itself after an error.
}
