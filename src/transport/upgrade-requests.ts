import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { admit, agree, redirected, type Admission } from './admission.ts';
import { answers, plain, refuseUpgrade, unsupported, type Answer } from './answers.ts';
import type { AuthenticationRefreshes } from './authentication-refresh.ts';
import { Entry } from './connection-limits.ts';
import type { ConnectionRequest } from './connection.ts';
import type { Identity } from './identity.ts';
import { openingRequest } from './opening-request.ts';
import type { EndpointContext } from './options.ts';
import { queryValue } from './request-target.ts';
import type { SessionStore } from './session-store.ts';
import type { Session } from './session.ts';
import type { TakeUp } from './take-up.ts';
import type { Terms } from './terms.ts';
import { WebSocketUpgrades } from './websocket-upgrade.ts';

/** A WebSocket handshake. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The token of its session; empty where the client skips negotiation. */
  readonly token: string;
  readonly describe: () => ConnectionRequest;
}

/** The WebSocket handshakes of an endpoint: finds out who sent each and whether it may connect, and lets it. */
export class UpgradeRequests {
  readonly #context: EndpointContext;
  readonly #sessions: SessionStore;
  readonly #takeUp: TakeUp;
  readonly #refreshes: AuthenticationRefreshes;
  readonly #upgrades: WebSocketUpgrades;

  constructor(context: EndpointContext, sessions: SessionStore, takeUp: TakeUp, refreshes: AuthenticationRefreshes) {
    this.#context = context;
    this.#sessions = sessions;
    this.#takeUp = takeUp;
    this.#refreshes = refreshes;
    this.#upgrades = new WebSocketUpgrades(context);
  }

  serve(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    let opening: ConnectionRequest | undefined;
    const describe = (): ConnectionRequest => (opening ??= openingRequest(request, this.#context.options.features));
    const upgrade = { request, socket, head, token: queryValue(request.url ?? '', 'id') ?? '', describe };
    const admission = this.#admit(upgrade);
    if (!isPromise(admission)) return this.#accept(upgrade, admission);
    // Until the WebSocket takes care of its socket, nobody else does.
    socket.on('error', ignore);
    void admission.then((found) => this.#acceptLate(upgrade, found));
  }

  #admit({ token, describe }: Upgrade): MaybePromise<Admission> {
    const admission = admit(this.#context, describe);
    if (this.#context.options.redirect === undefined || token !== '') return admission;
    return isPromise(admission) ? admission.then((found) => this.#keep(found, describe)) : this.#keep(admission, describe);
  }

  /** Refuses what is admitted and not for this server: only negotiate can say where to go. */
  #keep(admission: Admission, describe: () => ConnectionRequest): MaybePromise<Admission> {
    if (admission.refusal !== undefined) return admission;
    const judge = (elsewhere: Answer | undefined): Admission => {
      if (elsewhere === undefined) return admission;
      return { identity: admission.identity, refusal: elsewhere.status === 200 ? answers.negotiateFirst : elsewhere };
    };
    const elsewhere = redirected(this.#context, admission.identity, describe);
    return isPromise(elsewhere) ? elsewhere.then(judge) : judge(elsewhere);
  }

  #accept(upgrade: Upgrade, { identity, refusal: turnedAway }: Admission): void {
    const refusal = turnedAway ?? (upgrade.token === '' ? this.#begin(upgrade, identity) : this.#goOn(upgrade, identity));
    if (refusal !== undefined) refuseUpgrade(upgrade.socket, refusal);
  }

  #acceptLate(upgrade: Upgrade, admission: Admission): void {
    if (!upgrade.socket.destroyed) this.#accept(upgrade, admission);
    upgrade.socket.off('error', ignore);
  }

  /** A client that skips negotiation. */
  #begin(upgrade: Upgrade, identity: Identity): Answer | undefined {
    if (!this.#context.options.transports.includes('webSockets')) return unsupported('webSockets');
    if (this.#sessions.closing) return answers.closing;
    const { terms, refusal } = agree(this.#context, identity, upgrade.describe, (error) => plain(403, error));
    if (terms?.transports?.includes('webSockets') === false) return refusal ?? unsupported('webSockets');
    return refusal ?? this.#connect(upgrade, identity, undefined, terms);
  }

  /** A client that has negotiated, or comes back. */
  #goOn(upgrade: Upgrade, identity: Identity): Answer | undefined {
    const session = this.#sessions.find(upgrade.token);
    if (session === undefined) return answers.unknownIdOfUpgrade;
    const refusal = session.admits(identity) ? session.refusal('webSockets') : answers.userChanged;
    return refusal ?? this.#connect(upgrade, identity, session, undefined);
  }

  #connect(upgrade: Upgrade, identity: Identity, known: Session | undefined, terms: Terms | undefined): Answer | undefined {
    const { request, socket, head } = upgrade;
    const opening = upgrade.describe();
    const entry = this.#context.limits?.admit(request, identity.user, known);
    if (entry !== undefined && !(entry instanceof Entry)) return entry;
    return this.#upgrades.accept(request, socket, head, (webSocket) => {
      const session = known ?? this.#sessions.direct(terms);
      entry?.connect(session);
      const returns = session.transport !== undefined && this.#context.options.enableAuthenticationRefresh;
      if (!returns) session.identify(identity);
      this.#takeUp.webSocket(session, webSocket, socket, opening, identity.user);
      // A client that comes back may bring a newer authentication. One that the application rejects ends the connection.
      if (returns) void this.#refreshes.take(session, identity, request);
    });
  }
}

function ignore(): void {
  // The socket closes by itself after an error.
}
