import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../base/log.ts';
import { isPromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { admit, type Admission } from './admission.ts';
import { answers, refuseUpgrade, respond, type Answer } from './answers.ts';
import { AuthenticationRefreshes } from './authentication-refresh.ts';
import type { EntryLimits } from './connection-limits.ts';
import type { Identity } from './identity.ts';
import { Negotiation } from './negotiation.ts';
import { openingRequest } from './opening-request.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';
import { Origins } from './origins.ts';
import { pathOf } from './request-target.ts';
import type { Send } from './send-queue.ts';
import { SessionRequests } from './session-requests.ts';
import { SessionStore } from './session-store.ts';
import { TakeUp, type Opened } from './take-up.ts';
import type { EndpointTelemetry } from './telemetry.ts';
import { UpgradeRequests } from './upgrade-requests.ts';
import { isWebSocketHandshake } from './websocket-upgrade.ts';

/** What an endpoint works with. */
export interface EndpointServices {
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** What the endpoints of a host take in together. Without them: everything. */
  readonly limits?: EntryLimits | undefined;
  /** Is given every new connection. */
  readonly opened: Opened;
  /** Hears of the endpoint's traffic. */
  readonly telemetry?: EndpointTelemetry | undefined;
}

/** The resources of an endpoint: `{path}/negotiate`, `{path}/refresh` where it has that, and `{path}` itself. */
export type Resource = 'negotiate' | 'refresh' | 'connection';

/** Serves all HTTP of one path and makes connections of it. */
export class Endpoint {
  readonly #context: EndpointContext & { options: EndpointOptions };
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;
  readonly #requests: SessionRequests;
  readonly #negotiation: Negotiation;
  readonly #upgrades: UpgradeRequests;
  readonly #refreshes: AuthenticationRefreshes;
  #origins: Origins | undefined;

  constructor(options: EndpointOptions, { wheel, log, limits, opened, telemetry }: EndpointServices) {
    this.#context = { options, wheel, log, limits, telemetry };
    this.#sessions = new SessionStore(this.#context);
    this.#takeUp = new TakeUp(this.#context, opened);
    this.#refreshes = new AuthenticationRefreshes(this.#context, this.#sessions);
    this.#requests = new SessionRequests(this.#context, this.#sessions, this.#takeUp, this.#refreshes);
    this.#negotiation = new Negotiation(this.#context, this.#sessions);
    this.#upgrades = new UpgradeRequests(this.#context, this.#sessions, this.#takeUp, this.#refreshes);
    this.#origins = originsOf(this.#context, options);
  }

  /**
   * From now on these options count, for connections that there are, too, as far as they are read again. What the WebSocket library was told
   * stays: `webSockets`, but for `subProtocol`.
   */
  configure(options: EndpointOptions): void {
    const { closeTimeout, maximumMessageSize, perMessageDeflate } = this.#context.options.webSockets;
    const webSockets = { ...options.webSockets, closeTimeout, maximumMessageSize, perMessageDeflate };
    this.#context.options = { ...options, webSockets, readInPieces: this.#context.options.readInPieces };
    this.#origins = originsOf(this.#context, options);
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
      if (resource === 'negotiate' && early.status !== 204) return this.#negotiation.refuse(response, early);
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
    this.#upgrades.serve(request, socket, head);
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
    if (resource === 'negotiate') {
      if (refusal === undefined) this.#negotiation.serve(request, response, admission.identity);
      else this.#negotiation.refuse(response, refusal);
      return;
    }
    const answer = refusal ?? this.#route(request, response, resource, admission.identity, place);
    if (answer === undefined) return;
    place?.withdraw();
    respond(response, answer);
  }

  #route(
    request: IncomingMessage,
    response: ServerResponse,
    resource: 'refresh' | 'connection',
    identity: Identity,
    place?: Send,
  ): Answer | undefined {
    const { method } = request;
    if (resource === 'refresh') return this.#refreshes.serve(request, response, identity);
    if (method === 'GET') return this.#requests.get(request, response, identity);
    if (method === 'POST') return this.#requests.post(request, response, identity, place);
    return method === 'DELETE' ? this.#requests.delete(request, response, identity) : answers.connectionMethods;
  }
}

function originsOf(context: EndpointContext, { allowedOrigins }: EndpointOptions): Origins | undefined {
  return allowedOrigins === null ? undefined : new Origins(context, allowedOrigins);
}

function resourceOf(request: IncomingMessage, refreshes: boolean): Resource {
  const path = pathOf(request.url ?? '');
  if (path.endsWith('/negotiate')) return 'negotiate';
  return refreshes && path.endsWith('/refresh') ? 'refresh' : 'connection';
}
