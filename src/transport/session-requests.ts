import type { IncomingMessage, ServerResponse } from 'node:http';
import { answers, respond, uncached, type Answer } from './answers.ts';
import { negotiatedVersion, negotiateResponse } from './negotiate.ts';
import { Entry } from './connection-limits.ts';
import type { EndpointContext } from './options.ts';
import { queryValue } from './request-target.ts';
import type { Send } from './send-queue.ts';
import type { SessionStore } from './session-store.ts';
import { Session } from './session.ts';
import type { TakeUp } from './take-up.ts';

/** The ordinary requests of an endpoint, whose senders are known by now. Each method answers, or returns the answer to give. */
export class SessionRequests {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;

  constructor(context: EndpointContext, sessions: SessionStore, takeUp: TakeUp) {
    this.#context = context;
    this.#sessions = sessions;
    this.#takeUp = takeUp;
  }

  negotiate(request: IncomingMessage, response: ServerResponse, user: unknown): Answer | undefined {
    const { limits, options } = this.#context;
    const { minimumProtocolVersion, transports } = options;
    const version = negotiatedVersion(queryValue(request.url ?? '', 'negotiateversion'), minimumProtocolVersion);
    if (typeof version !== 'number') return json(version);
    if (this.#sessions.closing) return answers.closing;
    const entry = limits?.admit(request, user);
    if (entry !== undefined && !(entry instanceof Entry)) return entry;
    const session = this.#sessions.negotiated(version);
    entry?.wait(session);
    const { id, token = id } = session;
    respond(response, json(negotiateResponse(version, id, token, transports)));
    return undefined;
  }

  get(request: IncomingMessage, response: ServerResponse, user: unknown): Answer | undefined {
    if (acceptsEvents(request)) return this.#events(request, response, user);
    const answer = this.#poll(request, response, user);
    return answer && uncached(answer);
  }

  /** @param place - the POST's place in the queue, where it was kept while it was found out who sent it */
  post(request: IncomingMessage, response: ServerResponse, place: Send | undefined): Answer | undefined {
    const session = this.#find(request);
    if (!(session instanceof Session)) return session;
    if (session.transport === 'webSockets') return answers.postToWebSocket;
    // Nobody takes it any more; the client hears so from its polls, and not from an error of this one.
    if (session.polls?.ended === true) return answers.sent;
    const kept = place ?? session.sends.add(request, response);
    kept?.admit();
    return kept ? undefined : answers.tooManySends;
  }

  delete(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const session = this.#find(request);
    if (!(session instanceof Session)) return session;
    if (session.polls === undefined) return answers.deleteUnsupported;
    respond(response, answers.deleted);
    session.polls.delete();
    return undefined;
  }

  /** Keeps the place of a POST whose sender is not known yet. */
  reserve(request: IncomingMessage, response: ServerResponse): Send | undefined {
    const session = this.#find(request);
    return session instanceof Session ? session.sends.add(request, response) : undefined;
  }

  #events(request: IncomingMessage, response: ServerResponse, user: unknown): Answer | undefined {
    const session = this.#find(request);
    if (!(session instanceof Session)) return session;
    const refusal = session.refusal('serverSentEvents') ?? this.#enter(session, request, user);
    if (refusal === undefined) this.#takeUp.serverSentEvents(session, request, response, user);
    return refusal;
  }

  #poll(request: IncomingMessage, response: ServerResponse, user: unknown): Answer | undefined {
    const session = this.#find(request);
    if (!(session instanceof Session)) return session;
    const refusal = session.refusal('longPolling');
    if (refusal !== undefined) return refusal;
    if (session.polls !== undefined) {
      session.polls.poll(response);
      return undefined;
    }
    const unwelcome = this.#enter(session, request, user);
    if (unwelcome === undefined) this.#takeUp.longPolling(session, request, response, user);
    return unwelcome;
  }

  /** Lets a session connect as far as the limits go, or returns why not. */
  #enter(session: Session, request: IncomingMessage, user: unknown): Answer | undefined {
    const entry = this.#context.limits?.admit(request, user, session);
    if (entry !== undefined && !(entry instanceof Entry)) return entry;
    entry?.connect(session);
    return undefined;
  }

  #find(request: IncomingMessage): Session | Answer {
    const token = queryValue(request.url ?? '', 'id');
    if (token === undefined || token === '') return answers.idRequired;
    return this.#sessions.find(token) ?? answers.unknownId;
  }
}

/** As the reference server has it: one item of the header is the bare media type, in any case. */
function acceptsEvents({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '').split(',').some((item) => item.trim().toLowerCase() === 'text/event-stream');
}

function json(value: object): Answer {
  const body = JSON.stringify(value);
  return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }, body };
}
