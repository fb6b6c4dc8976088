import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { Timer } from '../base/timer-wheel.ts';
import { writeHandshakeResponse } from '../protocol/hub/handshake.ts';
import type { HubProtocol, MessageSink } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CloseMessage, type CompletionMessage, type ReceivedMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { ClientTelemetry } from '../telemetry/telemetry.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import { ClientCalls } from './client-calls.ts';
import type { HubContext } from './context.ts';
import type { DispatchActions } from './dispatcher.ts';
import { errorText } from './error-text.ts';
import { Handshake } from './handshake.ts';
import { HubError } from './hub-error.ts';
import type { HubHost } from './hub-host.ts';
import { KeepAlive, type KeepAliveActions } from './keep-alive.ts';
import { runAuthenticationRefreshed, runConnected, runDisconnected, type Visitor } from './lifetime.ts';
import { hubEvents } from './log-events.ts';
import type { HubSettings } from './options.ts';
import type { Reader } from './read-ahead.ts';
import { ReceiveBuffer } from '../base/receive-buffer.ts';
import type { MessageWriter } from '../reconnect/message-writer.ts';
import { StatefulReconnect, type StatefulLife } from './stateful-reconnect.ts';

const NOTHING = Buffer.alloc(0);

/** What a client and its hub agreed on in the handshake. */
interface Agreed {
  readonly protocol: HubProtocol;
  readonly version: number;
  readonly keepAlive: KeepAlive;
}

/**
 * One client of a hub, from its first byte to its farewell: handshake, `connected`, messages, close message, `disconnected`.
 * The order of these, and what the client hears of them, is that of ASP.NET Core 10.0.12.
 */
export class HubConnection implements ConnectionListener, Member, Visitor, KeepAliveActions, DispatchActions, Reader, StatefulLife {
  readonly userId: string | undefined;
  readonly telemetry: ClientTelemetry | undefined;
  readonly #connection: Connection;
  /** Where what counts for stateful reconnect goes: without that, the connection itself. */
  #writer: MessageWriter;
  /** Only with stateful reconnect. */
  #stateful: StatefulReconnect | undefined;
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
    this.#writer = connection;
    this.#host = host;
    this.#settings = settings;
    this.telemetry = host.telemetry?.opened(connection);
    this.userId = connection.userId === undefined ? host.userIdOf(connection.user) : (connection.userId ?? undefined);
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
    if (this.#stateful === undefined) this.writable();
    else this.#stateful.buffer.drained();
  }

