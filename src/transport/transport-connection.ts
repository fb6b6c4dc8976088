import type { Payload } from '../base/payload.ts';
import { Timer } from '../base/timer-wheel.ts';
import { Batch } from './batch.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection, ConnectionListener, ConnectionRequest, QueueLimits, TransferFormat, TransportName } from './connection.ts';
import { GuardedListener } from './guarded-listener.ts';
import type { Inbox } from './inbox.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext } from './options.ts';
import type { ConnectionTelemetry } from './telemetry.ts';
import { atTurnEnd, type Writer } from './turn.ts';
import type { Wire } from './wire.ts';

/** A batch that has grown to this many bytes does not wait for the end of its turn. */
const EARLY_FLUSH = 65_536;

/** Who keeps a connection, and lets go of it. */
export interface ConnectionOwner {
  readonly id: string;
  /**
   * It has ended for the application and for the client.
   *
   * @param lost - only its socket was lost, by nobody's will: the client may still be there
   */
  ended(lost: boolean): void;
  /** Nothing is left of it: its last bytes are sent, or lost. */
  gone(): void;
}

/** Who is connected, and by what. */
export interface ConnectionParts {
  readonly owner: ConnectionOwner;
  readonly wire: Wire;
  readonly inbox: Inbox;
  readonly request: ConnectionRequest;
  readonly user: unknown;
  readonly telemetry: ConnectionTelemetry | undefined;
}

/**
 * What all transports have in common: batches and the marks of the write queue, holding a client back, and the end, which is
 * told once. How bytes travel is the wire's.
 */
export class TransportConnection implements Connection, Writer {
  readonly request: ConnectionRequest;
  user: unknown;
  format: TransferFormat = 'text';
  alive: number;
  /** Undefined where nobody wants to hear of it. */
  readonly telemetry: ConnectionTelemetry | undefined;
  readonly #context: EndpointContext;
  readonly #owner: ConnectionOwner;
  readonly #wire: Wire;
  readonly #inbox: Inbox;
  readonly #batch = new Batch();
  #listener: GuardedListener | undefined;
  #open = true;
  #listed = false;
  /** The write queue went over its mark, and `drained` is due. */
  #full = false;
  #held = false;
  /** Whoever wants to hear when the system has taken what is sent next. */
  #awaiting: (() => void) | undefined;

  constructor(context: EndpointContext, { owner, wire, inbox, request, user, telemetry }: ConnectionParts) {
    this.#context = context;
    this.#owner = owner;
    this.#wire = wire;
    this.#inbox = inbox;
    this.request = request;
    this.user = user;
    this.telemetry = telemetry;
    this.alive = context.wheel.now();
  }

  get id(): string {
    return this.#owner.id;
  }

  get transport(): TransportName {
    return this.#wire.transport;
  }

  get binary(): boolean {
    return this.#wire.binary;
  }

  get queued(): number {
    return this.#batch.length + this.#wire.queued;
  }

  /** Whether the client is not to be read from now. */
  get held(): boolean {
    return this.#held && this.#open;
  }

  /** Whether the write queue went over its mark, and has not been taken since. */
  get congested(): boolean {
    return this.#full;
  }

  receive(listener: ConnectionListener): void {
    this.#listener = new GuardedListener(listener, this, this.#context.log);
    // What came before there was a transport may have filled the inbox; only who is held can be released.
    this.#holdOrRelease();
    this.#inbox.receive(this.#listener);
    this.#holdOrRelease();
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
    this.#holdOrRelease();
  }

