import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type { ClientTelemetry } from '../telemetry/telemetry.ts';
import type { Connection, ConnectionRequest, TransportName } from '../transport/connection.ts';
import { CallRefused } from './call-refused.ts';
import type { Caller, CallingClient } from './caller.ts';
import type { CancellableCall } from './cancellable-call.ts';
import type { AgreedProtocol, HubContext, Items } from './context.ts';
import { errorText } from './error-text.ts';
import type { HubFilter } from './filter.ts';
import { ConnectionContext, ConnectionItems } from './hub-context.ts';
import { HubError } from './hub-error.ts';
import type { HubHost } from './hub-host.ts';
import { hubEvents } from './log-events.ts';
import type { HubSettings } from './options.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { MessageWriter } from '../reconnect/message-writer.ts';
import type { StreamCall } from './stream-call.ts';
import type { CallerClients, CallerGroups } from './targets.ts';
import { UploadStream } from './upload-stream.ts';

/** Who can end a connection. */
export interface ConnectionLife {
  end(error: Error | undefined, allowReconnect: boolean): void;
}

/** A connected client with all that its calls share. What most connections never use is made when it is first asked for. */
export class ConnectionCaller implements Caller {
  readonly settings: HubSettings;
  readonly userId: string | undefined;
  readonly telemetry: ClientTelemetry | undefined;
  readonly #connection: Connection;
  readonly #writer: MessageWriter;
  readonly #host: HubHost;
  readonly #protocol: HubProtocol;
  readonly #version: number;
  readonly #readAhead: ReadAhead;
  readonly #life: ConnectionLife;
  #streams: Map<string, StreamCall> | undefined;
  #cancellable: Map<string, CancellableCall> | undefined;
  #uploads: Map<string, UploadStream> | undefined;
  #context: ConnectionContext | undefined;
  #clients: CallerClients<unknown> | undefined;
  #groups: CallerGroups | undefined;
  #items: ConnectionItems | undefined;
  #controller: AbortController | undefined;
  #ended = false;

  constructor(client: CallingClient, readAhead: ReadAhead, life: ConnectionLife) {
    const { connection, writer, host, settings, protocol, version, userId, telemetry } = client;
    this.#connection = connection;
    this.#writer = writer;
    this.#host = host;
    this.settings = settings;
    this.#protocol = protocol;
    this.#version = version;
    this.userId = userId;
    this.#readAhead = readAhead;
    this.#life = life;
    this.telemetry = telemetry;
  }

  get connectionId(): string {
    return this.#connection.id;
  }

  get user(): unknown {
    return this.#connection.user;
  }

  get request(): ConnectionRequest {
    return this.#connection.request;
  }

  get transportName(): TransportName {
    return this.#connection.transport;
  }

  get agreed(): AgreedProtocol {
    const { name, format } = this.#protocol;
    return { name, version: this.#version, format };
  }

  get hub(): string {
    return this.#host.name;
  }

  get filters(): readonly HubFilter<unknown>[] {
    return this.#host.filters;
  }

  get context(): HubContext<unknown, unknown> {
    return (this.#context ??= new ConnectionContext(this));
  }

  get clients(): CallerClients<unknown> {
    return (this.#clients ??= this.#host.clientsFor(this.connectionId));
  }

  get groups(): CallerGroups {
    return (this.#groups ??= this.#host.groupsFor(this.connectionId));
  }

  get items(): Items {
    return (this.#items ??= new ConnectionItems());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(reason: Error | undefined): void {
    // Handed to somebody as a listener, it is called with an event.
    this.#life.end(reason instanceof Error ? reason : undefined, false);
  }

  complete(invocationId: string, target: string, result: unknown): void {
    try {
      this.#writer.write(this.#protocol.write({ type: MessageType.completion, invocationId, hasResult: true, result }));
    } catch (error) {
      this.reportFailure(target, error);
      this.completeWithError(invocationId, errorText.invoking(target, error, this.settings.enableDetailedErrors));
    }
  }

  completeWithError(invocationId: string | undefined, error: string): void {
    if (invocationId === undefined) return;
    this.#writer.write(this.#protocol.write({ type: MessageType.completion, invocationId, hasResult: false, error }));
  }

  completeStream(invocationId: string): void {
    this.#writer.write(this.#protocol.write({ type: MessageType.completion, invocationId, hasResult: false }));
  }

  writeStreamItem(invocationId: string, item: unknown): boolean {
    this.telemetry?.itemSent();
    return this.#writer.write(this.#protocol.write({ type: MessageType.streamItem, invocationId, item }));
  }

  reportFailure(target: string, error: unknown, streamId?: string): void {
    const fields = { hub: this.hub, method: target, connectionId: this.connectionId };
    // What clients can bring about at will must not fill anybody's log.
    if (error instanceof HubError || error instanceof CallRefused) this.#host.log(hubEvents.callRefused, fields, error);
    else if (streamId === undefined) this.#host.log(hubEvents.methodFailed, fields, error);
    else this.#host.log(hubEvents.streamFailed, { ...fields, invocationId: streamId }, error);
  }

  /** How many streams are open, in both directions together. */
  get openStreams(): number {
    return (this.#streams?.size ?? 0) + (this.#uploads?.size ?? 0);
  }

  /** The call that has this invocation id, where its method can be told that the client wants no more of it. */
  cancellable(invocationId: string): StreamCall | CancellableCall | undefined {
    return this.#streams?.get(invocationId) ?? this.#cancellable?.get(invocationId);
  }

  addCancellable(invocationId: string, call: CancellableCall): void {
    (this.#cancellable ??= new Map()).set(invocationId, call);
  }

  cancellableOver(invocationId: string): void {
    this.#cancellable?.delete(invocationId);
  }

  addStream(invocationId: string, call: StreamCall): void {
    (this.#streams ??= new Map()).set(invocationId, call);
  }

  streamOver(invocationId: string): void {
    this.#streams?.delete(invocationId);
  }

  /** The client takes more again. */
  drained(): void {
    for (const stream of this.#streams?.values() ?? []) stream.drained();
  }

  /** The stream from the client that has this id. */
  upload(streamId: string): UploadStream | undefined {
    return this.#uploads?.get(streamId);
  }

  /** Begins a stream from the client, whose id no other has. */
  beginUpload(streamId: string): UploadStream {
    const upload = new UploadStream(this.#readAhead, this.settings.streamBufferCapacity, this.settings.enableDetailedErrors);
    (this.#uploads ??= new Map()).set(streamId, upload);
    return upload;
  }

  /** The client ended one of its streams. */
  endUpload(streamId: string, error: Error | undefined): void {
    this.#uploads?.get(streamId)?.end(error);
    this.#uploads?.delete(streamId);
  }

  endUploads(streamIds: readonly string[], uploads: readonly UploadStream[]): void {
    for (const [index, upload] of uploads.entries()) {
      const id = streamIds[index] as string;
      if (this.#uploads?.get(id) === upload) this.#uploads.delete(id);
      upload.abandon();
    }
  }

  /** The connection has ended: whatever a method waits for comes to an end. */
  ended(error: Error): void {
    this.#ended = true;
    this.#controller?.abort();
    for (const stream of this.#streams?.values() ?? []) stream.stop();
    for (const call of this.#cancellable?.values() ?? []) call.cancel();
    for (const upload of this.#uploads?.values() ?? []) upload.end(error);
    this.#uploads?.clear();
  }
}
