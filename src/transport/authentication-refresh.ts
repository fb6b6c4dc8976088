import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { answers, json, respond, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';
import { isOlder, secondsLeft, type Identity } from './identity.ts';
import { transportEvents } from './log-events.ts';
import { openingRequest } from './opening-request.ts';
import type { AuthenticationRefresh, EndpointContext } from './options.ts';
import { queryValue } from './request-target.ts';
import type { SessionStore } from './session-store.ts';
import type { Session } from './session.ts';

/** What the resource `refresh` says where it refuses: status and code of ASP.NET Core 11. */
const refusals = {
  missingToken: json(400, { error: 'missing_connection_token' }),
  unknown: json(404, { error: 'connection_not_found' }),
  /** In negotiate version 0 the token is the public id, which others may know. */
  unsupportedVersion: json(400, { error: 'unsupported_negotiate_version' }),
  userChanged: json(403, { error: 'user_changed' }),
  rejected: json(403, { error: 'permission_change_rejected' }),
};

/** Gives the user of a session a new authentication while its connection lives. */
export class AuthenticationRefreshes {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;

  constructor(context: EndpointContext, sessions: SessionStore) {
    this.#context = context;
    this.#sessions = sessions;
  }

  /** `POST {path}/refresh?id={connection token}`, whose sender is known. Answers, or returns the answer to give. */
  serve(request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    if (request.method !== 'POST') return answers.refreshMethods;
    const token = queryValue(request.url ?? '', 'id') ?? '';
    if (token === '') return refusals.missingToken;
    const session = this.#sessions.find(token);
    if (session === undefined) return refusals.unknown;
    if (session.id === token) return refusals.unsupportedVersion;
    if (!session.admits(identity)) return refusals.userChanged;
    const refused = this.#apply(session, identity, () => openingRequest(request, this.#context.options.features));
    if (!isPromise(refused)) return refused ?? refreshed(identity);
    void refused.then((answer) => respond(response, answer ?? refreshed(identity)));
    return undefined;
  }

  /**
   * Takes the authentication that a request of a session's own user brings along, such as a poll. Where the application rejects it the
   * connection ends: its client has no other any more. Returns the answer to give instead of going on, if there is one.
   */
  take(session: Session, identity: Identity, request: IncomingMessage): MaybePromise<Answer | undefined> {
    const current = session.identity;
    const same = identity.expires === current.expires && isDeepStrictEqual(identity.user, current.user);
    if (same || isOlder(identity, current)) return undefined;
    const end = (answer: Answer | undefined): Answer | undefined => {
      // The poll itself is told of the end.
      if (answer === refusals.unknown && this.#knows(session)) return undefined;
      // A newer one may have been accepted while the application thought about this.
      if (answer === refusals.rejected && isOlder(identity, session.identity)) return undefined;
      if (answer === refusals.rejected) session.end(0);
      return answer;
    };
    const refused = this.#apply(session, identity, () => openingRequest(request, this.#context.options.features));
    return isPromise(refused) ? refused.then(end) : end(refused);
  }

  /** Returns why not, if the new authentication is not applied. Never throws or rejects. */
  #apply(session: Session, identity: Identity, describe: () => ConnectionRequest): MaybePromise<Answer | undefined> {
    const { onAuthenticationRefresh } = this.#context.options;
    if (onAuthenticationRefresh === undefined) return this.#renew(session, identity, true);
    const failed = (error: unknown): Answer => {
      this.#context.log(transportEvents.refreshFailed, { connectionId: session.id }, error);
      return answers.failed;
    };
    try {
      const accepted = onAuthenticationRefresh(refreshOf(session, identity, describe()));
      if (!isPromise(accepted)) return this.#renew(session, identity, accepted);
      return accepted.then((answer) => this.#renew(session, identity, answer)).then(undefined, failed);
    } catch (error) {
      return failed(error);
    }
  }

  #renew(session: Session, identity: Identity, accepted: boolean): Answer | undefined {
    if (!accepted) {
      this.#context.log(transportEvents.refreshRejected, { connectionId: session.id });
      return refusals.rejected;
    }
    // Both may have come about while the application thought about it: the end, and a newer authentication.
    if (!this.#knows(session) || session.polls?.ended === true) return refusals.unknown;
    if (!isOlder(identity, session.identity)) session.renew(identity);
    return undefined;
  }

  /** Whether a session is there still, be it for a poll that has not been told of its end. */
  #knows(session: Session): boolean {
    return this.#sessions.find(session.token ?? '') === session;
  }
}

function refreshOf(
  { id, identity: { user: previousUser } }: Session,
  { user, expires }: Identity,
  request: ConnectionRequest,
): AuthenticationRefresh {
  return { connectionId: id, previousUser, user, expires: expires === undefined ? undefined : new Date(expires), request };
}

function refreshed(identity: Identity): Answer {
  const tokenLifetimeSeconds = secondsLeft(identity);
  return json(200, tokenLifetimeSeconds === undefined ? {} : { tokenLifetimeSeconds });
}