  write(payload: Payload): boolean {
    if (!this.#open) return false;
    const { maximumQueuedBytes, transportMaxBufferSize } = this.#context.options;
    if (this.queued > maximumQueuedBytes) {
      this.#cutSlowReader(maximumQueuedBytes);
      return false;
    }
    this.#batch.add(payload);
    this.telemetry?.wrote();
    if (!this.#listed) {
      this.#listed = true;
      atTurnEnd(this);
    }
    if (!this.#full && this.queued > transportMaxBufferSize) {
      this.#full = true;
      this.telemetry?.filled(this);
      this.#wire.watch(this.#context.options.transportSendTimeout, () => this.#cutStalledReader());
      this.#holdOrRelease();
    }
    if (this.#batch.length >= EARLY_FLUSH) this.#flush();
    return !this.#full;
  }

  whenTaken(taken: () => void): void {
    this.#awaiting = taken;
  }

  probe(): boolean {
    return this.#open && this.#wire.probe();
  }

  /** One socket is all that it has. */
  enableReconnect(): QueueLimits | undefined {
    return undefined;
  }

  close(error?: Error): void {
    if (!this.#open) return;
    this.#flush();
    if (!this.#open) return;
    this.#open = false;
    this.#wire.end();
    this.#owner.ended(false);
    this.#inbox.stop(error);
  }

  /** Ends it for a reason that the application may put into words first. */
  dismiss(reason: Error): void {
    if (!this.#open) return;
    if (this.#listener === undefined) this.close(reason);
    else this.#listener.dismissed(reason);
  }

  abort(error?: Error): void {
    this.#cut(error, false);
  }

  turnEnded(): void {
    this.#listed = false;
    this.#flush();
  }

  /** The client gave a sign of life. */
  touch(): void {
    this.alive = this.#context.wheel.now();
  }

  /** The client's authentication was renewed. */
  refresh(user: unknown): void {
    this.user = user;
    if (this.#open) this.#listener?.refreshed();
  }

  /** The client's authentication has expired. */
  expire(): void {
    if (!this.#open) return;
    this.#context.log(transportEvents.expired, { connectionId: this.id });
    this.#listener?.expired();
  }

  /** The client sent something. */
  take(chunk: Buffer): void {
    if (!this.#open || chunk.length === 0) return;
    this.touch();
    this.telemetry?.received(chunk.length);
    this.#inbox.take(chunk);
    this.#holdOrRelease();
  }

  /**
   * The client has gone, with an error where it did not simply leave.
   *
   * @param lost - nobody wanted it: the socket was cut
   */
  ended(error?: Error, lost = false): void {
    if (!this.#open) return;
    this.#open = false;
    this.#batch.clear();
    this.#owner.ended(lost);
    this.#endInbox(error);
  }

  /** The client broke the protocol of its transport. */
  failed(error: Error): void {
    if (this.#open) this.#context.log(transportEvents.protocolError, { connectionId: this.id }, error);
    this.ended(error);
  }

  /** The client takes its leave and still listens: what the application writes while it is told so reaches it. */
  left(): void {
    if (!this.#open) return;
    this.#endInbox(undefined);
    this.#flush();
    if (!this.#open) return;
    this.#open = false;
    this.#owner.ended(false);
  }

  /** The wire has ended, whoever wanted it to. */
  gone(): void {
    this.#owner.gone();
  }

  #cut(error: Error | undefined, lost: boolean): void {
    if (!this.#open) {
      this.#wire.cut();
      return;
    }
    this.#open = false;
    this.#batch.clear();
    this.#wire.cut();
    this.#owner.ended(lost);
    this.#inbox.stop(error);
  }

  #endInbox(error: Error | undefined): void {
    this.#inbox.end(error);
    if (this.#inbox.bytes === 0) return;
    // An application that has paused may be waiting for just this end: it is told, if late, without the bytes before it.
    const timer = new Timer(() => {
      if (this.#inbox.bytes === 0) return;
      this.#context.log(transportEvents.notTaken, { connectionId: this.id, bytes: this.#inbox.bytes });
      this.#inbox.stop(error);
    });
    this.#context.wheel.arm(timer, this.#context.options.disconnectTimeout);
  }

  #flush(): void {
    if (this.#batch.length === 0 || !this.#open) return;
    const taken = this.#full || this.#awaiting !== undefined ? this.#taken() : undefined;
    try {
      this.telemetry?.sent(this.#batch.byteLength);
      this.#wire.send(this.#batch, this.format, taken);
      this.#batch.clear();
    } catch (error) {
      this.#context.log(transportEvents.writeFailed, { connectionId: this.id }, error);
      this.abort(error instanceof Error ? error : undefined);
    }
  }

  /** What the wire is to call when the system has taken this batch, or never will. */
  #taken(): (error?: Error | null) => void {
    const awaiting = this.#awaiting;
    this.#awaiting = undefined;
    return (error) => {
      if (awaiting !== undefined && (error ?? undefined) === undefined) awaiting();
      this.#drain();
    };
  }

  #drain(): void {
    if (!this.#full || !this.#open || this.queued > this.#context.options.transportMaxBufferSize / 2) return;
    this.#full = false;
    this.telemetry?.drained();
    this.#wire.unwatch();
    this.#holdOrRelease();
    this.#listener?.drained();
  }

  #cutStalledReader(): void {
    if (!this.#open) return;
    const { transportSendTimeout: limit } = this.#context.options;
    this.telemetry?.cut('send_timeout');
    this.#context.log(transportEvents.sendTimedOut, { connectionId: this.id, transport: this.transport, queued: this.queued, limit });
    // A socket that takes nothing may be a lost one of which nobody has told us.
    this.#cut(new ConnectionError('slow', `The client took nothing of what it was sent for ${limit} ms (transportSendTimeout).`), true);
  }

  #holdOrRelease(): void {
    const hold = this.#full || this.#inbox.bytes >= this.#context.options.applicationMaxBufferSize;
    if (hold === this.#held || !this.#open) return;
    this.#held = hold;
    if (hold) this.#wire.hold();
    else this.#wire.release();
  }

  #cutSlowReader(limit: number): void {
    const { queued } = this;
    this.telemetry?.cut('queue_limit');
    this.#context.log(transportEvents.slowReader, { connectionId: this.id, transport: this.transport, queued, limit });
    this.abort(new ConnectionError('slow', `The client reads too slowly: ${queued} bytes were waiting for it, and the limit is ${limit}.`));
  }
}