  refreshed(): void {
    // Who is not welcomed yet is, as the user that it is now.
    if (this.#host.definition.authenticationRefreshed === undefined || this.#agreed === undefined || this.#ending) return;
    this.#clientCalls().queue.submit({ bytes: 0, counts: true, run: () => this.#tellRefresh() });
  }

  expired(): void {
    this.end(undefined, true);
  }

  dismissed(reason: Error): void {
    // The client has to read why, or it would come back and have another of its own closed.
    this.end(new HubError(reason.message), false);
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
    this.#stateful?.buffer.stop();
    this.#calls?.end(this.connectionId);
    void this.#farewell(this.#reason ?? error);
  }

  // StatefulLife

  startOver(): void {
    this.#received = undefined;
  }

  writable(): void {
    this.#calls?.caller.drained();
  }

  get strained(): boolean {
    return this.#calls?.readAhead.strained === true;
  }

  // Member

  get protocol(): HubProtocol {
    return (this.#agreed as Agreed).protocol;
  }

  deliver(message: OutboundMessage): void {
    if (this.#agreed === undefined || this.#ending) return;
    const payload = message.payload(this.#agreed.protocol);
    if (payload !== undefined) this.#writer.write(payload);
  }

  asked(): void {
    this.#clientCalls().readAhead.owe();
  }

  answered(): void {
    this.#calls?.readAhead.settle();
  }

  // KeepAliveActions

  ping(): void {
    if (this.#agreed !== undefined && !this.#ending) this.#connection.write(this.#host.ping.payload(this.#agreed.protocol));
  }

  timedOut(answers: boolean): void {
    const error = new Error(`The client sent nothing within the ${this.#settings.clientTimeoutInterval} ms of clientTimeoutInterval.`);
    error.name = 'OperationCanceledException';
    this.#host.log(hubEvents.timedOut, { ...this.#fields(), timeout: this.#settings.clientTimeoutInterval });
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
    // The client chose it: it may be as long as a message.
    this.#host.log(hubEvents.foreignResult, { ...this.#fields(), invocationId: invocationId.slice(0, 100) });
    this.end(new Error(`The client answered invocation '${invocationId}', which it was not asked.`), true);
  }

  /** Tells the client that the connection ends, and ends it. `error` shows in the close message and in `disconnected`. */
  end(error: Error | undefined, allowReconnect: boolean): void {
    if (this.#ending) return;
    if (this.#agreed === undefined) return this.#refuse(errorText.handshakeCancelled);
    this.#ending = true;
    this.#reason ??= error;
    this.#stateful?.buffer.finish();
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
    this.#host.log(hubEvents.handshakeComplete, { ...this.#fields(), protocol: outcome.protocol.name });
    const keepAlive = new KeepAlive(this.#host.wheel, this.#connection, this.#settings, this);
    this.#agreed = { protocol: outcome.protocol, version: outcome.version, keepAlive };
    if (this.#connection.negotiatedReconnect === true) this.#enableReconnect(this.#agreed);
    this.#greet();
    if (handshake.rest.length > 0 && !this.#ending) this.#read(handshake.rest);
  }

  #enableReconnect(agreed: Agreed): void {
    const { log, wheel } = this.#host;
    const parts = { ...agreed, connection: this.#connection, wheel, log, fields: this.#fields(), life: this };
    const stateful = StatefulReconnect.enable(parts, this.#settings.statefulReconnectBufferSize);
    if (stateful === undefined) return;
    this.#stateful = stateful;
    this.#writer = stateful.buffer;
    const take = stateful.buffer.filter((message, byteLength, bytes, end) => this.#act(message, byteLength, bytes, end));
    this.#take = (message, byteLength, bytes, end): boolean => {
      this.telemetry?.received();
      return take(message, byteLength, bytes, end);
    };
  }

  get context(): HubContext<unknown, unknown> {
    return this.#clientCalls().caller.context;
  }

  #clientCalls(): ClientCalls {
    if (this.#calls !== undefined) return this.#calls;
    const { protocol, version } = this.#agreed as Agreed;
    const calls = new ClientCalls(
      {
        connection: this.#connection,
        writer: this.#writer,
        host: this.#host,
        settings: this.#settings,
        protocol,
        version,
        userId: this.userId,
        telemetry: this.telemetry,
      },
      this,
    );
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
      const connected = runConnected(this.#host, this);
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

  #open(): void {
    this.#welcomed = true;
    if (!this.#ending) this.#calls?.queue.open();
  }

  #turnAway(error: unknown): void {
    // As with calls: what clients can bring about at will must not fill anybody's log.
    const event = error instanceof HubError ? hubEvents.connectedRefused : hubEvents.connectedFailed;
    this.#host.log(event, this.#fields(), error);
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

  #take: MessageSink = (message, byteLength, bytes, end): boolean => {
    this.telemetry?.received();
    return this.#act(message, byteLength, bytes, end);
  };

  /** Returns whether to read on. */
  #act(message: ReceivedMessage, byteLength: number, bytes?: Buffer, end?: number): boolean {
    // A ping is all that an idle client ever says.
    if (message.type === MessageType.ping) this.#agreed?.keepAlive.pinged();
    else this.#clientCalls().dispatcher.dispatch(message, byteLength, bytes, end);
    if (this.#ending) return false;
    if (this.#calls === undefined || this.#calls.readAhead.mayRead()) return true;
    this.paused = true;
    this.#connection.pause();
    return false;
  }

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

  #tellRefresh(): PromiseLike<void> | undefined {
    const failed = (error: unknown): void => this.#host.log(hubEvents.refreshedFailed, this.#fields(), error);
    try {
      const told = runAuthenticationRefreshed(this.#host, this);
      return isPromise(told) ? told.then(undefined, failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  async #farewell(error: Error | undefined): Promise<void> {
    try {
      await this.#host.backplane.detach(this);
    } catch (failure) {
      this.#host.log(hubEvents.backplaneFailed, this.#fields(), failure);
    }
    await this.#welcome;
    try {
      if (this.#welcomed) await runDisconnected(this.#host, this, error);
    } catch (failure) {
      this.#host.log(hubEvents.disconnectedFailed, this.#fields(), failure);
    }
    this.#host.gone(this);
  }

  #fields(): { readonly hub: string; readonly connectionId: string } {
    return { hub: this.#host.name, connectionId: this.connectionId };
  }
}
