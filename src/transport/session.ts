import { Timer } from '../base/timer-wheel.ts';
import { answers, unsupported, type Answer } from './answers.ts';
import { ConnectionError } from './connection-error.ts';
import type { Counted, Keys } from './connection-limits.ts';
import type { ConnectionRequest, TransportName } from './connection.ts';
import { Expiration } from './expiration.ts';
import { anonymous, isSameUser, type Identity } from './identity.ts';
import { Inbox } from './inbox.ts';
import { transportEvents } from './log-events.ts';
import type { LongPollingWire } from './long-polling.ts';
import type { NegotiatedSession } from './negotiate.ts';
import type { EndpointContext } from './options.ts';
import { SendQueue, type Receiver } from './send-queue.ts';
import { StatefulConnection, type StatefulConnectionParts, type StatefulOwner } from './stateful-connection.ts';
import { TransportConnection, type ConnectionOwner, type ConnectionParts } from './transport-connection.ts';
import type { ConnectionTelemetry } from './telemetry.ts';
import { offers, type Terms } from './terms.ts';
import type { Wire } from './wire.ts';

/** Who keeps sessions by their tokens. */
export interface SessionKeeper {
  /** Whether it is about to end all sessions. */
  readonly closing: boolean;
  /** The token is not known any more. */
  forget(session: Session): void;
  /** A transport took the session up, or has ended. */
  carried(by: 1 | -1): void;
}

/** What a session begins with. */
export interface SessionParts extends NegotiatedSession {
  readonly terms: Terms | undefined;
}

/**
 * What a connection token stands for: from negotiate, over the transport that takes it up, to the end. Transports come and
 * go by requests; this is where those of one client meet.
 */
export class Session implements ConnectionOwner, StatefulOwner, Receiver, Counted {
  /** What applications see. */
  readonly id: string;
  /** What this client alone knows. In negotiate version 0 it is the id; without negotiation there is none. */
  readonly token: string | undefined;
  /** Whether its client negotiated that it may come back by another WebSocket. */
  readonly stateful: boolean;
  countedBy: Keys | undefined = undefined;
  readonly #context: EndpointContext;
  readonly #keeper: SessionKeeper;
  readonly #terms: Terms | undefined;
  #inbox: Inbox | undefined;
  #sends: SendQueue | undefined;
  #connection: TransportConnection | undefined;
  #statefulConnection: StatefulConnection | undefined;
  #polls: LongPollingWire | undefined;
  #abandoned: Timer | undefined;
  #identity: Identity | undefined;
  #expiration: Expiration | undefined;
  #telemetry: ConnectionTelemetry | undefined;

  constructor(context: EndpointContext, keeper: SessionKeeper, { id, token, stateful, terms }: SessionParts) {
    this.#context = context;
    this.#keeper = keeper;
    this.id = id;
    this.token = token;
    this.stateful = stateful;
    this.#terms = terms;
  }

  /** Milliseconds that it outlives its client's absence. */
  get disconnectTimeout(): number {
    return this.#terms?.disconnectTimeout ?? this.#context.options.disconnectTimeout;
  }

  /** Milliseconds that its client may be away between two polls. */
  get pollingTimeout(): number {
    return this.#terms?.pollingTimeout ?? this.disconnectTimeout;
  }

  get maximumRequestBodySize(): number | null {
    return this.#context.options.maximumRequestBodySize;
  }

  get transport(): TransportName | undefined {
    return this.#lasting?.transport;
  }

  /** The connection to which another WebSocket may come. */
  get statefulConnection(): StatefulConnection | undefined {
    return this.#statefulConnection;
  }

  /** The polls of a long polling connection. */
  get polls(): LongPollingWire | undefined {
    return this.#polls;
  }

