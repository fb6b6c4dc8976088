import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { Timer } from '../base/timer-wheel.ts';
import { writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CloseMessage, type CompletionMessage, type ReceivedMessage } from '../protocol/hub/message.ts';
import { SharedMessage, type OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import { ClientCalls } from './client-calls.ts';
import type { ConnectionLife } from './connection-caller.ts';
import type { DispatchActions } from './dispatcher.ts';
import { errorText } from './error-text.ts';
import { runConnectedFilters, runDisconnectedFilters } from './filters.ts';
import { Handshake } from './handshake.ts';
import { HubError } from './hub-error.ts';
import type { HubHost } from './hub-host.ts';
import { KeepAlive, type KeepAliveActions } from './keep-alive.ts';
import { hubEvents } from './log-events.ts';
import type { HubSettings } from './options.ts';
import type { Reader } from './read-ahead.ts';
import { ReceiveBuffer } from './receive-buffer.ts';

const PING = new SharedMessage({ type: MessageType.ping });
const NOTHING = Buffer.alloc(0);

/** What a client and its hub agreed on in the handshake. */
interface Agreed {
  readonly protocol: HubProtocol;
  readonly keepAlive: KeepAlive;
}

/**
 * One client of a hub, from its first byte to its farewell: handshake, `connected`, messages, close message, `disconnected`.
 * The order of these, and what the client hears of them, is that of ASP.NET Core 10.0.12.
 */
export class HubConnection implements ConnectionListener, Member, KeepAliveActions, DispatchActions, Reader, ConnectionLife {
  readonly userId: string | undefined;
  readonly #connection: Connection;
  readonly #host: HubHost;
  readonly #settings: HubSettings;
  /** The start of a message that has not arrived whole; nearly always there is none. */
  #received: ReceiveBuffer | undefined;
  #handshake: Handshake | undefined;
  #handshakeTimer: Timer | undefined;
  #agreed: Agreed | undefined;
  #calls: ClientCalls | undefined;
  #welcome: PromiseLike<void> | undefined;
  #welcomed = false;
  #ending = false;
  #reason: Error | undefined;
  paused = false;

  constructor(connection: Connection, host: HubHost, settings: HubSettings) {
    this.#connection = connection;
    this.#host = host;
    this.#settings = settings;
    this.userId = host.userIdOf(connection.user);
    this.#handshake = new Handshake(settings, host.protocols, connection.binary);
    this.#handshakeTimer = new Timer(() => this.#refuse(errorText.handshakeCancelled));
  }

  /** Begins to read. */
  start(): void {
    if (this.#handshakeTimer) this.#host.wheel.arm(this.#handshakeTimer, this.#settings.handshakeTimeout);
    this.#connection.receive(this);
  }

  get connectionId(): string {
    return this.#connection.id;
  }

  // ConnectionListener

  received(chunk: Buffer): void {
    if (this.#ending) return;
    if (this.#agreed === undefined) this.#shakeHands(chunk);
    else this.#read(chunk);
  }

  drained(): void {
    this.#calls?.caller.drained();
  }

  closed(error: Error | undefined): void {
    const ending = this.#ending;
    this.#ending = true;
    if (this.#handshakeTimer) this.#host.wheel.cancel(this.#handshakeTimer);
    this.#received = undefined;
    const agreed = this.#agreed;
    if (agreed === undefined) return this.#host.gone(this);
    // A poll that waits while its client deletes the connection still takes a close message; every other client is gone.
    if (!ending) this.#writeClose(agreed, undefined, true);
    agreed.keepAlive.stop();
    this.#calls?.end(this.connectionId);
    void this.#farewell(this.#reason ?? error);
  }

  // Member

  get protocol(): HubProtocol {
    return (this.#agreed as Agreed).protocol;
  }

  deliver(message: OutboundMessage): void {
    if (this.#agreed === undefined || this.#ending) return;
    const payload = message.payload(this.#agreed.protocol);
    if (payload !== undefined) this.#connection.write(payload);
  }

  asked(): void {
    this.#clientCalls().readAhead.owe();
  }

  answered(): void {
    this.#calls?.readAhead.settle();
  }

  // KeepAliveActions

  ping(): void {
    if (this.#agreed !== undefined && !this.#ending) this.#connection.write(PING.payload(this.#agreed.protocol));
  }

  timedOut(answers: boolean): void {
    const error = new Error(`The client sent nothing within the ${this.#settings.clientTimeoutInterval} ms of clientTimeoutInterval.`);
    error.name = 'OperationCanceledException';
    this.#host.log(hubEvents.timedOut, this.#fields());
    if (answers) this.end(error, true);
    else this.#connection.abort(error);
  }

  // DispatchActions

  closing(message: CloseMessage): void {
    if (message.error !== undefined) this.#reason = new HubError(message.error);
    this.end(undefined, false);
  }

  completed(completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome {
    return this.#host.backplane.complete(this, completion, record);
  }

  impersonated(invocationId: string): void {
    this.#host.log(hubEvents.foreignResult, { ...this.#fields(), invocationId });
    this.end(new Error(`The client answered invocation '${invocationId}', which it was not asked.`), true);
  }

  /** Tells the client that the connection ends, and ends it. `error` shows in the close message and in `disconnected`. */
  end(error: Error | undefined, allowReconnect: boolean): void {
    if (this.#ending) return;
    if (this.#agreed === undefined) return this.#refuse(errorText.handshakeCancelled);
    this.#ending = true;
    this.#reason ??= error;
    this.#writeClose(this.#agreed, error, allowReconnect);
    this.#connection.close(error);
  }

  #writeClose({ protocol }: Agreed, error: Error | undefined, allowReconnect: boolean): void {
    const text = error && errorText.closed(error, this.#settings.enableDetailedErrors);
    this.#connection.write(protocol.write({ type: MessageType.close, error: text, allowReconnect: allowReconnect || undefined }));
  }

  #shakeHands(chunk: Buffer): void {
    const handshake = this.#handshake as Handshake;
    const outcome = handshake.push(chunk);
    if (outcome === undefined) return;
    if ('refused' in outcome) return this.#refuse(outcome.refused);
    this.#connection.format = outcome.protocol.format;
    this.#connection.write(writeHandshakeResponse());
    this.#endHandshake();
    this.#agreed = { protocol: outcome.protocol, keepAlive: new KeepAlive(this.#host.wheel, this.#connection, this.#settings, this) };
    this.#greet();
    if (handshake.rest.length > 0 && !this.#ending) this.#read(handshake.rest);
  }

  #clientCalls(): ClientCalls {
    if (this.#calls !== undefined) return this.#calls;
    const { protocol } = this.#agreed as Agreed;
    const client = { connection: this.#connection, host: this.#host, settings: this.#settings, protocol, userId: this.userId };
    const calls = new ClientCalls(client, this);
    this.#calls = calls;
    if (this.#welcomed) calls.queue.open();
    // Where only `disconnected` looks at it.
    if (this.#ending) calls.end(this.connectionId);
    return calls;
  }

  #refuse(text: string): void {
    this.#host.log(hubEvents.handshakeRefused, { ...this.#fields(), reason: text });
    this.#ending = true;
    this.#endHandshake();
    this.#connection.write(writeHandshakeResponse(text));
    this.#connection.close(new Error(text));
  }

  #endHandshake(): void {
    if (this.#handshakeTimer) this.#host.wheel.cancel(this.#handshakeTimer);
    this.#handshakeTimer = undefined;
    this.#handshake = undefined;
  }

  /** Makes the client a member and runs `connected`; calls wait until then. */
  #greet(): void {
    try {
      const attached = this.#host.backplane.attach(this);
      if (!isPromise(attached)) return void this.#welcomeIn();
      this.#welcome = attached.then(
        () => this.#welcomeIn(),
        (error: unknown) => this.#leaveOut(error),
      );
    } catch (error) {
      this.#leaveOut(error);
    }
  }

  #welcomeIn(): MaybePromise<void> {
    try {
      const connected = this.#runConnected();
      if (!isPromise(connected)) return this.#open();
      this.#welcome = Promise.resolve(connected).then(
        () => this.#open(),
        (error: unknown) => this.#turnAway(error),
      );
      return this.#welcome;
    } catch (error) {
      return this.#turnAway(error);
    }
  }

  /** The backplane did not take the client in: another server may, or this one later. */
  #leaveOut(error: unknown): void {
    this.#host.log(hubEvents.backplaneFailed, this.#fields(), error);
    this.end(error instanceof Error ? error : new Error(String(error)), true);
  }

  #runConnected(): MaybePromise<unknown> {
    const { filters, definition } = this.#host;
    const { connected } = definition;
    if (filters.length === 0) return connected?.(this.#clientCalls().caller.context);
    const { context } = this.#clientCalls().caller;
    return runConnectedFilters(filters, context, () => connected?.(context));
  }

  #open(): void {
    this.#welcomed = true;
    if (!this.#ending) this.#calls?.queue.open();
  }

  #turnAway(error: unknown): void {
    this.#host.log(hubEvents.connectedFailed, this.#fields(), error);
    // Coming back would not help: the same handler would fail again.
    this.end(error instanceof Error ? error : new Error(String(error)), false);
  }

  #read(chunk: Buffer): void {
    const agreed = this.#agreed as Agreed;
    agreed.keepAlive.heard();
    const bytes = this.#received?.join(chunk) ?? chunk;
    try {
      const read = agreed.protocol.parse(bytes, 0, this.#settings.maximumReceiveMessageSize ?? 0, this.#take);
      this.#keep(bytes, read);
    } catch (error) {
      this.#host.log(hubEvents.protocolError, this.#fields(), error);
      this.end(error as Error, true);
    }
  }

  readonly #take = (message: ReceivedMessage, byteLength: number, bytes?: Buffer, end?: number): boolean => {
    // A ping is all that an idle client ever says.
    if (message.type === MessageType.ping) this.#agreed?.keepAlive.pinged();
    else this.#clientCalls().dispatcher.dispatch(message, byteLength, bytes, end);
    if (this.#ending) return false;
    if (this.#calls === undefined || this.#calls.readAhead.mayRead()) return true;
    this.paused = true;
    this.#connection.pause();
    return false;
  };

  readOn(): void {
    this.paused = false;
    if (this.#ending) return;
    this.#read(NOTHING);
    if (!this.paused && !this.#ending) this.#connection.resume();
  }

  /** Keeps what was not read of `bytes`: the start of a message. */
  #keep(bytes: Buffer, read: number): void {
    if (this.#ending || read === bytes.length) this.#received = undefined;
    else if (this.#received !== undefined) this.#received.skip(read);
    else this.#received = new ReceiveBuffer(bytes.subarray(read));
  }

  async #farewell(error: Error | undefined): Promise<void> {
    try {
      await this.#host.backplane.detach(this);
    } catch (failure) {
      this.#host.log(hubEvents.backplaneFailed, this.#fields(), failure);
    }
    await this.#welcome;
    if (this.#welcomed) await this.#runDisconnected(error);
    this.#host.gone(this);
  }

  async #runDisconnected(error: Error | undefined): Promise<void> {
    const { filters, definition } = this.#host;
    const { disconnected } = definition;
    if (filters.length === 0 && disconnected === undefined) return;
    const { context } = this.#clientCalls().caller;
    try {
      if (filters.length === 0) await disconnected?.(context, error);
      else await runDisconnectedFilters(filters, context, error, () => disconnected?.(context, error));
    } catch (failure) {
      this.#host.log(hubEvents.disconnectedFailed, this.#fields(), failure);
    }
  }

  #fields(): { readonly hub: string; readonly connectionId: string } {
    return { hub: this.#host.name, connectionId: this.connectionId };
  }
}
