import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { ClientTelemetry } from '../telemetry/telemetry.ts';
import type { Connection } from '../transport/connection.ts';
import { ConnectionCaller, type ConnectionLife } from './connection-caller.ts';
import { Dispatcher, type DispatchActions } from './dispatcher.ts';
import type { HubHost } from './hub-host.ts';
import { InvocationQueue } from './invocation-queue.ts';
import type { HubSettings } from './options.ts';
import { ReadAhead, type Reader } from './read-ahead.ts';

/** Who a client is. */
export interface CallingClient {
  readonly connection: Connection;
  readonly host: HubHost;
  readonly settings: HubSettings;
  readonly protocol: HubProtocol;
  readonly userId: string | undefined;
  readonly telemetry: ClientTelemetry | undefined;
}

/**
 * All that a client needs to call and to be looked at by its hub. Made when the first of that happens, because a server may
 * hold many clients that never get there.
 */
export class ClientCalls {
  readonly readAhead: ReadAhead;
  readonly caller: ConnectionCaller;
  readonly queue: InvocationQueue;
  readonly dispatcher: Dispatcher;

  constructor(
    { connection, host, settings, protocol, userId, telemetry }: CallingClient,
    owner: Reader & ConnectionLife & DispatchActions,
  ) {
    this.readAhead = new ReadAhead(settings.maximumReadAhead, owner);
    this.caller = new ConnectionCaller(connection, host, settings, protocol, userId, this.readAhead, owner, telemetry);
    this.queue = new InvocationQueue(settings.maximumParallelInvocationsPerClient, this.readAhead);
    this.dispatcher = new Dispatcher(host.definition.methods, this.caller, this.queue, owner);
  }

  /** The connection has ended: what waits is dropped, and what runs is told. */
  end(connectionId: string): void {
    this.queue.close();
    this.caller.ended(new Error(`Connection '${connectionId}' disconnected.`));
  }
}
