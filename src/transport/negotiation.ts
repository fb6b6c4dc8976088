import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPromise } from '../base/promise.ts';
import { agree, redirected } from './admission.ts';
import { answers, json, respond, type Answer } from './answers.ts';
import { Entry } from './connection-limits.ts';
import type { ConnectionRequest } from './connection.ts';
import { secondsLeft, type Identity } from './identity.ts';
import { asksForStatefulReconnect, negotiatedVersion, negotiateResponse } from './negotiate.ts';
import { openingRequest } from './opening-request.ts';
import type { EndpointContext } from './options.ts';
import { queryValue } from './request-target.ts';
import type { SessionStore } from './session-store.ts';
import { offers, type Terms } from './terms.ts';

/** A negotiate request whose sender and version are known. */
interface Negotiating {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identity: Identity;
  readonly version: number;
  readonly describe: () => ConnectionRequest;
}

/** Answers negotiate requests: with a session, or with where else to go. */
export class Negotiation {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;

  constructor(context: EndpointContext, sessions: SessionStore) {
    this.#context = context;
    this.#sessions = sessions;
  }

  serve(request: IncomingMessage, response: ServerResponse, identity: Identity): void {
    if (request.method !== 'POST') return this.refuse(response, answers.negotiateMethods);
    const { minimumProtocolVersion, features } = this.#context.options;
    const version = negotiatedVersion(queryValue(request.url ?? '', 'negotiateversion'), minimumProtocolVersion);
    if (typeof version !== 'number') return this.refuse(response, json(200, version));
    if (this.#sessions.closing) return this.refuse(response, answers.closing);
    let opening: ConnectionRequest | undefined;
    const describe = (): ConnectionRequest => (opening ??= openingRequest(request, features));
    const negotiating = { request, response, identity, version, describe };
    const elsewhere = redirected(this.#context, identity, describe);
    if (!isPromise(elsewhere)) return this.#answer(negotiating, elsewhere);
    void elsewhere.then((answer) => this.#answer(negotiating, answer));
  }

  refuse(response: ServerResponse, answer: Answer): void {
    this.#context.telemetry?.negotiated('refused');
    respond(response, answer);
  }

  #answer(negotiating: Negotiating, elsewhere: Answer | undefined): void {
    if (elsewhere === undefined) return this.#begin(negotiating);
    if (elsewhere.status === 200) this.#accept(negotiating.response, elsewhere);
    else this.refuse(negotiating.response, elsewhere);
  }

  #begin({ request, response, identity, version, describe }: Negotiating): void {
    // Both may have come about while it was found out where the client is to go.
    if (response.destroyed || request.socket.destroyed) return this.refuse(response, answers.notFound);
    if (this.#sessions.closing) return this.refuse(response, answers.closing);
    const { limits, options } = this.#context;
    const { terms, refusal } = agree(this.#context, identity, describe, (error) => json(200, { error }));
    const entry = refusal ?? limits?.admit(request, identity.user);
    if (entry !== undefined && !(entry instanceof Entry)) return this.refuse(response, entry);
    const session = this.#sessions.negotiated(version, this.#stateful(request, version, terms), terms);
    session.identify(identity);
    entry?.wait(session);
    const lifetime = options.enableAuthenticationRefresh ? secondsLeft(identity) : undefined;
    const transports = options.transports.filter((name) => offers(options.transports, terms, name));
    this.#accept(response, json(200, negotiateResponse(version, session, transports, lifetime)));
  }

  #accept(response: ServerResponse, answer: Answer): void {
    respond(response, answer);
    this.#context.telemetry?.negotiated('answered');
  }

  /** In negotiate version 0 the token is the public id, which others may know: they could take the connection over. */
  #stateful({ url = '' }: IncomingMessage, version: number, terms: Terms | undefined): boolean {
    const allowed = terms?.allowStatefulReconnects ?? this.#context.options.allowStatefulReconnects;
    return allowed && version > 0 && asksForStatefulReconnect(queryValue(url, 'usestatefulreconnect'));
  }
}