  get sends(): SendQueue {
    return (this.#sends ??= new SendQueue(this));
  }

  get held(): boolean {
    const connection = this.#connection ?? this.#statefulConnection?.carrier;
    if (connection !== undefined) return connection.held;
    return this.#inbox !== undefined && this.#inbox.bytes >= this.#context.options.applicationMaxBufferSize;
  }

  /** Whose session it is, as the newest of its requests that could say more than the one before has it. */
  get identity(): Identity {
    return this.#identity ?? anonymous;
  }

  /** Whether the session belongs to the sender of a request. To the first, where it is nobody's yet. */
  admits(sender: Identity): boolean {
    if (this.#identity === undefined || isSameUser(this.#identity, sender)) return true;
    this.#context.log(transportEvents.userChanged, { connectionId: this.id });
    return false;
  }

  /** Its user showed anew who it is. */
  identify(identity: Identity): void {
    this.#identity = identity;
    if (this.#lasting !== undefined) this.#awaitExpiration();
  }

  /** The same, and the application is to know. */
  renew(identity: Identity): void {
    this.identify(identity);
    this.#lasting?.refresh(identity.user);
  }

  /** Forgets the session where no transport takes it up in time. */
  awaitTransport(): void {
    this.#abandoned = new Timer(() => {
      this.#context.log(transportEvents.abandoned, { connectionId: this.id });
      this.#context.telemetry?.negotiated('abandoned');
      this.#abandon();
    });
    this.#context.wheel.arm(this.#abandoned, this.disconnectTimeout);
  }

  /** Ends it, waiting for a client that is away between two polls no longer than `patience` milliseconds. */
  end(patience: number): void {
    if (this.transport === undefined) this.#abandon();
    this.#connection?.close();
    this.#statefulConnection?.close();
    this.#polls?.hurry(patience);
  }

  dismiss(reason: Error): void {
    this.#lasting?.dismiss(reason);
  }

  /** Why a request for `transport` is refused, if it is. */
  refusal(transport: TransportName): Answer | undefined {
    if (!offers(this.#context.options.transports, this.#terms, transport)) return unsupported(transport);
    if (this.transport === undefined) return undefined;
    if (this.transport !== transport) return answers.otherTransport;
    if (this.#statefulConnection?.reconnects === true) return undefined;
    return transport === 'longPolling' ? undefined : answers.alreadyActive;
  }

  /** Makes the connection that `wire` carries. */
  takeUp(wire: Wire, request: ConnectionRequest, user: unknown, polls?: LongPollingWire): TransportConnection {
    this.#polls = polls;
    this.#connection = new TransportConnection(this.#context, this.#partsOf(wire, request, user));
    this.#begin();
    return this.#connection;
  }

  /** Makes a connection that other WebSockets may carry on. */
  takeUpStateful(wire: Wire, request: ConnectionRequest, user: unknown): StatefulConnection {
    this.#statefulConnection = new StatefulConnection(this.#context, this.#partsOf(wire, request, user));
    this.#begin();
    return this.#statefulConnection;
  }

  /** Another WebSocket carries `connection` on. */
  takeOver(connection: StatefulConnection, wire: Wire): TransportConnection {
    this.#keeper.carried(1);
    return connection.takeOver(wire);
  }

  take(chunk: Buffer): void {
    const connection = this.#connection ?? this.#statefulConnection?.carrier;
    if (connection !== undefined) connection.take(chunk);
    else (this.#inbox ??= new Inbox()).take(chunk);
  }

  tooMuch(limit: number, broken: boolean): void {
    this.#context.log(transportEvents.requestTooLarge, { connectionId: this.id, limit });
    if (!broken) return;
    const reason = new ConnectionError(
      'badRequest',
      `A request body was larger than ${limit} bytes (maximumRequestBodySize), and a part of it was taken.`,
    );
    if (this.#lasting === undefined) this.#abandon();
    this.#lasting?.dismiss(reason);
    this.#lasting?.close(reason);
  }

  ended(): void {
    this.#sends?.end();
    this.#expiration?.await(undefined);
    // Its last socket may be gone long since; the others tell by `gone`.
    if (this.#statefulConnection !== undefined) this.#left();
    // The polls of a connection that has ended are still answered: with its last data, and then with its end.
    if (this.transport !== 'longPolling') this.#keeper.forget(this);
  }

  gone(): void {
    this.#left();
    this.#keeper.forget(this);
    this.#keeper.carried(-1);
  }

  socketGone(): void {
    this.#keeper.carried(-1);
  }

  /** The connection that the application has, whatever carries it. */
  get #lasting(): TransportConnection | StatefulConnection | undefined {
    return this.#connection ?? this.#statefulConnection;
  }

  #partsOf(wire: Wire, request: ConnectionRequest, user: unknown): ConnectionParts & StatefulConnectionParts {
    this.#cancelTimer();
    this.#telemetry = this.#context.telemetry?.opened(wire.transport);
    return { owner: this, wire, inbox: this.#takeInbox(), request, user, telemetry: this.#telemetry };
  }

  #begin(): void {
    this.#awaitExpiration();
    this.#keeper.carried(1);
  }

  #takeInbox(): Inbox {
    const inbox = this.#inbox ?? new Inbox();
    this.#inbox = undefined;
    return inbox;
  }

  #awaitExpiration(): void {
    const { expires } = this.identity;
    if (!this.#context.options.closeOnAuthenticationExpiration || (expires === undefined && this.#expiration === undefined)) return;
    this.#expiration ??= new Expiration(this.#context.wheel, () => this.#lasting?.expire());
    this.#expiration.await(expires);
  }

  #abandon(): void {
    this.#cancelTimer();
    this.#left();
    this.#keeper.forget(this);
    this.#sends?.end();
  }

  /** Nothing is left of it that counts. */
  #left(): void {
    this.#context.log(transportEvents.removed, { connectionId: this.id });
    this.#telemetry?.closed(this.#keeper.closing);
    this.#context.limits?.leave(this);
  }

  #cancelTimer(): void {
    if (this.#abandoned === undefined) return;
    this.#context.wheel.cancel(this.#abandoned);
    this.#abandoned = undefined;
  }
}
