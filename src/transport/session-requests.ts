import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPromise } from '../base/promise.ts';
import { answers, respond, tooLarge, uncached, type Answer } from './answers.ts';
import type { AuthenticationRefreshes } from './authentication-refresh.ts';
import { Entry } from './connection-limits.ts';
import type { Identity } from './identity.ts';
import type { EndpointContext } from './options.ts';
import { queryValue } from './request-target.ts';
import { isTooLarge, type Send } from './send-queue.ts';
import type { SessionStore } from './session-store.ts';
import { Session } from './session.ts';
import type { TakeUp } from './take-up.ts';

/** The ordinary requests of an endpoint, whose senders are known by now. Each method answers, or returns the answer to give. */
export class SessionRequests {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;
  readonly #refreshes: AuthenticationRefreshes;

  constructor(context: EndpointContext, sessions: SessionStore, takeUp: TakeUp, refreshes: AuthenticationRefreshes) {
    this.#context = context;
    this.#sessions = sessions;
    this.#takeUp = takeUp;
    this.#refreshes = refreshes;
  }

  get(request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    if (acceptsEvents(request)) return this.#events(request, response, identity);
    const answer = this.#poll(request, response, identity);
    return answer && uncached(answer);
  }

  /** @param place - the POST's place in the queue, where it was kept while it was found out who sent it */
  post(request: IncomingMessage, response: ServerResponse, identity: Identity, place: Send | undefined): Answer | undefined {
    const session = this.#find(request, identity);
    if (!(session instanceof Session)) return session;
    if (session.transport === 'webSockets') return answers.postToWebSocket;
    // Nobody takes it any more; the client hears so from its polls, and not from an error of this one.
    if (session.polls?.ended === true) return answers.sent;
    const limit = session.maximumRequestBodySize;
    if (limit !== null && isTooLarge(request, limit)) {
      session.tooMuch(limit, false);
      return tooLarge(limit);
    }
    const kept = place ?? session.sends.add(request, response);
    kept?.admit();
    return kept ? undefined : answers.tooManySends;
  }

  delete(request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    const session = this.#find(request, identity);
    if (!(session instanceof Session)) return session;
    if (session.polls === undefined) return answers.deleteUnsupported;
    respond(response, answers.deleted);
    session.polls.delete();
    return undefined;
  }

  /** Keeps the place of a POST whose sender is not known yet. */
  reserve(request: IncomingMessage, response: ServerResponse): Send | undefined {
    const session = this.#named(request);
    return session instanceof Session ? session.sends.add(request, response) : undefined;
  }

  #events(request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    const session = this.#find(request, identity);
    if (!(session instanceof Session)) return session;
    const refusal = session.refusal('serverSentEvents') ?? this.#enter(session, request, identity);
    if (refusal !== undefined) return refusal;
    session.identify(identity);
    this.#takeUp.serverSentEvents(session, request, response, identity.user);
    return undefined;
  }

  #poll(request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    const session = this.#find(request, identity);
    if (!(session instanceof Session)) return session;
    const refusal = session.refusal('longPolling');
    if (refusal !== undefined) return refusal;
    if (session.polls === undefined) return this.#startPolling(session, request, response, identity);
    return session.polls.ended ? this.#pollOn(session, response, undefined) : this.#pollAnew(session, request, response, identity);
  }

  #startPolling(session: Session, request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    const refusal = this.#enter(session, request, identity);
    if (refusal !== undefined) return refusal;
    session.identify(identity);
    this.#takeUp.longPolling(session, request, response, identity.user);
    return undefined;
  }

  /** Lets a session connect as far as the limits go, or returns why not. */
  #enter(session: Session, request: IncomingMessage, { user }: Identity): Answer | undefined {
    const entry = this.#context.limits?.admit(request, user, session);
    if (entry !== undefined && !(entry instanceof Entry)) return entry;
    entry?.connect(session);
    return undefined;
  }

  /** A poll of a connection that lives, whose token may be a newer one than that of the poll before. */
  #pollAnew(session: Session, request: IncomingMessage, response: ServerResponse, identity: Identity): Answer | undefined {
    if (!this.#context.options.enableAuthenticationRefresh) {
      session.identify(identity);
      return this.#pollOn(session, response, undefined);
    }
    const refused = this.#refreshes.take(session, identity, request);
    if (!isPromise(refused)) return this.#pollOn(session, response, refused);
    void refused.then((answer) => this.#pollLate(session, response, answer));
    return undefined;
  }

  #pollLate(session: Session, response: ServerResponse, instead: Answer | undefined): void {
    if (response.destroyed) return;
    const answer = this.#pollOn(session, response, instead);
    if (answer !== undefined) respond(response, uncached(answer));
  }

  #pollOn(session: Session, response: ServerResponse, instead: Answer | undefined): Answer | undefined {
    if (instead === undefined) session.polls?.poll(response);
    return instead;
  }

  /** The session of a request. What it is doing is for its own user to know. */
  #find(request: IncomingMessage, identity: Identity): Session | Answer {
    const session = this.#named(request);
    return session instanceof Session && !session.admits(identity) ? answers.userChanged : session;
  }

  #named(request: IncomingMessage): Session | Answer {
    const token = queryValue(request.url ?? '', 'id');
    if (token === undefined || token === '') return answers.idRequired;
    return this.#sessions.find(token) ?? answers.unknownId;
  }
}

/** As the reference server has it: one item of the header is the bare media type, in any case. */
function acceptsEvents({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '').split(',').some((item) => item.trim().toLowerCase() === 'text/event-stream');
}
