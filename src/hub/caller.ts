import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { ClientTelemetry } from '../telemetry/telemetry.ts';
import type { Connection, ConnectionRequest, TransportName } from '../transport/connection.ts';
import type { AgreedProtocol, HubContext, Items } from './context.ts';
import type { HubFilter } from './filter.ts';
import type { HubHost } from './hub-host.ts';
import type { MessageWriter } from '../reconnect/message-writer.ts';
import type { HubSettings } from './options.ts';
import type { CallerClients, CallerGroups } from './targets.ts';
import type { UploadStream } from './upload-stream.ts';

/** Who a client is, and what it agreed on with its hub. */
export interface CallingClient {
  readonly connection: Connection;
  /** Where what it is sent goes. */
  readonly writer: MessageWriter;
  readonly host: HubHost;
  readonly settings: HubSettings;
  readonly protocol: HubProtocol;
  /** The protocol's version that the client asked for. */
  readonly version: number;
  readonly userId: string | undefined;
  readonly telemetry: ClientTelemetry | undefined;
}

/** A connected client, as its calls and its context see it. */
export interface Caller {
  readonly connectionId: string;
  readonly userId: string | undefined;
  readonly user: unknown;
  readonly request: ConnectionRequest;
  readonly transportName: TransportName;
  readonly agreed: AgreedProtocol;
  readonly settings: HubSettings;
  /** Undefined where nobody wants to hear of it. */
  readonly telemetry: ClientTelemetry | undefined;
  /** The hub's name. */
  readonly hub: string;
  readonly filters: readonly HubFilter<unknown>[];
  /** What its plain calls get. */
  readonly context: HubContext<unknown, unknown>;
  readonly clients: CallerClients<unknown>;
  readonly groups: CallerGroups;
  readonly items: Items;
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /** Ends the connection, without an error where there is no reason. */
  abort(reason: Error | undefined): void;
  /** Answers an invocation with its result, or with an error where the result can't be written. */
  complete(invocationId: string, target: string, result: unknown): void;
  /** Answers an invocation with an error; does nothing where the caller wants no answer. */
  completeWithError(invocationId: string | undefined, error: string): void;
  /** Ends a stream to the client without an error. */
  completeStream(invocationId: string): void;
  /**
   * Returns false when the client should not be sent more before it has taken what it was sent.
   *
   * @throws TypeError when the item can't be written
   */
  writeStreamItem(invocationId: string, item: unknown): boolean;
  /** Lets go of the streams that the client sent with an invocation. */
  endUploads(streamIds: readonly string[], uploads: readonly UploadStream[]): void;
  /** A call that could be cancelled is over: its invocation id can be used again. */
  cancellableOver(invocationId: string): void;
  /** A stream to the client is over: its invocation id can be used again. */
  streamOver(invocationId: string): void;
  /**
   * Tells the operator of an error in a method, which the caller may know nothing of.
   *
   * @param streamId - the invocation id of a stream that had begun
   */
  reportFailure(target: string, error: unknown, streamId?: string): void;
}
