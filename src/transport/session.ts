import { Timer } from '../base/timer-wheel.ts';
import { answers, unsupported, type Answer } from './answers.ts';
import type { ConnectionRequest, TransportName } from './connection.ts';
import { Inbox } from './inbox.ts';
import { transportEvents } from './log-events.ts';
import type { LongPollingWire } from './long-polling.ts';
import type { EndpointContext } from './options.ts';
import { SendQueue, type Receiver } from './send-queue.ts';
import { TransportConnection, type ConnectionOwner } from './transport-connection.ts';
import type { ConnectionTelemetry } from './telemetry.ts';
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

/**
 * What a connection token stands for: from negotiate, over the transport that takes it up, to the end. Transports come and
 * go by requests; this is where those of one client meet.
 */
export class Session implements ConnectionOwner, Receiver {
  /** What applications see. */
  readonly id: string;
  /** What this client alone knows. In negotiate version 0 it is the id; without negotiation there is none. */
  readonly token: string | undefined;
  readonly #context: EndpointContext;
  readonly #keeper: SessionKeeper;
  #inbox: Inbox | undefined;
  #sends: SendQueue | undefined;
  #connection: TransportConnection | undefined;
  #polls: LongPollingWire | undefined;
  #abandoned: Timer | undefined;
  #telemetry: ConnectionTelemetry | undefined;

  constructor(context: EndpointContext, keeper: SessionKeeper, id: string, token: string | undefined) {
    this.#context = context;
    this.#keeper = keeper;
    this.id = id;
    this.token = token;
  }

  get transport(): TransportName | undefined {
    return this.#connection?.transport;
  }

  /** The polls of a long polling connection. */
  get polls(): LongPollingWire | undefined {
    return this.#polls;
  }

  get sends(): SendQueue {
    return (this.#sends ??= new SendQueue(this));
  }

  get held(): boolean {
    if (this.#connection !== undefined) return this.#connection.held;
    return this.#inbox !== undefined && this.#inbox.bytes >= this.#context.options.applicationMaxBufferSize;
  }

  /** Forgets the session where no transport takes it up in time. */
  awaitTransport(): void {
    this.#abandoned = new Timer(() => {
      this.#context.log(transportEvents.abandoned, { connectionId: this.id });
      this.#context.telemetry?.negotiated('abandoned');
      this.#abandon();
    });
    this.#context.wheel.arm(this.#abandoned, this.#context.options.disconnectTimeout);
  }

  /** Ends it, waiting for a client that is away between two polls no longer than `patience` milliseconds. */
  end(patience: number): void {
    if (this.#connection === undefined) this.#abandon();
    this.#connection?.close();
    this.#polls?.hurry(patience);
  }

  /** Why a request for `transport` is refused, if it is. */
  refusal(transport: TransportName): Answer | undefined {
    if (!this.#context.options.transports.includes(transport)) return unsupported(transport);
    if (this.transport === undefined) return undefined;
    if (this.transport !== transport) return answers.otherTransport;
    return transport === 'longPolling' ? undefined : answers.alreadyActive;
  }

  /** Makes the connection that `wire` carries. */
  takeUp(wire: Wire, request: ConnectionRequest, user: unknown, polls?: LongPollingWire): TransportConnection {
    this.#cancelTimer();
    this.#polls = polls;
    this.#telemetry = this.#context.telemetry?.opened(wire.transport);
    this.#connection = new TransportConnection(this.#context, {
      owner: this,
      wire,
      inbox: this.#inbox ?? new Inbox(),
      request,
      user,
      telemetry: this.#telemetry,
    });
    this.#inbox = undefined;
    this.#keeper.carried(1);
    return this.#connection;
  }

  take(chunk: Buffer): void {
    if (this.#connection !== undefined) this.#connection.take(chunk);
    else (this.#inbox ??= new Inbox()).take(chunk);
  }

  closed(): void {
    this.#sends?.end();
    // The polls of a connection that has ended are still answered: with its last data, and then with its end.
    if (this.transport !== 'longPolling') this.#keeper.forget(this);
  }

  gone(): void {
    this.#context.log(transportEvents.removed, { connectionId: this.id });
    this.#telemetry?.closed(this.#keeper.closing);
    this.#keeper.forget(this);
    this.#keeper.carried(-1);
  }

  #abandon(): void {
    this.#context.log(transportEvents.removed, { connectionId: this.id });
    this.#cancelTimer();
    this.#keeper.forget(this);
    this.#sends?.end();
  }

  #cancelTimer(): void {
    if (this.#abandoned === undefined) return;
    this.#context.wheel.cancel(this.#abandoned);
    this.#abandoned = undefined;
  }
}
